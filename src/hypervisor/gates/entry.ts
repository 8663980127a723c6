import type { Transport } from '../cost/cost-profile';

/** How a hypercall has come into the hypervisor. */
export interface GateEntry {
  /** Reason of the exit, as `perf kvm stat` names it where it does. */
  readonly reason: string;
  readonly transport: Transport;
  /** Bytes that the hypervisor had to fetch to see that it is a call; left out where it had no need. */
  bytes?: Uint8Array;
}
