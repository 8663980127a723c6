import assert from 'node:assert/strict';
import type { Float80 } from '../../../../src/machine/fpu/float80';
import { LOAD_CONSTANT } from '../../../../src/machine/fpu/transcendental/constants';
import { LN2, LOG2_E, PI } from '../../../../src/machine/fpu/transcendental/fixed-point';
import { Rounding } from '../../../../src/machine/fpu/words';
import { binaryLogarithm, ln2, pi } from './support/reference';

const PLACES = 200;
const ONE = 1n << BigInt(PLACES);

/** The constants to 200 places, by ways of their own. */
const EXACT: Readonly<Record<Exclude<keyof typeof LOAD_CONSTANT, 'fld1' | 'fldz'>, bigint>> = {
  fldl2t: binaryLogarithm(10n, 0, PLACES),
  fldl2e: (ONE * ONE) / ln2(PLACES),
  fldpi: pi(PLACES),
  fldlg2: (ONE * ONE) / binaryLogarithm(10n, 0, PLACES),
  fldln2: ln2(PLACES),
};

/** Rounds a positive number to 64 bits. */
function rounded(units: bigint, rounding: Rounding): Float80 {
  const length = units.toString(2).length;
  const drop = BigInt(length - 64);
  const down = units >> drop;
  const rest = units - (down << drop);
  const up = rounding === Rounding.Up || (rounding === Rounding.Nearest && rest >> (drop - 1n) === 1n);
  return { mantissa: up ? down + 1n : down, exponent: 0x3fff + length - 1 - PLACES };
}

describe('the constants of the x87', () => {
  for (const [name, exact] of Object.entries(EXACT)) {
    it(`${name.toUpperCase()} is rounded by the rounding control`, () => {
      for (const rounding of [Rounding.Nearest, Rounding.Down, Rounding.Up, Rounding.Zero]) {
        const loaded = LOAD_CONSTANT[name as keyof typeof EXACT](0x37f | (rounding << 10));
        assert.deepEqual(loaded, rounded(exact, rounding), Rounding[rounding]);
      }
    });
  }

  it('FLD1 and FLDZ are exact', () => {
    assert.deepEqual(LOAD_CONSTANT.fld1(), { mantissa: 1n << 63n, exponent: 0x3fff });
    assert.deepEqual(LOAD_CONSTANT.fldz(), { mantissa: 0n, exponent: 0 });
  });

  it('those that the functions use have 128 places', () => {
    const cut = (units: bigint) => units >> BigInt(PLACES - 128);
    assert.equal(PI, cut(EXACT.fldpi));
    assert.equal(LN2, cut(EXACT.fldln2));
    assert.equal(LOG2_E, cut(EXACT.fldl2e));
  });
});
