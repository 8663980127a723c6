import { CODE, LOW_CODE } from './layout';

/** Bytes put into a window before a case runs. */
export interface Patch {
  readonly address: number;
  readonly bytes: readonly number[];
}

/** A test case: user code with everything that it can see. Registers and selectors are in encoding order. */
export interface TestCase {
  /** EAX ECX EDX EBX ESP EBP ESI EDI */
  readonly registers: readonly number[];
  readonly eflags: number;
  readonly eip: number;
  /** ES CS SS DS FS GS */
  readonly selectors: readonly number[];
  readonly patches: readonly Patch[];
  /** The instructions, for shrinking and for messages; they are in `patches` too. */
  readonly code: readonly Instruction[];
}

export interface Instruction {
  /** As the undefined-flags table names it: opcode in hexadecimal, `.digit` in a group. */
  readonly name: string;
  readonly mnemonic: string;
  readonly bytes: readonly number[];
}

/** How a case ended, on either side. */
export interface Outcome {
  /** Exception vector, or TIMED_OUT. */
  readonly trap: number;
  readonly error: number;
  /** Of a page fault; otherwise of no meaning. */
  readonly cr2: number;
  readonly registers: readonly number[];
  readonly eflags: number;
  readonly eip: number;
  readonly selectors: readonly number[];
  /** Dwords of the windows that differ from the baseline, by address. */
  readonly changes: ReadonlyMap<number, number>;
}

/** `trap` of a case that did not end by itself. */
export const TIMED_OUT = 0x100;

/** Code bytes and other patches, in one list for both sides. Code beyond the end of its window is not there. */
export function assemble(
  parts: Omit<TestCase, 'patches'> & { readonly linear: number; readonly data: readonly Patch[] },
): TestCase {
  const { linear, data, ...rest } = parts;
  return { ...rest, patches: [...data, codePatch(linear, rest.code)] };
}

/** The patch that puts instructions where they belong. */
export function codePatch(linear: number, code: readonly Instruction[]): Patch {
  const window = [CODE, LOW_CODE].find(({ address, bytes }) => linear >= address && linear < address + bytes);
  const room = window ? window.address + window.bytes - linear : 0;
  return { address: linear, bytes: code.flatMap(({ bytes }) => [...bytes]).slice(0, room) };
}
