import { DATA } from './programs';
import type { Random } from './random';

/** Random programs that keep the x87's stack in order, as compilers do, and now and then do not. */

/** Operands, 16 bytes each: of `OPERAND_KINDS` in turn. */
const SLOTS = 64;
const OPERAND_KINDS = ['f32', 'f64', 'f80', 'i16', 'i32', 'i64'] as const;
type OperandKind = (typeof OPERAND_KINDS)[number];

/** Where results go, and control words are. */
const RESULTS = DATA + 0x1000;
export const CONTROL_WORDS = DATA + 0x3000;
/** Initial; other roundings and precisions, among them those of casts and of other systems. */
export const CONTROLS = [0x37f, 0x37f, 0x77f, 0xb7f, 0xf7f, 0x27f, 0x07f, 0xe7f];

export const dword = (value: number): number[] => [
  value & 0xff,
  (value >>> 8) & 0xff,
  (value >>> 16) & 0xff,
  value >>> 24,
];

const SPECIAL_F64 = [
  ...[0, -0, 1, -1, Infinity, -Infinity, NaN, 5e-324, -2.2e-308, 2.2250738585072014e-308, 1.7976931348623157e308],
  ...[2 ** 63, -(2 ** 63), 2 ** 31, -(2 ** 31) - 0.5, 32767.5, 0.5, 1.5, 1e-40, 3.4028234663852886e38, 1e300],
];

/** 16 bytes: one operand. Exponents are moderate as a rule, so that sums do not lose one side. */
function operandBytes(random: Random, kind: OperandKind): Uint8Array {
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  const special = random.below(6) === 0;
  const moderate = (random.word() / 2 ** 32 - 0.5) * 2 ** (random.below(40) - 20);
  const value = special ? random.pick(SPECIAL_F64) : moderate;
  switch (kind) {
    case 'f32':
      view.setFloat32(0, value, true);
      break;
    case 'f64':
      view.setFloat64(0, value, true);
      break;
    case 'f80': {
      view.setUint32(0, random.pick([0, random.word(), 0xffffffff]), true);
      view.setUint32(4, (special ? random.word() : random.word() | 0x80000000) >>> 0, true);
      const exponent = special ? random.pick([0, 1, 0x7fff, 0x7ffe, 0x3fff]) : 0x3fff - 30 + random.below(60);
      view.setUint16(8, exponent | (random.below(2) << 15), true);
      break;
    }
    default:
      view.setUint32(0, random.value(), true);
      view.setUint32(4, random.pick([0, 0xffffffff, random.word()]), true);
  }
  // A NaN that signals.
  if (special && (kind === 'f32' || kind === 'f64') && random.below(4) === 0) {
    const at = kind === 'f32' ? 0 : 4;
    view.setUint32(at, kind === 'f32' ? 0x7f800001 : 0x7ff00000, true);
    bytes[0] |= 1;
  }
  return bytes;
}

/** The operands of a program. */
export function x87Operands(random: Random): Uint8Array {
  const data = new Uint8Array(SLOTS * 16);
  for (let slot = 0; slot < SLOTS; slot++) {
    data.set(operandBytes(random, OPERAND_KINDS[slot % OPERAND_KINDS.length]), slot * 16);
  }
  return data;
}

const LOADS: Readonly<Record<OperandKind, readonly [number, number]>> = {
  f32: [0xd9, 0],
  f64: [0xdd, 0],
  f80: [0xdb, 5],
  i16: [0xdf, 0],
  i32: [0xdb, 0],
  i64: [0xdf, 5],
};
const ARITHMETIC: Readonly<Partial<Record<OperandKind, number>>> = { f32: 0xd8, f64: 0xdc, i16: 0xde, i32: 0xda };
/** Opcode and digit that store and pop. */
const STORES: readonly (readonly [number, number])[] = [
  [0xd9, 3],
  [0xdd, 3],
  [0xdb, 7],
  [0xdf, 3],
  [0xdb, 3],
  [0xdf, 7],
];

/** Writes the body of a program, keeping account of how many registers are in use. */
export class X87Program {
  private depth = 0;

