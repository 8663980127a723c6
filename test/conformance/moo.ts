/**
 * Reader of MOO files, the format of the SingleStepTests suites: the state of a real processor before and
 * after single instructions. Little-endian chunks of a 4-character id, a u32 length and a payload; unknown ones
 * are skipped. Described in the MOO repository, "MOO File Format Specification" 1.0 and 1.1.
 */

/** Register names in the bit order of REGS and RMSK (16-bit) chunks. */
export const REGS_16 = [
  ...['ax', 'bx', 'cx', 'dx', 'cs', 'ss', 'ds', 'es'],
  ...['sp', 'bp', 'si', 'di', 'ip', 'flags'],
] as const;
/** Register names in the bit order of RG32 and RM32 chunks. */
export const REGS_32 = [
  ...['cr0', 'cr3', 'eax', 'ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp', 'esp'],
  ...['cs', 'ds', 'es', 'fs', 'gs', 'ss', 'eip', 'eflags', 'dr6', 'dr7'],
] as const;

/** Registers that a chunk names. `values[i]` is the register of bit i; 0 where `present` lacks the bit. */
export interface RegisterSet {
  readonly present: number;
  readonly values: Uint32Array;
}

/** Bytes of memory, in the order of the file. */
export interface MemoryList {
  readonly addresses: Uint32Array;
  readonly values: Uint8Array;
}

export interface MachineState {
  readonly registers: RegisterSet;
  readonly memory: MemoryList;
}

export interface MooTest {
  readonly index: number;
  /** The instruction and the HLT behind it. */
  readonly bytes: Uint8Array;
  readonly initial: MachineState;
  /** Only what changed. */
  readonly final: MachineState;
  /** Bits worth comparing, by register number; from masks that stand in this test alone. */
  readonly masks: readonly RegisterSet[];
  /** The interrupt or exception that was taken, and where FLAGS was pushed as seen on the bus. */
  readonly exception?: { readonly vector: number; readonly flagsAddress: number };
  /** What names the test in the whole suite, in hexadecimal, or ''. */
  readonly hash: string;
}

export interface MooFile {
  /** `C286`, `386E` and so on, without padding. */
  readonly cpu: string;
  /** Registers are those of REGS_32, else of REGS_16. */
  readonly wide: boolean;
  /** What the header says; the file may be cut down. */
  readonly count: number;
  readonly tests: readonly MooTest[];
  /** Bits worth comparing, by register number; from masks that stand outside of tests. */
  readonly masks: readonly RegisterSet[];
}

interface Chunk {
  readonly id: string;
  readonly from: number;
  readonly to: number;
}

const NO_REGISTERS: RegisterSet = { present: 0, values: new Uint32Array(REGS_32.length) };
const NO_MEMORY: MemoryList = { addresses: new Uint32Array(0), values: new Uint8Array(0) };

class Reader {
  private readonly view: DataView;

  constructor(private readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(at: number): number {
    return this.view.getUint8(at);
  }

  u16(at: number): number {
    return this.view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  slice(from: number, to: number): Uint8Array {
    return this.bytes.subarray(from, to);
  }

  text(at: number): string {
    return String.fromCharCode(this.u8(at), this.u8(at + 1), this.u8(at + 2), this.u8(at + 3));
  }

  /** @throws RangeError if a chunk does not fit into what is around it */
  chunks(from: number, to: number): Chunk[] {
    const found: Chunk[] = [];
    for (let at = from; at < to; ) {
      if (at + 8 > to) throw new RangeError(`${to - at} bytes at ${at} are no chunk`);
      const id = this.text(at);
      const end = at + 8 + this.u32(at + 4);
      if (end > to) throw new RangeError(`chunk ${JSON.stringify(id)} at ${at} ends ${end - to} bytes too late`);
      found.push({ id, from: at + 8, to: end });
      at = end;
    }
    return found;
  }

  registers(chunk: Chunk): RegisterSet {
    const wide = chunk.id === 'RG32' || chunk.id === 'RM32';
    const present = wide ? this.u32(chunk.from) : this.u16(chunk.from);
    const values = new Uint32Array(wide ? REGS_32.length : REGS_16.length);
    let at = chunk.from + (wide ? 4 : 2);
    for (let bit = 0; bit < values.length; bit++) {
      if (!((present >>> bit) & 1)) continue;
      values[bit] = wide ? this.u32(at) : this.u16(at);
      at += wide ? 4 : 2;
    }
    if (at > chunk.to) throw new RangeError(`chunk ${chunk.id} at ${chunk.from} names more registers than it holds`);
    return { present, values };
  }

  memory(chunk: Chunk): MemoryList {
    const count = this.u32(chunk.from);
    if (chunk.from + 4 + count * 5 > chunk.to) throw new RangeError(`chunk RAM at ${chunk.from} is cut short`);
    const addresses = new Uint32Array(count);
    const values = new Uint8Array(count);
    for (let i = 0, at = chunk.from + 4; i < count; i++, at += 5) {
      addresses[i] = this.u32(at);
      values[i] = this.u8(at + 4);
    }
    return { addresses, values };
  }
}

const isMask = (id: string) => id === 'RMSK' || id === 'RM32';

function readState(reader: Reader, chunk: Chunk, masks: RegisterSet[]): MachineState {
  let registers = NO_REGISTERS;
  let memory = NO_MEMORY;
  for (const part of reader.chunks(chunk.from, chunk.to)) {
    if (part.id === 'REGS' || part.id === 'RG32') registers = reader.registers(part);
    else if (part.id === 'RAM ') memory = reader.memory(part);
    else if (isMask(part.id)) masks.push(reader.registers(part));
  }
  return { registers, memory };
}

const NOTHING: MachineState = { registers: NO_REGISTERS, memory: NO_MEMORY };
const NO_BYTES = new Uint8Array(0);

function readTest(reader: Reader, chunk: Chunk): MooTest {
  const masks: RegisterSet[] = [];
  let bytes: Uint8Array = NO_BYTES;
  let initial = NOTHING;
  let final = NOTHING;
  let exception: MooTest['exception'];
  let hash = '';
  for (const part of reader.chunks(chunk.from + 4, chunk.to)) {
    if (part.id === 'BYTS') bytes = reader.slice(part.from + 4, part.from + 4 + reader.u32(part.from));
    else if (part.id === 'INIT') initial = readState(reader, part, masks);
    else if (part.id === 'FINA') final = readState(reader, part, masks);
    else if (part.id === 'EXCP') exception = { vector: reader.u8(part.from), flagsAddress: reader.u32(part.from + 1) };
    else if (part.id === 'HASH') hash = Buffer.from(reader.slice(part.from, part.to)).toString('hex');
    else if (isMask(part.id)) masks.push(reader.registers(part));
  }
  return { index: reader.u32(chunk.from), bytes, initial, final, masks, exception, hash };
}

/** Reads a MOO file, already unpacked. @throws RangeError if it is none, or is cut short */
export function readMoo(bytes: Uint8Array): MooFile {
  const reader = new Reader(bytes);
  const [header, ...rest] = reader.chunks(0, bytes.length);
  if (header?.id !== 'MOO ' || header.to - header.from < 12) throw new RangeError('no MOO header');
  const cpu = reader.text(header.from + 8).trim();
  const masks = rest.filter(({ id }) => isMask(id)).map((chunk) => reader.registers(chunk));
  const tests = rest.filter(({ id }) => id === 'TEST').map((chunk) => readTest(reader, chunk));
  return { cpu, wide: cpu.startsWith('386'), count: reader.u32(header.from + 4), tests, masks };
}
