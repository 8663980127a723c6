import type { PortDirection, PortWidth } from '../../machine/devices/device';
import type { HitRule } from './hit-rule';

/** A piece of the spec's text that holds an expression, already found to be well formed. */
export interface ExpressionText {
  text: string;
  /** Offset in the spec. */
  start: number;
}

/** Text to be written by a log breakpoint, escapes resolved, `{expr}` not yet looked at. */
export interface LogText {
  text: string;
  /** Offset of the opening quote in the spec. */
  start: number;
}

/** A port as written: a number, or a name of the port map (`COM1.THR`). */
export type PortReference = { number: number; name?: undefined } | { name: string; start: number; number?: undefined };

/** What every kind of breakpoint may carry. */
export interface SpecOptions {
  condition?: ExpressionText;
  hit?: HitRule;
  log?: LogText;
}

export type ViaChannel = 'trap' | 'vtx' | 'hypercall';

export interface PortSpec extends SpecOptions {
  kind: 'port';
  direction: PortDirection | 'io';
  first: PortReference;
  /** Last port of a range, inclusive. */
  last?: PortReference;
  width?: PortWidth;
  via?: ViaChannel;
  /** Stop before the access, or after it (which is the rule). */
  when?: 'before' | 'after';
  /** Value to replace the one read or written. */
  set?: ExpressionText;
}

export interface HypercallSpec extends SpecOptions {
  kind: 'hypercall';
  /** `*` is any. With an ABI, the name may be a number, or `*` for any of that ABI. */
  target: '*' | { number: number } | { name: string; abi?: string; start: number };
}

export interface FaultSpec extends SpecOptions {
  kind: 'fault';
  /** Exception vector 0-31, `triple` for a triple fault, `*` for any exception. */
  vector: number | 'triple' | '*';
}

export interface IrqSpec extends SpecOptions {
  kind: 'irq';
  /** 0-15, or `*` for any. */
  line: number | '*';
}

export interface InstructionSpec extends SpecOptions {
  kind: 'insn';
  name: string;
  start: number;
}

export interface SerialSpec extends SpecOptions {
  kind: 'serial';
  port: 'com1' | 'com2' | 'com3' | 'com4' | 'virtio0';
  text: string;
}

export interface FunctionSpec extends SpecOptions {
  kind: 'function';
  name: string;
  start: number;
}

export interface AddressSpec extends SpecOptions {
  kind: 'address';
  /** Worked out when the breakpoint is set. */
  address: ExpressionText;
}

/** A breakpoint spec in the grammar of docs/breakpoints.md. */
export type BreakpointSpec =
  | PortSpec
  | HypercallSpec
  | FaultSpec
  | IrqSpec
  | InstructionSpec
  | SerialSpec
  | FunctionSpec
  | AddressSpec;

/** Words that begin a spec of a kind other than a function or an address. */
export const SPEC_KINDS = ['in', 'out', 'io', 'hypercall', 'fault', 'irq', 'insn', 'serial'] as const;
