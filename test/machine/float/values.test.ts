import assert from 'node:assert/strict';
import type { FloatFunction, ValueFunction } from '../../../src/machine/isa/float/declare';
import { Random } from '../compiler/support/random';
import { FloatModule, PLACES } from './support/module';

/** The functions on values are compared with those on places, which are checked against arithmetic on big integers. */

/** All masked: every precision, the reserved one too, and every rounding. */
const CONTROLS = [0, 1, 2, 3].flatMap((rounding) =>
  [0, 1, 2, 3].map((precision) => 0x7f | (precision << 8) | (rounding << 10)),
);
const LOW64 = 0xffff_ffff_ffff_ffffn;
const QUIET = 1n << 62n;
const [IE, DE, ZE] = [1, 2, 4];
const ROUNDS = 4000;

const word64 = (random: Random): bigint => (BigInt(random.word()) << 32n) | BigInt(random.word());

/** Significands whose sums and products are exact, halfway, or full of ones. */
function significand(random: Random): bigint {
  const low = BigInt(random.below(64));
  const top = 1n << 63n;
  return (
    random.pick([
      top,
      LOW64,
      top | (word64(random) & ~0x7ffn),
      top | (word64(random) << 40n) | (1n << low),
      top | (LOW64 << low),
      top | word64(random),
      top | (1n << low),
    ]) & LOW64
  );
}

const EXPONENTS = [0, 1, 2, 0x2fff, 0x3000, 0x3001, 0x4ffe, 0x4fff, 0x5000, 0x7ffd, 0x7ffe, 0x7fff];

/** A register's 80 bits: near to one another as a rule, at times at the ends of ranges, or anything. */
function value(random: Random): bigint {
  const sign = BigInt(random.below(2)) << 79n;
  switch (random.below(8)) {
    case 0:
      return sign | (BigInt(random.pick(EXPONENTS)) << 64n) | significand(random);
    case 1:
      return random.pick([sign, sign | (0x7fffn << 64n) | (1n << 63n), sign | word64(random), sign | (0x3fffn << 64n)]);
    case 2:
      return sign | (BigInt(random.below(0x8000)) << 64n) | word64(random);
    default:
      return sign | (BigInt(0x3fff - random.pick([3, 70, 150]) + random.below(6)) << 64n) | significand(random);
  }
}

/** Bits of a double; singles are made of the upper half. */
function bits(random: Random): bigint {
  const exponent = random.pick([0, 1, 0x3ff, 0x3fe + random.below(4), 0x7fe, 0x7ff, random.below(0x800)]);
  const fraction = random.pick([0n, 1n, word64(random), word64(random) << 30n, LOW64]) & 0xf_ffff_ffff_ffffn;
  return (BigInt(random.below(2)) << 63n) | (BigInt(exponent) << 52n) | fraction;
}

const split = (v: bigint): [bigint, number] => [BigInt.asIntN(64, v), Number(v >> 64n)];
const isNaN80 = (v: bigint): boolean => ((v >> 64n) & 0x7fffn) === 0x7fffn && ((v << 1n) & LOW64) !== 0n;

