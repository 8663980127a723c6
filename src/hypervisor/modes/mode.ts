import type { Intercepts } from '../../machine/cpu/intercepts';
import type { PlacedServer } from '../abi/hypercall';
import type { CostProfile } from '../cost/cost-profile';
import type { GuestCode } from '../decoder/guest-code';
import type { ExitEngine } from '../exit-engine';
import type { GuestMachine } from '../guest-machine';
import type { RomPlaceGate } from '../gates/rom-place';
import type { Report } from '../vmi/part';
import type { VmiOptions } from '../vmi/options';
import type { IoEmulation } from './io-emulation';
import type { ModeName } from './mode-name';

export type { ModeName } from './mode-name';

/** What a mode may build on. */
interface ModeParts {
  readonly machine: GuestMachine;
  readonly profile: CostProfile;
  /** What things cost is to be felt in guest time. */
  readonly chargeTime: boolean;
  readonly emulation: IoEmulation;
  readonly engine: ExitEngine;
  readonly code: GuestCode;
  /** Answers the I/O calls as not implemented, so that the guest keeps its native ones. */
  readonly disableIoOps: boolean;
  readonly vmi: VmiOptions;
  readonly report: Report;
  /** Gives the guest the hypercalls of a ROM. */
  readonly serveRom: (server: PlacedServer) => RomPlaceGate;
}

/** One kind of hypervisor. */
export interface HypervisorMode {
  readonly name: ModeName;
  /** What it does with port I/O and whom it models, one sentence. */
  readonly doc: string;
  /** Puts it under the machine. To be called once per machine. */
  install(parts: ModeParts): Intercepts;
}
