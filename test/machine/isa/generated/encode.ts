import { type Form, hasModRm, type OperandSpec } from '../../../../src/machine/isa/form';
import { allowsMod, ESC_OPCODES, allForms } from '../../../../src/machine/isa/table';
import type { Random } from '../../../differential/support/random';

/** Where an operand is, once encoded. Values of immediates are as wide as the operand, sign extension done. */
export type Place =
  | { readonly kind: 'register'; readonly size: 8 | 16 | 32; readonly index: number }
  | { readonly kind: 'memory'; readonly size: 8 | 16 | 32; readonly address: number }
  | { readonly kind: 'constant'; readonly size: 8 | 16 | 32; readonly value: number };

export interface EncodeOptions {
  readonly operandSize: 16 | 32;
  readonly addressSize: 16 | 32;
  readonly mod: 'register' | 'memory';
  /** Linear address of the memory operand. */
  readonly address: number;
}

export interface Encoded {
  readonly bytes: readonly number[];
  readonly places: readonly Place[];
  /** Values that registers must have, by number: those that an address is made of. */
  readonly pinned: ReadonlyMap<number, number>;
}

const SIZE_OVERRIDE = 0x66;
const ADDRESS_OVERRIDE = 0x67;

export function le(value: number, bytes: number): number[] {
  return Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 0xff);
}

/** x87, MMX and SSE: their registers are not general ones, and prefixes may be part of the opcode. */
export function isFloatOrVector(form: Form): boolean {
  const escape = form.map === 0 && ESC_OPCODES.has(form.opcode);
  return escape || form.prefix !== undefined || form.operands.some((spec) => /^([PNQVUW]|STi)/.test(spec));
}

/** True if the byte after the opcode is a ModR/M byte: other forms of the opcode may need one although this does not. */
export function takesModRm(form: Form): boolean {
  return allForms().some((other) => other.map === form.map && other.opcode === form.opcode && hasModRm(other));
}

/** The ways in which ModR/M.mod can be written for a form; one pseudo way where there is none. */
export function modsOf(form: Form): readonly ('register' | 'memory')[] {
  if (!takesModRm(form)) return ['register'];
  return (['register', 'memory'] as const).filter(
    (mod) => allowsMod(form, mod) && !(form.operands.includes('Rd') && mod === 'memory'),
  );
}

/** An address in one of several notations, with the registers that they need. */
function encodeAddress(
  random: Random,
  addressSize: 16 | 32,
  address: number,
): { mod: number; rm: number; rest: number[]; pinned: Map<number, number> } {
  const displacement = random.between(-0x70, 0x70);
  if (addressSize === 16) {
    const choice = random.below(3);
    if (choice === 0) return { mod: 0, rm: 6, rest: le(address, 2), pinned: new Map() };
    // [BX + SI + disp8] and [DI + disp16]
    if (choice === 1) {
      const pinned = new Map([
        [3, (0xdead0000 | ((address - displacement - 0x20) & 0xffff)) >>> 0],
        [6, 0xbeef0020],
      ]);
      return { mod: 1, rm: 0, rest: le(displacement, 1), pinned };
    }
    const pinned = new Map([[7, (0x12340000 | ((address - 0x1234) & 0xffff)) >>> 0]]);
    return { mod: 2, rm: 5, rest: le(0x1234, 2), pinned };
  }
  const choice = random.below(4);
  if (choice === 0) return { mod: 0, rm: 5, rest: le(address, 4), pinned: new Map() };
  if (choice === 1) return { mod: 1, rm: 3, rest: le(displacement, 1), pinned: new Map([[3, address - displacement]]) };
  if (choice === 2) {
    // [ESI + EDI * 4 + disp32]
    const pinned = new Map([
      [6, address - 0x400 - 0x30],
      [7, 0x100],
    ]);
    return { mod: 2, rm: 4, rest: [0xbe, ...le(0x30, 4)], pinned };
  }
  return { mod: 0, rm: 4, rest: [0x23], pinned: new Map([[3, address]]) };
}