describe('floating point on values', () => {
  const float = new FloatModule();

  /** Value and flags that a function on values gives. */
  function valueAndFlags(name: ValueFunction, ...args: (number | bigint)[]): [bigint, number] {
    const [low, top] = float.callMany(name, ...args);
    const high = Number(top) >>> 0;
    return [(BigInt(high & 0xffff) << 64n) | (BigInt(low) & LOW64), high >>> 16];
  }

  /** The same of a function on places. */
  function placeAndFlags(name: FloatFunction, operands: readonly bigint[], control: number): [bigint, number] {
    const places = [PLACES.a, PLACES.b].slice(0, operands.length);
    operands.forEach((operand, i) => float.setPlace(places[i], operand));
    const flags = float.call(name, PLACES.dst, ...places, control) as number;
    return [float.place(PLACES.dst), flags];
  }

  /** A single or double as a register, signalling as it was, and DE if it is denormal. */
  function source(name: 'f80FromF32' | 'f80FromF64', raw: number | bigint): [bigint, number] {
    const flags = float.call(name, PLACES.b, raw) as number;
    const place = float.place(PLACES.b);
    return [flags & IE ? place & ~QUIET : place, flags & DE];
  }

  for (const name of ['Add', 'Sub', 'Mul', 'Div'] as const) {
    it(`${name} gives what it gives on places`, () => {
      const random = new Random(name.length * 31 + name.charCodeAt(0));
      for (let round = 0; round < ROUNDS; round++) {
        const [a, b] = [value(random), value(random)];
        const control = random.pick(CONTROLS);
        const where = `${a.toString(16)} ${b.toString(16)} ${control.toString(16)}`;
        const found = valueAndFlags(`x87${name}`, ...split(a), ...split(b), control);
        assert.deepEqual(found, placeAndFlags(`f80${name}`, [a, b], control), where);
      }
    });

    it(`${name} takes singles and doubles, with the DE of theirs`, () => {
      const random = new Random(name.length * 17 + name.charCodeAt(0));
      for (let round = 0; round < ROUNDS; round++) {
        const a = value(random);
        const raw = bits(random);
        const control = random.pick(CONTROLS);
        const single = random.below(2) === 0;
        const reversed = (name === 'Sub' || name === 'Div') && random.below(2) === 0;
        const operand = single ? Number(raw >> 32n) | 0 : BigInt.asIntN(64, raw);
        const [b, denormal] = source(single ? 'f80FromF32' : 'f80FromF64', operand);
        const [result, flags] = placeAndFlags(`f80${name}`, reversed ? [b, a] : [a, b], control);
        const expected = flags | (isNaN80(a) || flags & (IE | ZE) ? 0 : denormal);
        const full = `x87${name}${reversed ? 'R' : ''}${single ? 'F32' : 'F64'}` as ValueFunction;
        const where = `${full} ${a.toString(16)} ${raw.toString(16)} ${control.toString(16)}`;
        assert.deepEqual(valueAndFlags(full, ...split(a), operand, control), [result, expected], where);
      }
    });
  }

  it('takes square roots as on places', () => {
    const random = new Random(7);
    for (let round = 0; round < ROUNDS; round++) {
      const a = value(random);
      const control = random.pick(CONTROLS);
      const found = valueAndFlags('x87Sqrt', ...split(a), control);
      assert.deepEqual(found, placeAndFlags('f80Sqrt', [a], control), `${a.toString(16)} ${control.toString(16)}`);
    }
  });

  it('compares as on places', () => {
    const random = new Random(8);
    for (let round = 0; round < ROUNDS; round++) {
      const a = value(random);
      const b = random.below(4) === 0 ? a ^ (BigInt(random.below(2)) << 79n) : value(random);
      const quiet = random.below(2);
      [PLACES.a, PLACES.b].forEach((place, i) => float.setPlace(place, [a, b][i]));
      const expected = float.call('f80Compare', PLACES.a, PLACES.b, quiet);
      assert.equal(float.call('x87Compare', ...split(a), ...split(b), quiet), expected, `${a} ${b}`);
    }
  });

  for (const [name, place] of [
    ['x87ToF32', 'f80ToF32'],
    ['x87ToF64', 'f80ToF64'],
    ['x87ToI16', 'f80ToI16'],
    ['x87ToI32', 'f80ToI32'],
    ['x87ToI64', 'f80ToI64'],
  ] as const) {
    it(`${name} gives what ${place} stores`, () => {
      const random = new Random(name.charCodeAt(6) * 3 + name.length);
      const wide = name.endsWith('64');
      for (let round = 0; round < ROUNDS; round++) {
        // Magnitudes about the ends of the formats.
        const near = random.pick([0x3fff, 0x3fff + random.below(66), 0x3fff - 127 - random.below(30), 0x3fff + 1023]);
        const moderate = (BigInt(random.below(2)) << 79n) | (BigInt(near) << 64n) | significand(random);
        const a = random.below(4) === 0 ? value(random) : moderate;
        const control = random.pick(CONTROLS);
        const [found, flags] = float.callMany(name, ...split(a), control);
        const expected = placeAndFlags(place, [a], control)[1];
        const stored = wide ? BigInt.asIntN(64, float.u64(PLACES.dst)) : float.u32(PLACES.dst) | 0;
        assert.deepEqual([found, flags], [stored, expected], `${a.toString(16)} ${control.toString(16)}`);
      }
    });
  }

  it('loads singles and doubles as into places', () => {
    const random = new Random(9);
    for (let round = 0; round < ROUNDS; round++) {
      const raw = bits(random);
      const [single, double] = [Number(raw >> 32n) | 0, BigInt.asIntN(64, raw)];
      for (const [name, place, operand] of [
        ['x87FromF32', 'f80FromF32', single],
        ['x87FromF64', 'f80FromF64', double],
      ] as const) {
        const flags = float.call(place, PLACES.dst, operand);
        assert.deepEqual(valueAndFlags(name, operand), [float.place(PLACES.dst), flags], raw.toString(16));
      }
    }
  });
});
