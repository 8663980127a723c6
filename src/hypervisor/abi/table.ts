import type { CpuState } from '../../machine/cpu/state';
import type { CpuidLeaf } from '../../machine/cpu/models';
import type { RegisterValue } from '../../machine/cpu/model-registers';
import type { GuestMachine } from '../guest-machine';
import type { ModeName } from '../modes/mode-name';
import type { HypercallAbi, HypercallAction, HypercallDefinition } from './hypercall';

/** How the guest gets into the hypervisor with a call. The number of the call is in `number`. */
export type Gate =
  /** VMCALL or VMMCALL, anywhere. */
  | { readonly kind: 'vmcall'; readonly number: 'eax' }
  /** A software interrupt of the kernel in protected mode. */
  | { readonly kind: 'interrupt'; readonly vector: number; readonly number: 'eax' }
  /** IN or OUT of EAX with a magic number in EAX, whatever the privilege. */
  | { readonly kind: 'backdoor-port'; readonly port: number; readonly magic: number; readonly number: 'cx' };

/**
 * What becomes of a call. `served`: it is carried out; `nothing`: it succeeds without anything to do; `refused`: the
 * guest is told that it is not there.
 */
export type Outcome = 'served' | 'nothing' | 'refused';

/** A row of an ABI that is nothing but its table. */
export interface TableCall extends HypercallDefinition {
  readonly outcome: Outcome;
  /** What the result register gets, where no action is needed to know it. */
  readonly answer?: number;
  /** Exceptions that the call may raise, and when, in words. */
  readonly faults?: string;
}

/** What the service of an ABI may reach. */
export interface AbiHost {
  readonly machine: GuestMachine;
  /** Tells the user once per kind that the guest did something it should not. */
  report(kind: string, message: string): void;
  /** Ends the run: the guest has given up, or is not fit to go on. The message is for the user. */
  crash(message: string): void;
  /** Prints a byte on the debug console. */
  print(byte: number): void;
  /** What the session tells its guest, by key. */
  readonly guestInfo: Readonly<Record<string, string>>;
}

/** An ABI at work on one machine. */
export interface AbiService {
  /** What carries calls out, by name; port I/O, an `answer` and what comes to nothing need none. */
  readonly actions?: Readonly<Record<string, HypercallAction>>;
  /**
   * Turns a call down that the guest may not make as things stand.
   * @returns what EAX gets instead of a result; undefined lets the call pass
   * @throws RefusedCall where the guest gets an exception
   */
  admit?(state: CpuState, call: TableCall): number | undefined;
  /** Model-specific registers that the ABI brings, asked before the processor's own. @returns undefined: not one of them */
  readMsr?(index: number): RegisterValue | undefined;
  /** @returns true if the register is the ABI's. @throws Fault #GP(0) */
  writeMsr?(index: number, value: RegisterValue): boolean;
  /** Back to the state at power on. */
  reset?(): void;
  save?(): unknown;
  load?(state: unknown): void;
}

/** What CPUID says of an ABI: a signature of twelve characters, and the leaves that follow it. */
export interface CpuidBlock {
  readonly signature: string;
  /** Highest leaf, relative to the one with the signature. */
  readonly last: number;
  /** Answers by leaf, relative to the one with the signature; all others are zero. */
  readonly leaves: Readonly<Record<number, CpuidLeaf>>;
}

/** An ABI that is described by one file: its table, its gate, how it is found, and what carries its calls out. */
export interface TableAbi extends HypercallAbi {
  /** Where the facts of the table are from. */
  readonly sources: string;
  /** Modes of the hypervisor in which it can be offered. */
  readonly modes: readonly ModeName[];
  readonly gate: Gate;
  readonly calls: readonly TableCall[];
  readonly unknown: TableCall;
  readonly cpuid?: CpuidBlock;
  /** Puts the ABI to work. To be called once per machine. */
  serve(host: AbiHost): AbiService;
}
