import type { VmiOptions } from '../hypervisor/vmi/options';
import type { Inspection } from './inspection/types';
import type { RunEnd } from '../machine/run';

/** How the engine reaches the world: files by path, time slices. Node and the browser worker each bring one. */
export interface Host {
  /** @throws Error whose message names the path and says what went wrong */
  readFile(path: string): Promise<Uint8Array>;
  writeFile(path: string, data: Uint8Array): Promise<void>;
  /** Runs `task` after other work that waits (a macrotask): soon, or no sooner than in so many milliseconds. */
  defer(task: () => void, milliseconds?: number): void;
  /** Monotonic nanoseconds of the host, to measure what an exit costs here. */
  nanoseconds(): number;
  /** Wall clock, milliseconds since 1970, read once at launch. */
  wallClock(): number;
  /**
   * A file that ships with Ringside rather than belongs to the user, by bare name: `iced_x86_bg.wasm` of the package
   * `iced-x86`. Asked for once, when the first disassembly is wanted.
   */
  readAsset(name: string): Promise<Uint8Array>;
}

/** Largest RAM that a machine takes, MiB. */
export const MAX_MEMORY_MB = 2047;

/** A bad launch configuration, image or spec. The message names the thing and what to do; shown to the user as it is. */
export class LaunchError extends Error {}

/** Why the guest stands still. */
export interface StopEvent {
  reason:
    | 'entry'
    | 'breakpoint'
    | 'step'
    | 'pause'
    | 'exception'
    | 'goto'
    | 'restart'
    | 'function breakpoint'
    | 'instruction breakpoint';
  /** The whole story in words: `OUT 0x3f8 (COM1.THR), 1 byte, value 0x41 'A', via hypercall OUTB at uart_putc+0x1c`. */
  text: string;
  /** Ids of the breakpoints that fired. */
  breakpointIds: number[];
  /** The stop is at an access to a port or at a hypercall: see `Frame.accessor`. */
  atAccess?: boolean;
}

/** How the guest ended. */
export interface EndEvent {
  how: RunEnd.Shutdown | RunEnd.Dead | RunEnd.TripleFault | 'limit';
  /** Process exit status as DESIGN section 6 defines it for the CLI. */
  exitCode: number;
  text: string;
}

export type OutputChannel =
  /** Bytes that the guest sent to a UART. */
  | 'serial'
  /** Debug port 0xe9 and the BIOS's teletype. */
  | 'console'
  /** Text of log breakpoints. */
  | 'log'
  /** What the debugger has to say: warnings, an unowned port, a bad spec. */
  | 'message';

export type SessionEvent =
  | { type: 'stopped'; stop: StopEvent }
  | { type: 'continued' }
  /** The guest sleeps in HLT and no timer is armed: only input from outside can wake it. It counts as running. */
  | { type: 'idle' }
  | { type: 'output'; channel: OutputChannel /** `com1` … for serial */; port?: string; data: Uint8Array }
  | { type: 'ended'; end: EndEvent }
  /** A breakpoint was verified, moved or gave up. */
  | { type: 'breakpoint'; breakpoint: BreakpointStatus }
  /** Exit counts changed; at most 5 a second. */
  | { type: 'exits' };

/** A breakpoint as a client sees it. */
export interface BreakpointStatus {
  id: number;
  verified: boolean;
  /** Why it is unverified, pointing at the place in the text; or a remark. */
  message?: string;
  source?: { path: string; line: number; column?: number };
  /** Linear address of a code breakpoint. */
  address?: number;
  hits: number;
}

export interface SourceBreakpointRequest {
  line: number;
  column?: number;
  condition?: string;
  hitCondition?: string;
  logMessage?: string;
}

/** A spec in the grammar of DESIGN section 6. */
export interface SpecBreakpointRequest {
  text: string;
  condition?: string;
  hitCondition?: string;
}

export interface InstructionBreakpointRequest {
  /** Linear address. */
  address: number;
  condition?: string;
  hitCondition?: string;
}

export interface SourceLocation {
  path: string;
  line: number;
  column?: number;
}

/** One level of the call stack. Frame 0 is where the CPU is. */
export interface Frame {
  /** Function name with offset for assembly symbols (`start32+0x1c`), or an address. */
  name: string;
  /** Linear address of the instruction: the next one in frame 0, the call site in others. */
  address: number;
  source?: SourceLocation;
  /** Inlined into the frame below it. */
  inlined: boolean;
  /** Offset in CS where that differs from `address`, for `seg:off` display. */
  selector: number;
  /**
   * After a stop at a port or a hypercall: the accessor (`vmi_outb`, a ROM stub) through which the frames below came
   * there. Clients show the first frame that is none.
   */
  accessor?: boolean;
}

/** A value to show: a register, a C variable, a port. Children are worked out when asked for. */
export interface Value {
  name: string;
  /** Formatted, as shown. */
  text: string;
  type?: string;
  /** Linear address of its bytes, for the memory view. */
  address?: number;
  /** Expression that gives it again, for watches. */
  expression?: string;
  children?: (format?: FormatOptions) => Value[];
  /** Number of children if they are elements of an array. */
  indexed?: number;
  /** Parses and stores a new value; returns the new text. @throws Error with a message for the user */
  assign?: (text: string) => string;
  /** What kind of thing, for menus: register, port, variable. */
  kind: 'register' | 'flag' | 'port' | 'variable' | 'group' | 'memory';
}

export type StepKind = 'over' | 'in' | 'out';
export type StepGranularity = 'statement' | 'line' | 'instruction';