/** Number for ModR/M.reg that exists for the operand. */
function regFor(form: Form, random: Random): number {
  if (form.reg !== undefined) return form.reg;
  if (form.operands.includes('Sw')) return random.pick([0, 3, 4, 5]);
  if (form.operands.includes('Cd')) return form.opcode === 0x24 || form.opcode === 0x26 ? 6 : random.pick([0, 2, 3]);
  if (form.operands.includes('Dd')) return random.below(4);
  return random.below(8);
}

function sizeOf(spec: OperandSpec, operandSize: 16 | 32): 8 | 16 | 32 {
  if (spec === 'AL' || spec === 'CL' || spec === '1' || /^.b$/.test(spec)) return 8;
  if (/^.w$/.test(spec)) return 16;
  return /^.v$/.test(spec) || spec === 'eAX' || spec === 'Ibs' ? operandSize : spec === 'M' ? operandSize : 32;
}

/** Encodes a form with random operands. */
export function encodeForm(form: Form, random: Random, options: EncodeOptions): Encoded {
  const { operandSize, addressSize, mod, address } = options;
  const head: number[] = [];
  if (form.prefix === undefined && operandSize === 16 && !isFloatOrVector(form)) head.push(SIZE_OVERRIDE);
  if (addressSize === 16) head.push(ADDRESS_OVERRIDE);
  if (form.prefix !== undefined && form.prefix !== 'NP') head.push(Number.parseInt(form.prefix, 16));
  if (form.map === 1) head.push(0x0f);
  head.push(form.opcode);
  const body: number[] = [];
  let pinned: ReadonlyMap<number, number> = new Map();
  const reg = regFor(form, random);
  let rm = form.rm ?? random.below(8);
  if (takesModRm(form)) {
    if (mod === 'register') body.push(0xc0 | (reg << 3) | rm);
    else {
      const encoded = encodeAddress(random, addressSize, address);
      body.push((encoded.mod << 6) | (reg << 3) | encoded.rm, ...encoded.rest);
      pinned = encoded.pinned;
      rm = -1;
    }
  }
  const immediate = (bytes: number, value: number): number => {
    body.push(...le(value, bytes));
    return value;
  };
  const places = form.operands.flatMap((spec): Place[] => {
    const size = sizeOf(spec, operandSize);
    const mask = size === 32 ? 0xffffffff : (1 << size) - 1;
    const register = (index: number): Place => ({ kind: 'register', size, index });
    const constant = (value: number): Place => ({ kind: 'constant', size, value: (value & mask) >>> 0 });
    switch (spec) {
      case 'Eb':
      case 'Ew':
      case 'Ed':
      case 'Ev':
      case 'M':
      case 'Rd':
      case 'Qd':
      case 'Qq':
      case 'Wd':
      case 'Wq':
      case 'Wdq':
        return rm < 0 ? [{ kind: 'memory', size, address }] : [register(rm)];
      case 'Gb':
      case 'Gw':
      case 'Gd':
      case 'Gv':
        return [register(reg)];
      case 'Zb':
      case 'Zv':
        return [register(form.opcode & 7)];
      case 'AL':
      case 'eAX':
        return [register(0)];
      case 'CL':
        return [register(1)];
      case '1':
        return [constant(1)];
      case 'Ib':
        return [constant(immediate(1, random.below(256)))];
      case 'Ibs':
        return [constant(immediate(1, random.between(-128, 127)))];
      case 'Iw':
        return [constant(immediate(2, random.below(0x10000)))];
      case 'Iv':
        return [constant(immediate(operandSize / 8, random.u32()))];
      case 'Jb':
        return [{ kind: 'constant', size: 32, value: immediate(1, random.between(-0x40, 0x40)) }];
      case 'Jv':
        return [{ kind: 'constant', size: 32, value: immediate(operandSize / 8, random.between(-0x400, 0x400)) }];
      case 'Ap':
        return [constant(immediate(operandSize / 8, 0x7000)), constant(immediate(2, 8))];
      case 'Ob':
      case 'Ov':
        immediate(addressSize / 8, address);
        return [{ kind: 'memory', size, address }];
      default:
        return [constant(reg)];
    }
  });
  return { bytes: [...head, ...body], places, pinned };
}
