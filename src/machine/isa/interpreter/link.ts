import { AbortInstruction, Fault } from '../../cpu/fault';
import type { SimpleDelivery } from '../../cpu/interrupts';
import type { Operations } from '../../cpu/operations';
import type { CpuState } from '../../cpu/state';
import * as layout from '../../layout';
import { CodeFetch, type FetchPage } from '../code-fetch';
import type { PlaceFunction, ValueFunction } from '../float/declare';
import type { CpuModel } from '../form';
import { interpreterModule } from './module';
import { type OperationCall, operationCalls, type OperationHost } from './operation-calls';

/** What the interpreter calls in TypeScript. Everything here may throw `Fault` or `AbortInstruction`, or leave a fault pending. */
export interface InterpreterHost extends OperationHost {
  readonly state: CpuState;
  readonly model: CpuModel;
  slowRead(linear: number, width: number): number;
  slowWrite(linear: number, width: number, value: number): void;
  probeWrite(linear: number, width: number): void;
  /** Raises #AC where alignment is checked and the address is not a multiple of `alignment`. */
  checkAlignment(linear: number, alignment: number): void;
  fetchPage: FetchPage;
  /** Full check of a memory access against its segment. */
  checkSegment(segment: number, offset: number, width: number, write: boolean): void;
  /** The next instruction is in the breakpoint filter: an `EXIT_*` bit to stop before it, or 0. */
  codeBreakpoint(): number;
  /** Control went often to the instruction at IP: true once there is compiled code for it. */
  compileHere(): boolean;
  /** Compiled code is left too often for accesses that the TLB does not allow. @param slot offset in ENTRY_TABLE */
  missedOften(slot: number): void;
}

/** The interpreter of one machine. */
export interface Interpreter {
  /** Executes until REMAINING is used up or EXIT is raised; see layout.ts. REMAINING must be at least 1. */
  run(): void;
  /** Executes one instruction, resolving IP first, and counts it. For compiled code. */
  readonly step: () => void;
  /** Delivers an event where that is simple: see `SimpleDelivery`. */
  readonly deliver: SimpleDelivery;
  /** The x87's floating-point functions by name: see float/declare.ts. For compiled code. */
  readonly float: Readonly<Record<PlaceFunction | ValueFunction, WebAssembly.ExportValue>>;
  /** The operations by name, as the interpreter calls them: nothing is thrown, faults are left in the state. */
  readonly operations: Readonly<Record<keyof Operations, OperationCall>>;
  /** The function table; numbers from TABLE_SIZE on are for compiled code. */
  readonly table: WebAssembly.Table;
}

/** Turns what TypeScript code throws into state that the run loop finds. Anything else is a bug and goes on. */
function settle(state: CpuState, thrown: unknown): void {
  if (thrown instanceof Fault) {
    state.leaveFault(thrown.vector, thrown.errorCode);
  } else if (thrown instanceof AbortInstruction) {
    state.requestExit(layout.EXIT_ABORT);
  } else {
    throw thrown;
  }
}

/** Connects the interpreter module of the host's model with the host. */
export function linkInterpreter(host: InterpreterHost): Interpreter {
  const { state } = host;
  const code = new CodeFetch(state, (linear) => host.fetchPage(linear), host.model);
  const guard =
    (work: (a: number, b: number, c: number, d: number) => number | void) =>
    (a: number, b: number, c: number, d: number): number => {
      try {
        return work(a, b, c, d) ?? 0;
      } catch (thrown) {
        settle(state, thrown);
        return 0;
      }
    };
  const env: Record<string, WebAssembly.ImportValue> = {
    memory: state.memory,
    slowRead: guard((linear, width) => host.slowRead(linear >>> 0, width)),
    slowWrite: guard((linear, width, value) => host.slowWrite(linear >>> 0, width, value >>> 0)),
    probeWrite: guard((linear, width) => host.probeWrite(linear >>> 0, width)),
    checkAlignment: guard((linear, alignment) => host.checkAlignment(linear >>> 0, alignment)),
    checkSegment: guard((segment, offset, width, write) =>
      host.checkSegment(segment, offset >>> 0, width, write !== 0),
    ),
    resolveCode: guard(() => code.resolve()),
    checkPrefixes: guard(() => code.checkPrefixes()),
    compileHere: () => (host.compileHere() ? 1 : 0),
    missedOften: (slot: number) => host.missedOften(slot),
    codeBreakpoint: () => {
      const exit = host.codeBreakpoint();
      if (exit === 0) return 0;
      state.requestExit(exit);
      return 1;
    },
  };
  const operations = operationCalls(host, (thrown) => settle(state, thrown));
  Object.assign(env, operations);
  const { exports } = new WebAssembly.Instance(interpreterModule(host.model), { env });
  return {
    run: exports.run as () => void,
    step: exports.step as () => void,
    deliver: exports.deliver as SimpleDelivery,
    operations,
    float: exports as Record<PlaceFunction | ValueFunction, WebAssembly.ExportValue>,
    table: exports.table as WebAssembly.Table,
  };
}
