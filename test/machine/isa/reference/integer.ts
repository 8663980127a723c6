import { Vector } from '../../../../src/machine/cpu/fault';
import {
  FLAG_AF,
  FLAG_CF,
  FLAG_DF,
  FLAG_OF,
  FLAG_PF,
  FLAG_SF,
  FLAG_ZF,
  FLAGS_ARITHMETIC,
} from '../../../../src/machine/layout';
import { add, type Bits, cut, logic, type Outcome, shift, signed, subtract } from './arithmetic';
import type { Effects, Reference, Subject } from './world';

/**
 * The integer instructions as the manual describes them (Intel SDM vol. 2, each instruction's Operation section), by
 * mnemonic. Arithmetic is done with BigInt, apart from the emulator's formulas.
 */

const big = (value: number) => BigInt(value >>> 0);
const num = (value: bigint) => Number(BigInt.asUintN(32, value));
const bitsOf = (subject: Subject): Bits => subject.places[0].size;
const [EAX, ECX, EDX, EBX] = [0, 1, 2, 3];
const [AL, AH] = [0, 4];

type Binary = (a: bigint, b: bigint, carry: bigint, bits: Bits) => Outcome;

const binary =
  (compute: Binary, undefinedFlags: number, keeps: boolean): Reference =>
  (s) => {
    const [destination, source] = s.places;
    const bits = bitsOf(s);
    const { result, flags } = compute(
      big(s.world.get(destination)),
      cut(big(s.world.get(source)), bits),
      big(s.world.carry),
      bits,
    );
    s.world.setFlags(flags);
    if (!keeps) s.world.set(destination, num(result));
    return { undefinedFlags };
  };

const ADD: Binary = (a, b, _, bits) => add(a, b, 0n, bits);
const SUB: Binary = (a, b, _, bits) => subtract(a, b, 0n, bits);
const AND: Binary = (a, b, _, bits) => logic(a & b, bits);
const OR: Binary = (a, b, _, bits) => logic(a | b, bits);
const XOR: Binary = (a, b, _, bits) => logic(a ^ b, bits);

const step =
  (compute: Binary): Reference =>
  (s) => {
    const [place] = s.places;
    const { result, flags } = compute(big(s.world.get(place)), 1n, 0n, bitsOf(s));
    s.world.setFlags(flags, FLAGS_ARITHMETIC & ~FLAG_CF);
    s.world.set(place, num(result));
    return undefined;
  };

const negate: Reference = (s) => {
  const [place] = s.places;
  const { result, flags } = subtract(0n, big(s.world.get(place)), 0n, bitsOf(s));
  s.world.setFlags(flags);
  s.world.set(place, num(result));
  return undefined;
};

const complement: Reference = ({ world, places: [place] }) => {
  world.set(place, ~world.get(place));
  return undefined;
};

const exchangeAdd: Reference = (s) => {
  const { world, places } = s;
  const [destination, source] = places;
  const [a, b] = [world.get(destination), world.get(source)];
  const { result, flags } = add(big(a), big(b), 0n, bitsOf(s));
  world.setFlags(flags);
  world.set(source, a);
  world.set(destination, num(result));
  return undefined;
};

const UNDEFINED_OF_MULTIPLY = FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF;

/** A product into AX, DX:AX or EDX:EAX. */
function storeProduct(s: Subject, product: bigint, bits: Bits): void {
  const wide = BigInt.asUintN(bits * 2, product);
  if (bits === 8) s.world.setRegister(16, EAX, num(wide));
  else {
    s.world.setRegister(bits, EAX, num(cut(wide, bits)));
    s.world.setRegister(bits, EDX, num(wide >> BigInt(bits)));
  }
}

/** MUL, and IMUL with one, two or three operands. */
const multiply =
  (isSigned: boolean): Reference =>
  (s) => {
    const { world, places } = s;
    const bits = bitsOf(s);
    const value = (raw: number) => (isSigned ? signed(cut(big(raw), bits), bits) : cut(big(raw), bits));
    const [left, right] =
      places.length === 1
        ? [world.register(bits, EAX), world.get(places[0])]
        : [world.get(places[places.length - 2]), world.get(places[places.length - 1])];
    const product = value(left) * value(right);
    const kept = isSigned ? signed(cut(product, bits), bits) : cut(product, bits);
    world.setFlags(product === kept ? 0 : FLAG_CF | FLAG_OF);
    if (places.length === 1) storeProduct(s, product, bits);
    else world.set(places[0], num(cut(product, bits)));
    return { undefinedFlags: UNDEFINED_OF_MULTIPLY };
  };

