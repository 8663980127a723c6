import type { Channel } from '../../machine/bus/port-access';
import type { PortDirection, PortWidth } from '../../machine/devices/device';
import type { CostParts } from '../cost/cost-parts';
import type { OperationKind } from '../cost/cost-profile';

export type { CostParts };

/** Everything known of one exit from the guest. */
export interface ExitRecord {
  /** 0, 1, 2 … since launch. */
  sequence: number;
  /** Instructions retired before the exit. */
  instructions: number;
  /** Virtual time in cycles. */
  time: number;
  /** `IO`, `VMCALL`, later `CR`, `HLT`, …: the names that `perf kvm stat` users know. */
  reason: string;
  channel: Channel;
  /** Short name of the hypercall's ABI (`vmi`), or empty. */
  abi: string;
  /** Name of the hypercall (`OUTB`), or empty. */
  hypercall: string;
  /** Values of the hypercall's arguments and behind them of its results, as its row of the ABI's table has them. */
  values: ArrayLike<number>;
  /** Port, direction, width and value of an I/O exit; port is -1 for others. */
  port: number;
  direction: PortDirection;
  width: PortWidth;
  /** Elements moved: 1, or the count of a string instruction. */
  repeat: number;
  /** Value moved (of a string: the last element). */
  value: number;
  /** Offset of the exiting instruction, and its linear address. */
  eip: number;
  linear: number;
  /** Linear address that caused it: the same, or the call site of the I/O accessor around it. */
  site: number;
  cpl: number;
  cr3: number;
  /** Instruction bytes that the hypervisor fetched to decode; empty if it had no need. */
  bytes: Uint8Array;
  cost: CostParts;
  /** What the exit cost on this host, in nanoseconds. */
  hostNs: number;
  /** False where `hostNs` is the last measurement made before, which stands for this exit. */
  hostMeasured: boolean;
  /** What kind of operation it was charged as. */
  kind: OperationKind;
  /** Of a string: runs within a page that its elements made up (`elementsInPage`); 0 for others. */
  pageRuns: number;
  /** It goes on with an instruction that an earlier exit began, because each exit serves one page. */
  continued: boolean;
}
