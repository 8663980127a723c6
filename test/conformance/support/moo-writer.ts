import { REGS_16, REGS_32 } from '../moo';

/** Registers by name; what is missing is not written. */
export type Registers = Readonly<Partial<Record<(typeof REGS_16)[number] | (typeof REGS_32)[number], number>>>;
/** Bytes by address. */
export type Memory = Readonly<Record<number, number>>;

/** A state or what changed in it, with a mask that only this state has. */
export interface StateText {
  readonly registers?: Registers;
  readonly memory?: Memory;
  readonly mask?: Registers;
}

export interface TestText {
  readonly bytes: readonly number[];
  readonly initial: StateText;
  readonly final: StateText;
  /** Mask of this test, outside of its states. */
  readonly mask?: Registers;
  readonly exception?: { readonly vector: number; readonly flagsAddress: number };
  /** 40 hexadecimal digits. */
  readonly hash?: string;
}

export interface FileText {
  /** Four characters; `386E` and the like have 32-bit registers. */
  readonly cpu: string;
  readonly tests: readonly TestText[];
  readonly mask?: Registers;
  /** Chunks that no reader knows, to be skipped. */
  readonly strange?: boolean;
}

function u32(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) buffer.writeUInt32LE(value >>> 0, i * 4);
  return buffer;
}

function u16(value: number): Buffer {
  const buffer = Buffer.alloc(2);
  buffer.writeUInt16LE(value & 0xffff);
  return buffer;
}

function chunk(id: string, ...parts: Uint8Array[]): Buffer {
  const payload = Buffer.concat(parts);
  return Buffer.concat([Buffer.from(id, 'latin1'), u32(payload.length), payload]);
}

function registerChunk(registers: Registers, wide: boolean, id: string): Buffer {
  const names: readonly string[] = wide ? REGS_32 : REGS_16;
  const given = registers as Readonly<Record<string, number | undefined>>;
  const present = names.reduce((mask, name, bit) => (given[name] === undefined ? mask : mask | (1 << bit)), 0);
  const values = names.filter((name) => given[name] !== undefined).map((name) => given[name] as number);
  return chunk(id, wide ? u32(present) : u16(present), ...values.map((value) => (wide ? u32(value) : u16(value))));
}

function stateChunk(id: string, state: StateText, wide: boolean): Buffer {
  const memory = Object.entries(state.memory ?? {});
  const ram = memory.map(([address, value]) => Buffer.concat([u32(Number(address)), Buffer.from([value])]));
  return chunk(
    id,
    registerChunk(state.registers ?? {}, wide, wide ? 'RG32' : 'REGS'),
    chunk('RAM ', u32(memory.length), ...ram),
    ...(state.mask ? [registerChunk(state.mask, wide, wide ? 'RM32' : 'RMSK')] : []),
    chunk('QUEU', u32(0)),
  );
}

/** Writes a MOO file as the suites have them, not packed. */
export function writeMoo({ cpu, tests, mask, strange }: FileText): Buffer {
  const wide = cpu.startsWith('386');
  const maskId = wide ? 'RM32' : 'RMSK';
  const unknown = strange ? [chunk('WHAT', Buffer.from('nobody knows'))] : [];
  const parts = tests.map((test, index) =>
    chunk(
      'TEST',
      u32(index),
      ...unknown,
      chunk('NAME', u32(0)),
      chunk('BYTS', u32(test.bytes.length), Buffer.from(test.bytes)),
      stateChunk('INIT', test.initial, wide),
      stateChunk('FINA', test.final, wide),
      ...(test.mask ? [registerChunk(test.mask, wide, maskId)] : []),
      ...(test.exception
        ? [chunk('EXCP', Buffer.from([test.exception.vector]), u32(test.exception.flagsAddress))]
        : []),
      chunk('HASH', Buffer.from((test.hash ?? '').padStart(40, '0'), 'hex')),
    ),
  );
  return Buffer.concat([
    chunk('MOO ', Buffer.from([1, 1, 0, 0]), u32(tests.length), Buffer.from(cpu.padEnd(4), 'latin1')),
    ...unknown,
    ...(mask ? [registerChunk(mask, wide, maskId)] : []),
    ...parts,
  ]);
}

/** Where recorded code is. */
export const CODE = { segment: 0x1000, offset: 0x100, linear: 0x10100 } as const;

const REGISTERS_386: Registers = {
  ...{ cr0: 0x7ffefff0, cr3: 0, dr6: 0xffff0ff0, dr7: 0, eflags: 0xfffc0002, eip: CODE.offset, cs: CODE.segment },
  ...{ eax: 0, ebx: 0, ecx: 0, edx: 0, esi: 0, edi: 0, ebp: 0, esp: 0x1000 },
  ...{ ds: 0x2000, es: 0x3000, fs: 0x4000, gs: 0x5000, ss: 0x6000 },
};

const REGISTERS_286: Registers = {
  ...{ ax: 0, bx: 0, cx: 0, dx: 0, cs: CODE.segment, ss: 0x6000, ds: 0x2000, es: 0x3000 },
  ...{ sp: 0x1000, bp: 0, si: 0, di: 0, ip: CODE.offset, flags: 2 },
};

/** What is particular about a test; the rest of the state is filled in. */
export interface Recording extends Omit<TestText, 'initial' | 'bytes'> {
  /** The instruction, without the HLT behind it. */
  readonly code: readonly number[];
  readonly registers?: Registers;
  readonly memory?: Memory;
}

function codeMemory(bytes: readonly number[]): Memory {
  return Object.fromEntries(bytes.map((byte, i) => [CODE.linear + i, byte]));
}

/** A test of the 80386 suite: code at CODE, segments 64 KiB apart, IP behind the HLT at the end unless it is given. */
export function recorded386({ code, registers, memory, final, ...rest }: Recording): TestText {
  const bytes = [...code, 0xf4];
  return {
    ...rest,
    bytes,
    initial: { registers: { ...REGISTERS_386, ...registers }, memory: { ...codeMemory(bytes), ...memory } },
    final: { ...final, registers: { eip: CODE.offset + bytes.length, ...final.registers } },
  };
}

/** The same for the 80286 suite. */
export function recorded286({ code, registers, memory, final, ...rest }: Recording): TestText {
  const bytes = [...code, 0xf4];
  return {
    ...rest,
    bytes,
    initial: { registers: { ...REGISTERS_286, ...registers }, memory: { ...codeMemory(bytes), ...memory } },
    final: { ...final, registers: { ip: CODE.offset + bytes.length, ...final.registers } },
  };
}

/**
 * What an exception leaves in real mode with SS:SP at 6000:1000: a frame, and CS:IP behind a HLT at 7000:0000.
 *
 * @param flags image of FLAGS that is pushed
 */
export function exceptionFrame(
  vector: number,
  flags = 2,
): { memory: Memory; final: StateText; exception: { vector: number; flagsAddress: number } } {
  const memory = {
    [vector * 4]: 0,
    [vector * 4 + 1]: 0,
    [vector * 4 + 2]: 0,
    [vector * 4 + 3]: 0x70,
    0x70000: 0xf4,
  };
  const frame = [
    CODE.offset & 0xff,
    CODE.offset >> 8,
    CODE.segment & 0xff,
    CODE.segment >> 8,
    flags & 0xff,
    flags >> 8,
  ];
  return {
    memory,
    final: {
      registers: { esp: 0x0ffa, cs: 0x7000, eip: 1 },
      memory: Object.fromEntries(frame.map((byte, i) => [0x60ffa + i, byte])),
    },
    exception: { vector, flagsAddress: 0x60ffe },
  };
}
