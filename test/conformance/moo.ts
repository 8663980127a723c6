/**
 * Reader of MOO files, the format of the SingleStepTests suites: the state of a real processor before and
 * after single instructions. Little-endian chunks of a 4-character id, a u32 length and a payload; unknown ones
 * are skipped.
 */

/** Register names in the bit order of REGS (16-bit) and RG32 chunks. */
const REGS_16 = ['ax', 'bx', 'cx', 'dx', 'cs', 'ss', 'ds', 'es', 'sp', 'bp', 'si', 'di', 'ip', 'flags'] as const;
const REGS_32 = [
  'cr0',
  'cr3',
  'eax',
  'ebx',
  'ecx',
  'edx',
  'esi',
  'edi',
  'ebp',
  'esp',
  'cs',
  'ds',
  'es',
  'fs',
  'gs',
  'ss',
  'eip',
  'eflags',
  'dr6',
  'dr7',
] as const;

export type RegisterName = (typeof REGS_16)[number] | (typeof REGS_32)[number];
export type RegisterSet = Partial<Record<RegisterName, number>>;

export interface MachineState {
  readonly registers: RegisterSet;
  readonly memory: readonly (readonly [address: number, value: number])[];
}

export interface MooTest {
  readonly index: number;
  readonly bytes: readonly number[];
  readonly initial: MachineState;
  /** Only what changed. */
  readonly final: MachineState;
  readonly exception?: { readonly vector: number; readonly flagsAddress: number };
}

export interface MooFile {
  /** `C286`, `386E`. */
  readonly cpu: string;
  readonly tests: readonly MooTest[];
  /** Bits of registers that are worth comparing; all where a register is missing. */
  readonly mask: RegisterSet;
}

interface Chunk {
  readonly id: string;
  readonly view: DataView;
}

function* chunks(view: DataView, from = 0): Generator<Chunk> {
  let at = from;
  while (at + 8 <= view.byteLength) {
    const id = String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
    const length = view.getUint32(at + 4, true);
    if (at + 8 + length > view.byteLength) throw new RangeError(`chunk ${id} at ${at} ends beyond the file`);
    yield { id, view: new DataView(view.buffer, view.byteOffset + at + 8, length) };
    at += 8 + length;
  }
}

function readRegisters({ id, view }: Chunk): RegisterSet {
  const wide = id === 'RG32' || id === 'RM32';
  const names: readonly RegisterName[] = wide ? REGS_32 : REGS_16;
  const present = wide ? view.getUint32(0, true) : view.getUint16(0, true);
  const registers: RegisterSet = {};
  let at = wide ? 4 : 2;
  for (const [bit, name] of names.entries()) {
    if (!((present >>> bit) & 1)) continue;
    registers[name] = wide ? view.getUint32(at, true) : view.getUint16(at, true);
    at += wide ? 4 : 2;
  }
  return registers;
}

function readMemory({ view }: Chunk): [number, number][] {
  const count = view.getUint32(0, true);
  return Array.from({ length: count }, (_, i) => [view.getUint32(4 + i * 5, true), view.getUint8(8 + i * 5)]);
}

function readState(chunk: Chunk): MachineState {
  const state: { registers: RegisterSet; memory: [number, number][] } = { registers: {}, memory: [] };
  for (const part of chunks(chunk.view)) {
    if (part.id === 'REGS' || part.id === 'RG32') state.registers = readRegisters(part);
    if (part.id === 'RAM ') state.memory = readMemory(part);
  }
  return state;
}

function readTest(chunk: Chunk): MooTest {
  const empty: MachineState = { registers: {}, memory: [] };
  const test: { -readonly [K in keyof MooTest]: MooTest[K] } = {
    index: chunk.view.getUint32(0, true),
    bytes: [],
    initial: empty,
    final: empty,
  };
  for (const part of chunks(chunk.view, 4)) {
    if (part.id === 'BYTS') {
      test.bytes = Array.from({ length: part.view.getUint32(0, true) }, (_, i) => part.view.getUint8(4 + i));
    }
    if (part.id === 'INIT') test.initial = readState(part);
    if (part.id === 'FINA') test.final = readState(part);
    if (part.id === 'EXCP') {
      test.exception = { vector: part.view.getUint8(0), flagsAddress: part.view.getUint32(1, true) };
    }
  }
  return test;
}

/** @throws RangeError if the file is cut short */
export function readMoo(bytes: Uint8Array): MooFile {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let cpu = '';
  let mask: RegisterSet = {};
  const tests: MooTest[] = [];
  for (const chunk of chunks(view)) {
    if (chunk.id === 'MOO ') {
      cpu = String.fromCharCode(...[8, 9, 10, 11].map((i) => chunk.view.getUint8(i))).trim();
    }
    if (chunk.id === 'RMSK' || chunk.id === 'RM32') mask = readRegisters(chunk);
    if (chunk.id === 'TEST') tests.push(readTest(chunk));
  }
  return { cpu, tests, mask };
}