  constructor(private readonly random: Random) {}

  /** About as many statements; leaves no register in use if all went as it should. */
  body(statements: number, subroutines: readonly number[], at: number): number[] {
    const code: number[] = [];
    for (let i = 0; i < statements; i++) code.push(...this.statement(2, subroutines, at + code.length));
    while (this.depth > 0) code.push(...this.popStore());
    return code;
  }

  /** A routine that works on ST(0), and returns. */
  subroutine(): number[] {
    const code: number[] = [];
    this.depth = 1;
    for (let i = 0; i < 3; i++) code.push(...this.onRegisters());
    while (this.depth > 1) code.push(...this.popStore());
    return [...code, 0xc3];
  }

  private memory(digit: number, address: number): number[] {
    // [esi + displacement] or an absolute address.
    return this.random.below(2) === 0
      ? [0x86 | (digit << 3), ...dword(address - DATA)]
      : [0x05 | (digit << 3), ...dword(address)];
  }

  private source(kinds: readonly OperandKind[]): { kind: OperandKind; address: number } {
    const { random } = this;
    const kind = random.pick(kinds);
    const rows = Math.floor(SLOTS / OPERAND_KINDS.length);
    const slot = random.below(rows) * OPERAND_KINDS.length + OPERAND_KINDS.indexOf(kind);
    return { kind, address: DATA + slot * 16 };
  }

  private result(): number {
    return RESULTS + this.random.below(32) * 16;
  }

  private statement(nesting: number, subroutines: readonly number[], at: number): number[] {
    const { random } = this;
    switch (random.below(16)) {
      case 0:
        return nesting > 0 ? this.conditional(nesting, at) : this.onRegisters();
      case 1:
        return this.compare();
      case 2:
        return this.cast();
      case 3:
        return this.depth > 0 && subroutines.length > 0 ? call(at, random.pick(subroutines)) : this.load();
      case 4:
        return this.state();
      case 5:
      case 6:
      case 7:
        return this.depth > 0 ? this.withMemory() : this.load();
      case 8:
      case 9:
        return this.depth > 2 ? this.popStore() : this.load();
      case 10:
        return this.depth > 0 ? this.storeAndKeep() : this.load();
      default:
        return this.depth > 0 ? this.onRegisters() : this.load();
    }
  }

  private load(): number[] {
    const { random } = this;
    if (this.depth > 6 && random.below(20) > 0) return this.popStore();
    const register = random.below(Math.max(this.depth, 1));
    this.depth++;
    const constant = [0xd9, random.pick([0xe8, 0xeb, 0xee])];
    if (random.below(4) === 0) return this.depth > 1 && random.below(2) === 0 ? [0xd9, 0xc0 + register] : constant;
    const { kind, address } = this.source(OPERAND_KINDS);
    const [opcode, digit] = LOADS[kind];
    return [opcode, ...this.memory(digit, address)];
  }

  private withMemory(): number[] {
    const { random } = this;
    const { kind, address } = this.source(['f32', 'f64', 'f64', 'i16', 'i32']);
    const digit = random.pick([0, 1, 4, 5, 6, 7, 0, 1, 4, 2]);
    return [ARITHMETIC[kind] as number, ...this.memory(digit, address)];
  }

  private storeAndKeep(): number[] {
    const [opcode, digit] = this.random.pick(
      STORES.slice(0, 5).filter(([first, second]) => first !== 0xdb || second !== 7),
    );
    return [opcode, ...this.memory(digit - 1, this.result())];
  }

  private popStore(): number[] {
    const { random } = this;
    const other = random.below(this.depth);
    this.depth--;
    if (random.below(4) === 0) return [0xdd, 0xd8 + other];
    const [opcode, digit] = random.pick(STORES);
    return [opcode, ...this.memory(digit, this.result())];
  }

