import type { Clock } from '../clock';
import type { Pc } from '../devices/pc';
import type { LoadTarget } from '../loaders/load-target';
import type { BiosCall } from './bios-call';
import type { BiosDisk } from './bios-disk';
import type { KeyBuffer } from './key-buffer';
import type { RomImage } from './rom';
import type { TextScreen } from './text-screen';

/** What the services work on. */
export interface BiosContext {
  readonly target: LoadTarget;
  readonly clock: Clock;
  readonly pc: Pc;
  readonly screen: TextScreen;
  readonly keys: KeyBuffer;
  readonly disks: readonly BiosDisk[];
  readonly rom: RomImage;
  /** Virtual time (cycles) at which a service that waits is to give up, or undefined if none waits. */
  deadline: number | undefined;
}

/** One function of a service. It leaves results in the caller's registers. */
export type BiosFunction = (call: BiosCall, bios: BiosContext) => void;

/** Functions of an interrupt by AH. */
export type FunctionTable = Readonly<Record<number, BiosFunction | undefined>>;

/** A service whose function is in AH; `other` answers for functions that it does not have. */
export function byFunction(table: FunctionTable, other: BiosFunction): BiosFunction {
  return (call, bios) => (table[call.ah] ?? other)(call, bios);
}

/** INT 13h, 15h and 1Ah: "function not supported", the code that callers look for. */
export const unsupported: BiosFunction = (call) => call.fail(0x86);

/** Writes a device's port for the firmware: not an access of the guest, so nothing counts or watches it. */
export function writePort(pc: Pc, port: number, value: number): void {
  pc.bus.deviceAt(port)?.writePort(port, 1, value);
}

/** Reads a device's port for the firmware. */
export function readPort(pc: Pc, port: number): number {
  return pc.bus.deviceAt(port)?.readPort(port, 1) ?? 0xff;
}