const divide =
  (isSigned: boolean): Reference =>
  (s) => {
    const { world, places } = s;
    const bits = bitsOf(s);
    const wide =
      bits === 8
        ? big(world.register(16, EAX))
        : (big(world.register(bits, EDX)) << BigInt(bits)) | big(world.register(bits, EAX));
    const dividend = isSigned ? BigInt.asIntN(bits * 2, wide) : wide;
    const divisor = isSigned ? signed(big(world.get(places[0])), bits) : big(world.get(places[0]));
    if (divisor === 0n) return { fault: Vector.DE };
    const quotient = dividend / divisor;
    if (quotient !== (isSigned ? BigInt.asIntN(bits, quotient) : BigInt.asUintN(bits, quotient))) {
      return { fault: Vector.DE };
    }
    const rest = cut(dividend % divisor, bits);
    if (bits === 8) world.setRegister(16, EAX, num(cut(quotient, 8) | (rest << 8n)));
    else {
      world.setRegister(bits, EAX, num(cut(quotient, bits)));
      world.setRegister(bits, EDX, num(rest));
    }
    return { undefinedFlags: FLAGS_ARITHMETIC };
  };

const shiftBy =
  (kind: string): Reference =>
  (s) => {
    const { world, places } = s;
    const bits = bitsOf(s);
    const count = world.get(places[1]) & 31;
    if (count === 0) return undefined;
    const rotates = kind.startsWith('R');
    const { result, flags } = shift(kind, big(world.get(places[0])), count, big(world.carry), bits);
    world.setFlags(flags, rotates ? FLAG_CF | FLAG_OF : FLAGS_ARITHMETIC);
    world.set(places[0], num(result));
    let undefinedFlags = rotates ? 0 : FLAG_AF;
    if (count > 1) undefinedFlags |= FLAG_OF;
    if (!rotates && kind !== 'SAR' && count >= bits) undefinedFlags |= FLAG_CF;
    return { undefinedFlags };
  };

/** SHLD and SHRD, one bit at a time. */
const shiftDouble =
  (left: boolean): Reference =>
  (s) => {
    const { world, places } = s;
    const bits = bitsOf(s);
    const count = world.get(places[2]) & 31;
    if (count === 0) return undefined;
    if (count > bits) return { undefinedResult: true, undefinedFlags: FLAGS_ARITHMETIC };
    const top = BigInt(bits - 1);
    const before = big(world.get(places[0]));
    let [value, source, carry] = [before, big(world.get(places[1])), 0n];
    for (let i = 0; i < count; i++) {
      carry = left ? value >> top : value & 1n;
      value = left ? cut(value << 1n, bits) | (source >> top) : (value >> 1n) | ((source & 1n) << top);
      source = left ? cut(source << 1n, bits) : source >> 1n;
    }
    const { flags } = logic(value, bits);
    const overflow = (before ^ value) >> top ? FLAG_OF : 0;
    world.setFlags(flags | (carry ? FLAG_CF : 0) | overflow);
    world.set(places[0], num(value));
    return { undefinedFlags: FLAG_AF | (count > 1 ? FLAG_OF : 0) };
  };

const bitTest =
  (change: (value: bigint, mask: bigint) => bigint): Reference =>
  (s) => {
    const { world, places, operandSize } = s;
    let [place] = places;
    const number = world.get(places[1]);
    if (place.kind === 'memory' && places[1].kind === 'register') {
      // A bit string: the number reaches words before and after.
      const offset = Number(BigInt.asIntN(operandSize, big(number)) >> (operandSize === 16 ? 4n : 5n));
      const address = place.address + offset * (operandSize / 8);
      place = { kind: 'memory', size: operandSize, address: s.addressSize === 16 ? address & 0xffff : address >>> 0 };
    }
    const value = big(world.get(place));
    const mask = 1n << BigInt(number & (operandSize - 1));
    const after = cut(change(value, mask), operandSize);
    world.setFlags(value & mask ? FLAG_CF : 0, FLAG_CF);
    if (after !== value) world.set(place, num(after));
    return { undefinedFlags: FLAG_OF | FLAG_SF | FLAG_AF | FLAG_PF };
  };

const scan =
  (forward: boolean): Reference =>
  ({ world, places }) => {
    const value = world.get(places[1]);
    const undefinedFlags = FLAGS_ARITHMETIC & ~FLAG_ZF;
    world.setFlags(value === 0 ? FLAG_ZF : 0, FLAG_ZF);
    // With a zero source the destination is undefined by the manual, and kept by every processor known.
    if (value === 0) return { undefinedFlags };
    let position = forward ? 0 : places[0].size - 1;
    while (!((value >>> position) & 1)) position += forward ? 1 : -1;
    world.set(places[0], position);
    return { undefinedFlags };
  };

