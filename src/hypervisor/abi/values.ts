import type { CpuState } from '../../machine/cpu/state';
import { Register } from '../../machine/layout';
import type { HypercallDefinition, HypercallValue, ValueFormat, ValueLocation } from './hypercall';

/** Reads a dword of the guest's stack, `index` words above the return address, without side effects. */
export type StackReader = (index: number) => number;

const WORD = 0x1_0000_0000;

/** Reads a value at some location, unsigned; 64-bit ones lose what exceeds 53 bits. */
export type ValueReader = (state: CpuState, stack: StackReader) => number;

/** Where every location is read. */
const READERS: Readonly<Record<ValueLocation, ValueReader>> = {
  al: (state) => state.reg8(Register.EAX),
  ax: (state) => state.reg16(Register.EAX),
  bl: (state) => state.reg8(Register.EBX),
  bx: (state) => state.reg16(Register.EBX),
  cl: (state) => state.reg8(Register.ECX),
  cx: (state) => state.reg16(Register.ECX),
  dx: (state) => state.reg16(Register.EDX),
  'ecx.high': (state) => state.reg(Register.ECX) >>> 16,
  'edx.high': (state) => state.reg(Register.EDX) >>> 16,
  eax: (state) => state.reg(Register.EAX),
  ecx: (state) => state.reg(Register.ECX),
  edx: (state) => state.reg(Register.EDX),
  ebx: (state) => state.reg(Register.EBX),
  esi: (state) => state.reg(Register.ESI),
  edi: (state) => state.reg(Register.EDI),
  'edx:eax': (state) => state.reg(Register.EDX) * WORD + state.reg(Register.EAX),
  'ecx:edx': (state) => state.reg(Register.ECX) * WORD + state.reg(Register.EDX),
  stack0: (_state, stack) => stack(0),
  stack1: (_state, stack) => stack(1),
  'stack1:stack0': (_state, stack) => stack(1) * WORD + stack(0),
};

/** What reads the values at a location. */
export function valueReader(at: ValueLocation): ValueReader {
  return READERS[at];
}

/** Value at a location in registers. */
export function readRegister(state: CpuState, at: ValueLocation): number {
  return READERS[at](state, () => 0);
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

const FORMATTERS: Readonly<Record<ValueFormat, (value: number) => string>> = {
  port: hex,
  datum: (value) => (value >= 0x20 && value < 0x7f ? `${hex(value)} '${String.fromCharCode(value)}'` : hex(value)),
  count: String,
  status: (value) => String(value | 0),
  number: String,
  address: (value) => `0x${value.toString(16).padStart(8, '0')}`,
  hex,
  selector: (value) => `0x${value.toString(16).padStart(4, '0')}`,
};

function describe(values: readonly HypercallValue[], numbers: ArrayLike<number>): string {
  return values.map((value, i) => `${value.name}=${FORMATTERS[value.format](numbers[i])}`).join(' ');
}

/**
 * A call in words: `port=0x3f8 value=0x41 'A'`, with results after an arrow where they are given and the call has any.
 * @param inputs values of `call.arguments`, in order
 * @param results values of `call.results`, in order
 */
export function describeCall(
  call: HypercallDefinition,
  inputs: ArrayLike<number>,
  results?: ArrayLike<number>,
): string {
  const left = describe(call.arguments, inputs);
  if (!results || call.results.length === 0) return left;
  return `${left} → ${describe(call.results, results)}`.trimStart();
}

/** Arguments and results of a call in words, from a record that has them one after the other. */
export function callTexts(
  call: HypercallDefinition,
  values: ArrayLike<number>,
): { arguments: string; results: string } {
  const all = Array.from(values);
  const inputs = call.arguments.length;
  return { arguments: describe(call.arguments, all), results: describe(call.results, all.slice(inputs)) };
}

/** The shape of a call, for completions and hovers: `INB(port: DX) → value: AL`. */
export function signatureOf(call: HypercallDefinition): string {
  const list = (values: readonly HypercallValue[]): string =>
    values.map((value) => `${value.name}: ${value.at.toUpperCase()}`).join(', ');
  const results = call.results.length > 0 ? ` → ${list(call.results)}` : '';
  return `${call.name}(${list(call.arguments)})${results}`;
}