  private onRegisters(): number[] {
    const { random } = this;
    const other = random.below(this.depth);
    const digit = random.pick([0, 1, 4, 5, 6, 7]);
    switch (random.below(9)) {
      case 0:
      case 1:
        return [random.pick([0xd8, 0xdc]), 0xc0 | (digit << 3) | other];
      case 2:
      case 3:
        if (this.depth < 2) return [0xd9, 0xfa];
        this.depth--;
        return [0xde, 0xc1 | (digit << 3)];
      case 4:
      case 5:
        return [0xd9, 0xc8 + other];
      case 6:
        return [0xd9, random.pick([0xe0, 0xe1, 0xfa, 0xfc, 0xe4, 0xe5])];
      case 7:
        return this.depth > 1 ? [0xd9, random.pick([0xfd, 0xf8, 0xf5])] : [0xd9, 0xe1];
      default:
        return [random.pick([0xda, 0xdb]), 0xc0 | (random.below(4) << 3) | other];
    }
  }

  private compare(): number[] {
    const { random } = this;
    if (this.depth === 0) return [0x42];
    const other = random.below(this.depth);
    const toAx = random.pick([
      [0xdf, 0xe0],
      [0xdf, 0xe0, 0x9e, 0x0f, 0x92, 0xc2],
    ]);
    if (this.depth > 1 && random.below(3) === 0) {
      this.depth -= 2;
      return [
        ...random.pick([
          [0xde, 0xd9],
          [0xda, 0xe9],
        ]),
        ...toAx,
      ];
    }
    // FCOM, FUCOM, FCOMI and FUCOMI with SETcc DL.
    return random.pick([
      [0xd8, 0xd0 + other, ...toAx],
      [0xdd, 0xe0 + other, ...toAx],
      [0xdb, random.pick([0xe8, 0xf0]) + other, 0x0f, 0x90 + random.below(16), 0xc2],
    ]);
  }

  /** FNSTCW, FLDCW, FISTP, FLDCW, as compilers cast. */
  private cast(): number[] {
    const { random } = this;
    const word = CONTROL_WORDS + 2 * random.below(CONTROLS.length);
    const load = this.depth === 0 ? this.load() : [];
    const store = this.popStore();
    if (random.below(4) === 0) return [...load, ...store, 0xd9, 0x2d, ...dword(word)];
    const kept = RESULTS + 0x400;
    return [...load, 0xd9, 0x3d, ...dword(kept), 0xd9, 0x2d, ...dword(word), ...store, 0xd9, 0x2d, ...dword(kept)];
  }

  /** What shows the pointers to the last instruction, or spoils the order of the stack. */
  private state(): number[] {
    const { random } = this;
    const environment = RESULTS + 0x500;
    const image = RESULTS + 0x600;
    switch (random.below(8)) {
      case 0:
      case 1:
        return [0xd9, 0x35, ...dword(environment), 0xd9, 0x25, ...dword(environment)];
      case 2:
        return [0xdd, 0x35, ...dword(image), 0xdd, 0x25, ...dword(image)];
      case 3:
        return [0xdd, 0x3d, ...dword(RESULTS + 0x410)];
      case 4:
        return [0xd9, random.pick([0xf6, 0xf7, 0xd0])];
      case 5:
        this.depth = 0;
        return [0xdb, 0xe3];
      case 6:
        return random.pick([[0xdb, 0xe2], [0x9b]]);
      default:
        return random.below(6) === 0 ? [0xd9, 0xf4] : [0x42];
    }
  }

  /** Statements that are done in some rounds only; registers may be left in use. */
  private conditional(nesting: number, at: number): number[] {
    const { random } = this;
    const before = this.depth;
    const inner: number[] = [];
    for (let i = 0; i < 1 + random.below(3); i++) inner.push(...this.statement(nesting - 1, [], at + 8 + inner.length));
    if (random.below(5) > 0) {
      while (this.depth > before) inner.push(...this.popStore());
      while (this.depth < before) inner.push(...this.load());
    }
    this.depth = Math.min(this.depth, before);
    // test cl, bit; jz over
    return [0xf6, 0xc1, 1 << random.below(3), 0x0f, 0x84, ...dword(inner.length), ...inner];
  }
}

function call(at: number, target: number): number[] {
  return [0xe8, ...dword(target - (at + 5))];
}