export interface FormatOptions {
  hex?: boolean;
}

/** One row of the disassembly view. */
export interface DisassemblyRow {
  address: number;
  /** Raw bytes in hexadecimal. */
  bytes: string;
  text: string;
  symbol?: string;
  source?: SourceLocation;
  invalid?: boolean;
}

/** The launch attributes of DESIGN section 6 after validation, defaults filled in. Paths are as given by the client. */
export interface LaunchConfiguration {
  program?: string;
  format?: 'multiboot' | 'bzimage' | 'boot' | 'flat' | 'elf';
  loadAddress?: number;
  entry?: number;
  symbols: string[];
  sourceMap: Record<string, string>;
  initrd?: string;
  commandLine: string;
  memoryMB: number;
  cpu: '386' | '486' | 'pentium' | 'pentium2' | 'pentium3' | 'pentium4';
  drives: { file: string; kind: 'disk' | 'cdrom' | 'floppy'; interface: 'ide' | 'virtio'; snapshot: boolean }[];
  bios?: string;
  hypervisor: {
    mode: 'none' | 'trap' | 'vtx' | 'vmi';
    disableIoOps: boolean;
    /** Name of a profile, path of a .json file (it has a folder or that extension), or the definition of one. */
    costProfile: string | Readonly<Record<string, unknown>>;
    /** Modelled cycles move guest time; true if left out. */
    charge?: boolean;
    abis: string[];
    /** Values for VMware's `info-get guestinfo.KEY`. */
    guestInfo?: Record<string, string>;
    /** How VMI presents itself; the names in `answers` are checked at launch. */
    vmi?: Partial<VmiOptions>;
  };
  stopOnEntry: boolean;
  /** `terminal`, `console`, `none` or `file:PATH` per UART and for the virtio console, which is there unless `none`. */
  serial: Record<'com1' | 'com2' | 'com3' | 'com4' | 'virtio0', string>;
  record: { enabled: boolean; memoryMB: number };
  breakpoints: string[];
  portMaps: string[];
  /** RTC at power on, milliseconds since 1970. */
  clock?: number;
  maxInstructions?: number;
}

/**
 * One guest under the debugger. Created stopped before the first instruction; `run` must be called once the
 * client's breakpoints are in place. All methods may be called while the guest runs, unless said otherwise.
 */
export interface Session {
  readonly configuration: LaunchConfiguration;
  readonly running: boolean;
  readonly ended: EndEvent | undefined;
  /** Exit costs, ports, hypercalls, tables: pure data for the adapter's custom requests. May be asked while the guest runs. */
  readonly inspect: Inspection;
  onEvent(listener: (event: SessionEvent) => void): void;

  /** Goes on (or starts). No effect while running. */
  run(): void;
  /** Stops within 50 ms; the `stopped` event says so. */
  pause(): void;
  /** One step; the `stopped` event ends it. Only while stopped. */
  step(kind: StepKind, granularity: StepGranularity): void;
  /** Power-on reset with the image loaded afresh; breakpoints stay. Ends stopped if `stopOnEntry`, else running. */
  restart(): Promise<void>;
  /** Ends the session and gives memory back. */
  dispose(): void;

  /** Replaces all breakpoints of a source file; one status per request, in order. */
  setSourceBreakpoints(path: string, requests: SourceBreakpointRequest[]): BreakpointStatus[];
  setSpecBreakpoints(requests: SpecBreakpointRequest[]): BreakpointStatus[];
  setInstructionBreakpoints(requests: InstructionBreakpointRequest[]): BreakpointStatus[];
  /** `triple`, `#GP`, …, `unowned-port`: see `exceptionFilters`. Conditions by filter id. */
  setExceptionFilters(filters: { id: string; condition?: string }[]): BreakpointStatus[];
  readonly exceptionFilters: { id: string; label: string; description: string; default: boolean }[];
  /** Lines of a file (within a range) where a breakpoint can be. */
  breakpointLocations(path: string, line: number, endLine: number): { line: number; column?: number }[];

  /** The call stack, innermost first. Only while stopped. */
  stack(): Frame[];
  /** Groups of values for a frame: Locals, Registers, Flags, Segments, System registers, Ports. Only while stopped. */
  scopes(frame: number): {
    name: string;
    expensive: boolean;
    kind: 'locals' | 'registers' | 'ports' | 'globals';
    values: (format?: FormatOptions) => Value[];
  }[];
  /** @throws Error with a message for the user */
  evaluate(expression: string, frame: number, format?: FormatOptions): Value;
  /** Assigns to a register, a flag, a variable or memory. @throws Error with a message for the user */
  assign(expression: string, value: string, frame: number): Value;
  /** Names that may follow a prefix in the debug console: registers, ports, symbols, variables. */
  completions(
    text: string,
    column: number,
    frame: number,
  ): { label: string; kind: string; start: number; length: number }[];
  /** Exactly `count` rows, starting `instructionOffset` instructions from the one at `address`. */
  disassemble(address: number, instructionOffset: number, count: number): DisassemblyRow[];
  /** Bytes at a linear address; shorter than `count` where the next page is not mapped. */
  readMemory(linear: number, count: number): Uint8Array;
  /** Returns how many bytes were stored. */
  writeMemory(linear: number, bytes: Uint8Array): number;
  /** The last fault that stopped the guest, decoded in words. */
  exceptionInfo(): { id: string; description: string } | undefined;
  /** Types into a UART whose side is `terminal` or `console`. */
  serialInput(port: string, data: Uint8Array): void;
}