const adjustAfter =
  (direction: 1 | -1): Reference =>
  ({ world }) => {
    const old = world.register(8, AL);
    const low = (old & 15) > 9 || world.flag(FLAG_AF);
    const high = old > 0x99 || world.flag(FLAG_CF);
    const borrow = direction < 0 && low && old < 6;
    const value = (old + direction * ((low ? 6 : 0) + (high ? 0x60 : 0))) & 0xff;
    const { flags } = logic(big(value), 8);
    world.setFlags(flags | (low ? FLAG_AF : 0) | (high || borrow ? FLAG_CF : 0));
    world.setRegister(8, AL, value);
    return { undefinedFlags: FLAG_OF };
  };

const adjustUnpacked =
  (direction: 1 | -1): Reference =>
  ({ world }) => {
    const adjust = (world.register(8, AL) & 15) > 9 || world.flag(FLAG_AF);
    if (adjust) world.setRegister(16, EAX, world.register(16, EAX) + direction * 0x106);
    world.setRegister(8, AL, world.register(8, AL) & 15);
    world.setFlags(adjust ? FLAG_CF | FLAG_AF : 0);
    return { undefinedFlags: FLAG_OF | FLAG_SF | FLAG_ZF | FLAG_PF };
  };

const UNDEFINED_OF_ASCII = FLAG_OF | FLAG_AF | FLAG_CF;

const divideAl: Reference = ({ world, places: [base] }) => {
  const divisor = world.get(base);
  if (divisor === 0) return { fault: Vector.DE };
  const al = world.register(8, AL);
  world.setRegister(8, AH, Math.floor(al / divisor));
  world.setRegister(8, AL, al % divisor);
  world.setFlags(logic(big(al % divisor), 8).flags);
  return { undefinedFlags: UNDEFINED_OF_ASCII };
};

const joinAx: Reference = ({ world, places: [base] }) => {
  const sum = (world.register(8, AL) + world.register(8, AH) * world.get(base)) & 0xff;
  world.setRegister(16, EAX, sum);
  world.setFlags(logic(big(sum), 8).flags);
  return { undefinedFlags: UNDEFINED_OF_ASCII };
};

const LOW_FLAGS = FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF | FLAG_CF;

const move: Reference = ({ world, places: [destination, source] }) => {
  world.set(destination, world.get(source));
  return undefined;
};

const exchange: Reference = ({ world, places: [a, b] }) => {
  const [first, second] = [world.get(a), world.get(b)];
  world.set(b, first);
  world.set(a, second);
  return undefined;
};

const moveSigned: Reference = ({ world, places: [destination, source] }) => {
  world.set(destination, num(signed(big(world.get(source)), source.size)));
  return undefined;
};

const compareExchange: Reference = (s) => {
  const { world, places } = s;
  const bits = bitsOf(s);
  const [current, expected] = [world.get(places[0]), world.register(bits, EAX)];
  const replacement = world.get(places[1]);
  world.setFlags(subtract(big(expected), big(current), 0n, bits).flags);
  if (expected === current) world.set(places[0], replacement);
  else {
    // The old value is written back, which matters where the destination is the accumulator's register.
    world.set(places[0], current);
    world.setRegister(bits, EAX, current);
  }
  return undefined;
};

const compareExchange8: Reference = ({ world, address }) => {
  const [low, high] = [world.read(address, 4), world.read(address + 4, 4)];
  const equal = low === world.registers[EAX] && high === world.registers[EDX];
  world.setFlags(equal ? FLAG_ZF : 0, FLAG_ZF);
  if (equal) {
    world.write(address, 4, world.registers[EBX]);
    world.write(address + 4, 4, world.registers[ECX]);
  } else {
    world.registers[EAX] = low;
    world.registers[EDX] = high;
  }
  return undefined;
};

const swapBytes: Reference = ({ world, places: [place], operandSize }) => {
  // Of a 16-bit register the result is undefined.
  if (operandSize === 16) return { undefinedResult: true };
  const value = world.get(place);
  world.set(
    place,
    [0, 8, 16, 24].reduce((all, at) => all + ((value >>> at) & 0xff) * 2 ** (24 - at), 0),
  );
  return undefined;
};

const widen: Reference = ({ world, operandSize }) => {
  if (operandSize === 16) world.setRegister(16, EAX, num(signed(big(world.register(8, AL)), 8)));
  else world.setRegister(32, EAX, num(signed(big(world.register(16, EAX)), 16)));
  return undefined;
};

const spread: Reference = ({ world, operandSize }) => {
  const negative = signed(big(world.register(operandSize, EAX)), operandSize) < 0n;
  world.setRegister(operandSize, EDX, negative ? 0xffffffff : 0);
  return undefined;
};

