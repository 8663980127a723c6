import type { CpuState } from '../../machine/cpu/state';
import type { Fault } from '../../machine/cpu/fault';
import type { PortDirection, PortWidth } from '../../machine/devices/device';
import type { Register } from '../../machine/layout';
import type { Transport } from '../cost/cost-profile';

/**
 * Where a value is when a call is made: a register, a pair (high:low), or one of the words that follow the
 * return address on the stack (`stack0` is 4(%esp) on entry of the stub, i.e. the 4th argument of regparm(3)).
 */
export type ValueLocation =
  | 'al'
  | 'ax'
  | 'bx'
  | 'cl'
  | 'cx'
  | 'dx'
  | 'bl'
  | 'eax'
  | 'ecx'
  | 'edx'
  | 'ebx'
  | 'esi'
  | 'edi'
  | 'ecx.high'
  | 'edx.high'
  | 'edx:eax'
  | 'ecx:edx'
  | 'stack0'
  | 'stack1'
  | 'stack1:stack0';

/** How a value is shown. `datum` is data moved through a port: hexadecimal, with its character if it has one. */
/** `status` is a signed number. */
export type ValueFormat = 'port' | 'status' | 'datum' | 'count' | 'address' | 'number' | 'hex' | 'selector';

/** One argument or result of a hypercall. */
export interface HypercallValue {
  /** Name in expressions and views: `port`. */
  readonly name: string;
  readonly at: ValueLocation;
  readonly format: ValueFormat;
  readonly doc?: string;
}

/**
 * Registers whose contents are lost beyond the results. `standard`: EAX, ECX, EDX and flags, as for a C function
 * with regparm(3); `flags`: only the arithmetic flags; `none`: nothing, flags included.
 */
export type Clobbers = 'standard' | 'flags' | 'none';

/** What an action may do to the guest on whose behalf it runs. */
export interface HypercallContext {
  readonly state: CpuState;
  /** One access to a port on behalf of the present call. Returns the value read, or written. */
  port(direction: PortDirection, width: PortWidth, port: number, value: number): number;
  /**
   * REP INS to ES:EDI or REP OUTS from DS:ESI with 32-bit addresses, for the present call.
   * @param counter holds the number of elements; ECX if left out
   * @returns false if elements are left, for which the guest makes the call again
   */
  portString(direction: PortDirection, width: PortWidth, port: number, counter?: Register): boolean;
  /** Tells the user once per kind that the guest did something it should not. */
  report(kind: string, message: string): void;
}

/** Carries a call out: reads its arguments from and leaves its results in `context.state`. May throw `Fault`. */
export type HypercallAction = (context: HypercallContext, call: HypercallDefinition) => void;

/** One row of an ABI's table. */
export interface HypercallDefinition {
  readonly number: number;
  /** Name as in the ABI's own header: `OUTB`, `SetCR3`. */
  readonly name: string;
  /** What it does, for hovers and the docs page. */
  readonly doc: string;
  readonly arguments: readonly HypercallValue[];
  readonly results: readonly HypercallValue[];
  readonly clobbers: Clobbers;
  /** True if control does not come back to the caller (IRET, Reboot). */
  readonly noReturn?: boolean;
  /** Of a number that the table does not have: the row that stands for all of them. */
  readonly insteadOf?: HypercallDefinition;
  /** The port access that the call stands for, so that it counts as logical I/O. */
  readonly io?: { readonly direction: PortDirection; readonly width: PortWidth; readonly string: boolean };
}

/** A hypercall ABI: one table. What recognises and serves its calls is an `AbiServer`. */
export interface HypercallAbi {
  /** Short name, used in breakpoint specs as `ABI:NAME`: `vmi`. */
  readonly name: string;
  readonly title: string;
  /** Version of the interface that the table follows. */
  readonly version: string;
  readonly calls: readonly HypercallDefinition[];
  /** How its calls get into the hypervisor, by which they are charged; `call` if left out. */
  readonly transport?: Transport;
  /** Ways into the hypervisor that have a name but no number; theirs are negative. */
  readonly entries: readonly HypercallDefinition[];
  /** Stands for all numbers that the table does not have, where the ABI answers them. */
  readonly unknown?: HypercallDefinition;
}

/** A call is turned down: the guest gets the fault, the user the message (once per kind). */
export class RefusedCall extends Error {
  constructor(
    readonly fault: Fault,
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}

/** The hypervisor's side of one ABI. */
export interface AbiServer {
  readonly abi: HypercallAbi;
  /**
   * What carries the call out.
   * @throws RefusedCall if nothing does, or the guest may not make the call as things stand
   */
  admit(call: HypercallDefinition): HypercallAction;
  /** Numbers that the guest has used and that the table does not have. */
  unknownCalls?(): readonly HypercallDefinition[];
  /** Back to the state at power on. */
  reset(): void;
  save(): unknown;
  load(state: unknown): void;
}

/** The hypervisor's side of an ABI whose calls are known by their place in a ROM. */
export interface PlacedServer extends AbiServer {
  /**
   * Tells which call a VMCALL makes.
   * @param pointer host pointer of the instruction, which tells its physical place
   * @param linear linear address of the instruction
   * @returns undefined where the instruction is none of this ABI's business
   */
  identify(pointer: number, linear: number): HypercallDefinition | undefined;
}

/** All calls of an ABI: entries first, and last what stands for the numbers that it does not have. */
export function allCalls({ entries, calls, unknown }: HypercallAbi): readonly HypercallDefinition[] {
  return unknown ? [...entries, ...calls, unknown] : [...entries, ...calls];
}

/** Finds a call by name (letter case is ignored) or by number written in decimal or as 0x… */
export function findCall(abi: HypercallAbi, nameOrNumber: string): HypercallDefinition | undefined {
  const wanted = nameOrNumber.toLowerCase();
  const number = /^(0x[0-9a-f]+|[0-9]+)$/.test(wanted) ? Number(wanted) : undefined;
  return allCalls(abi).find((call) =>
    number === undefined ? call.name.toLowerCase() === wanted : call.number === number,
  );
}
