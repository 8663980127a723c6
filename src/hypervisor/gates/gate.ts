import type { GuestCode } from '../decoder/guest-code';
import type { GuestMachine } from '../guest-machine';
import type { HypercallDispatcher } from '../hypercall-dispatcher';
import type { TableServer } from '../table-server';

/** What a gate works with. */
export interface GateParts {
  readonly machine: GuestMachine;
  readonly server: TableServer;
  readonly dispatcher: HypercallDispatcher;
  readonly code: GuestCode;
  /** The hypervisor has hardware assistance: the processor tells it why the guest left. */
  readonly hardware: boolean;
}