const flagChange =
  (change: (flags: number) => number): Reference =>
  ({ world }) => {
    world.flags = change(world.flags);
    return undefined;
  };

/** Whether a condition holds, by its suffix in Jcc, SETcc and CMOVcc. */
export function conditionHolds(name: string, flags: number): boolean {
  const has = (mask: number) => (flags & mask) !== 0;
  const [less, below] = [has(FLAG_SF) !== has(FLAG_OF), has(FLAG_CF)];
  const positive: Readonly<Record<string, boolean>> = {
    O: has(FLAG_OF),
    B: below,
    Z: has(FLAG_ZF),
    BE: below || has(FLAG_ZF),
    S: has(FLAG_SF),
    P: has(FLAG_PF),
    L: less,
    LE: less || has(FLAG_ZF),
  };
  return name.startsWith('N') ? !positive[name.slice(1)] : positive[name];
}

export const CONDITIONS = ['O', 'B', 'Z', 'BE', 'S', 'P', 'L', 'LE'].flatMap((name) => [name, `N${name}`]);

const conditional = (entry: (name: string) => [string, Reference]) => Object.fromEntries(CONDITIONS.map(entry));

const translate: Reference = ({ world, addressSize }) => {
  const offset = (world.registers[EBX] + world.register(8, AL)) >>> 0;
  world.setRegister(8, AL, world.read(addressSize === 16 ? offset & 0xffff : offset, 1));
  return undefined;
};

const nothing: Reference = (): Effects | undefined => undefined;

export const INTEGER: Readonly<Record<string, Reference>> = {
  ADD: binary(ADD, 0, false),
  ADC: binary(add, 0, false),
  SUB: binary(SUB, 0, false),
  SBB: binary(subtract, 0, false),
  CMP: binary(SUB, 0, true),
  AND: binary(AND, FLAG_AF, false),
  OR: binary(OR, FLAG_AF, false),
  XOR: binary(XOR, FLAG_AF, false),
  TEST: binary(AND, FLAG_AF, true),
  INC: step(ADD),
  DEC: step(SUB),
  NEG: negate,
  NOT: complement,
  XADD: exchangeAdd,
  MUL: multiply(false),
  IMUL: multiply(true),
  DIV: divide(false),
  IDIV: divide(true),
  ...Object.fromEntries(['ROL', 'ROR', 'RCL', 'RCR', 'SHL', 'SHR', 'SAR'].map((kind) => [kind, shiftBy(kind)])),
  SHLD: shiftDouble(true),
  SHRD: shiftDouble(false),
  BT: bitTest((value) => value),
  BTS: bitTest((value, mask) => value | mask),
  BTR: bitTest((value, mask) => value & ~mask),
  BTC: bitTest((value, mask) => value ^ mask),
  BSF: scan(true),
  BSR: scan(false),
  DAA: adjustAfter(1),
  DAS: adjustAfter(-1),
  AAA: adjustUnpacked(1),
  AAS: adjustUnpacked(-1),
  AAM: divideAl,
  AAD: joinAx,
  SALC: ({ world }) => void world.setRegister(8, AL, world.carry ? 0xff : 0),
  SAHF: ({ world }) => void world.setFlags(world.register(8, AH), LOW_FLAGS),
  LAHF: ({ world }) => void world.setRegister(8, AH, (world.flags & LOW_FLAGS) | 2),
  CMC: flagChange((flags) => flags ^ FLAG_CF),
  CLC: flagChange((flags) => flags & ~FLAG_CF),
  STC: flagChange((flags) => flags | FLAG_CF),
  CLD: flagChange((flags) => flags & ~FLAG_DF),
  STD: flagChange((flags) => flags | FLAG_DF),
  MOV: move,
  UMOV: move,
  MOVZX: move,
  MOVSX: moveSigned,
  XCHG: exchange,
  LEA: ({ world, places, address, addressSize }) =>
    void world.set(places[0], addressSize === 16 ? address & 0xffff : address),
  CBW: widen,
  CWD: spread,
  XLAT: translate,
  BSWAP: swapBytes,
  CMPXCHG: compareExchange,
  CMPXCHG8B: compareExchange8,
  NOP: nothing,
  ...conditional((name) => [
    `SET${name}`,
    ({ world, places }) => void world.set(places[0], conditionHolds(name, world.flags) ? 1 : 0),
  ]),
  ...conditional((name) => [
    `CMOV${name}`,
    ({ world, places }) => {
      if (conditionHolds(name, world.flags)) world.set(places[0], world.get(places[1]));
      return undefined;
    },
  ]),
};
