import assert from 'node:assert/strict';
import { DEFAULT_NAN, type Float80 } from '../../../../src/machine/fpu/float80';
import { fpatan } from '../../../../src/machine/fpu/transcendental/arctangent';
import { f2xm1 } from '../../../../src/machine/fpu/transcendental/exponential';
import { fyl2x, fyl2xp1 } from '../../../../src/machine/fpu/transcendental/logarithm';
import type { TranscendentalResult } from '../../../../src/machine/fpu/transcendental/result';
import { fcos, fptan, fsin, fsincos } from '../../../../src/machine/fpu/transcendental/trigonometric';
import { C1, C2, Exception } from '../../../../src/machine/fpu/words';
import { INSTRUCTIONS } from './support/instructions';
import { negated, type PatternName, PATTERNS } from './support/operands';

const MASKED = 0x37f;
const { Invalid, Denormal, ZeroDivide, Overflow, Underflow, Precision } = Exception;

/** Operands and results by their names in the tables of the manual. F stands for 1/4, G for 4. */
const NAMES: Readonly<Record<string, Float80>> = {
  0: PATTERNS.zero,
  F: { exponent: 0x3ffd, mantissa: 1n << 63n },
  1: PATTERNS.one,
  2: PATTERNS.two,
  G: PATTERNS.four,
  inf: PATTERNS.infinity,
  pi: PATTERNS.pi,
  'pi/2': PATTERNS.rightAngle,
  'pi/4': { exponent: 0x3ffe, mantissa: 0xc90fdaa22168c235n },
  '3pi/4': { exponent: 0x4000, mantissa: 0x96cbe3f9990e91a8n },
};

function named(name: string): Float80 {
  const value = NAMES[name.slice(1)];
  assert.ok(value, name);
  return name.startsWith('-') ? negated(value) : value;
}

type Function2 = (st0: Float80, st1: Float80, control: number) => TranscendentalResult;

/**
 * A table of results: ST(0) across, ST(1) down. In a cell: a value, `*` for an invalid operation, `**` for a division by
 * zero, `.` for a number that other tests look at. A value of pi or of numbers comes with PE, a zero or infinity without.
 */
function checkTable(execute: Function2, text: string): void {
  const [head, ...rows] = text
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  assert.ok(rows.length > 0);
  for (const [y, ...cells] of rows) {
    assert.equal(cells.length, head.length);
    for (const [i, cell] of cells.entries()) {
      const result = execute(named(head[i]), named(y), MASKED);
      const what = `ST(0) ${head[i]}, ST(1) ${y}`;
      if (cell === '.') continue;
      if (cell === '*') {
        assert.deepEqual(result, { value: DEFAULT_NAN, flags: Invalid }, what);
      } else if (cell === '**') {
        assert.deepEqual(result, { value: named(y.startsWith('-') ? '+inf' : '-inf'), flags: ZeroDivide }, what);
      } else {
        assert.deepEqual(result.value, named(cell), what);
        assert.equal(result.flags & ~C1, /inf|0/.test(cell) ? 0 : Precision, what);
      }
    }
  }
}

const sources: PatternName[] = ['quietNaN', 'largerQuietNaN', 'signalingNaN', 'largerSignalingNaN'];
const unsupported: PatternName[] = ['unnormal', 'pseudoInfinity', 'pseudoNaN'];
const numbers: PatternName[] = ['zero', 'denormal', 'one', 'outOfRange', 'infinity'];

/** SDM vol. 1, table 4-7, for the x87. */
function expectedNaN(a: Float80, b: Float80): Float80 {
  const isQuiet = (it: Float80) => (it.mantissa & (1n << 62n)) !== 0n;
  if (isQuiet(a) !== isQuiet(b)) return isQuiet(a) ? a : b;
  const larger = a.mantissa >= b.mantissa ? a : b;
  return { ...larger, mantissa: larger.mantissa | (1n << 62n) };
}

describe('special operands of the transcendental functions', () => {
  it('FPATAN: the table of the manual', () => {
    checkTable(
      fpatan,
      `       -inf   -F     -0     +0     +F     +inf
       -inf   -3pi/4 -pi/2  -pi/2  -pi/2  -pi/2  -pi/4
       -F     -pi    -3pi/4 -pi/2  -pi/2  -pi/4  -0
       -0     -pi    -pi    -pi    -0     -0     -0
       +0     +pi    +pi    +pi    +0     +0     +0
       +F     +pi    +3pi/4 +pi/2  +pi/2  +pi/4  +0
       +inf   +3pi/4 +pi/2  +pi/2  +pi/2  +pi/2  +pi/4`,
    );
  });

  it('FYL2X: the table of the manual', () => {
    checkTable(
      fyl2x,
      `       -inf   -G     -0     +0     +F     +1     +G     +inf
       -inf   *      *      +inf   +inf   +inf   *      -inf   -inf
       -1     *      *      **     **     +2     -0     -2     -inf
       -0     *      *      *      *      +0     -0     -0     *
       +0     *      *      *      *      -0     +0     +0     *
       +1     *      *      **     **     -2     +0     +2     +inf
       +inf   *      *      -inf   -inf   -inf   *      +inf   +inf`,
    );
  });

  it('FYL2XP1: the table of the manual, and infinities', () => {
    checkTable(
      fyl2xp1,
      `       -inf   -F     -0     +0     +F     +inf
       -inf   *      +inf   *      *      -inf   -inf
       -1     *      .      +0     -0     .      -inf
       -0     *      +0     +0     -0     -0     *
       +0     *      -0     -0     +0     +0     *
       +1     *      .      -0     +0     .      +inf
       +inf   *      -inf   *      *      +inf   +inf`,
    );
  });

  it('zeros have exact results', () => {
    for (const zero of [PATTERNS.zero, negated(PATTERNS.zero)]) {
      assert.deepEqual(f2xm1(zero, MASKED), { value: zero, flags: 0 });
      assert.deepEqual(fsin(zero, MASKED), { value: zero, flags: 0 });
      assert.deepEqual(fcos(zero, MASKED), { value: PATTERNS.one, flags: 0 });
      assert.deepEqual(fsincos(zero, MASKED), { value: zero, pushed: PATTERNS.one, flags: 0 });
      assert.deepEqual(fptan(zero, MASKED), { value: zero, pushed: PATTERNS.one, flags: 0 });
    }
  });

  it('angles of 2^63 and more are left alone with C2, infinite ones are invalid', () => {
    for (const execute of [fsin, fcos, fsincos, fptan]) {
      const pushes = execute === fsincos || execute === fptan;
      for (const name of ['outOfRange', 'largest'] as const) {
        for (const angle of [PATTERNS[name], negated(PATTERNS[name])]) {
          assert.deepEqual(execute(angle, MASKED), { flags: C2 });
        }
      }
      assert.equal(execute(PATTERNS.largestAngle, MASKED).flags & ~C1, Precision);
      const both = { value: DEFAULT_NAN, pushed: DEFAULT_NAN, flags: Invalid };
      const indefinite = pushes ? both : { value: DEFAULT_NAN, flags: Invalid };
      for (const angle of [PATTERNS.infinity, negated(PATTERNS.infinity)]) {
        assert.deepEqual(execute(angle, MASKED), indefinite);
        assert.deepEqual(execute(angle, MASKED & ~Invalid), { flags: Invalid });
      }
    }
  });

  it('F2XM1 beyond 1, and FYL2XP1 to -1 and below, do as an AMD family 19h', () => {
    const minusOne = negated(PATTERNS.one);
    const half = negated(PATTERNS.half);
    assert.deepEqual(f2xm1(PATTERNS.one, MASKED), { value: PATTERNS.one, flags: Precision });
    assert.deepEqual(f2xm1(minusOne, MASKED), { value: half, flags: Precision });
    assert.deepEqual(f2xm1(PATTERNS.largest, MASKED), { value: PATTERNS.largest, flags: Precision });
    assert.deepEqual(f2xm1(negated(PATTERNS.two), MASKED), { value: negated(PATTERNS.two), flags: Precision });
    assert.deepEqual(f2xm1(PATTERNS.infinity, MASKED), { value: PATTERNS.infinity, flags: 0 });
    assert.deepEqual(f2xm1(negated(PATTERNS.infinity), MASKED), { value: minusOne, flags: 0 });
    for (const x of [minusOne, negated(PATTERNS.four), negated(PATTERNS.largest)]) {
      assert.deepEqual(fyl2xp1(x, PATTERNS.two, MASKED), { value: x, flags: Precision });
      assert.deepEqual(fyl2xp1(x, PATTERNS.denormal, MASKED), { value: x, flags: Precision | Denormal });
      assert.deepEqual(fyl2xp1(x, PATTERNS.denormal, MASKED & ~Denormal), { flags: Denormal });
    }
    // log2(1 + 1) and log2(1 + 3)
    assert.deepEqual(fyl2xp1(PATTERNS.one, PATTERNS.four, MASKED).value, PATTERNS.four);
    const three = { exponent: 0x4000, mantissa: 3n << 62n };
    assert.deepEqual(fyl2xp1(three, PATTERNS.two, MASKED).value, PATTERNS.four);
  });

  for (const { name, operands, execute } of INSTRUCTIONS) {
    const pushes = name === 'FSINCOS' || name === 'FPTAN';
    const expected = (value: Float80, flags: number) => (pushes ? { value, pushed: value, flags } : { value, flags });

    it(`${name}: NaNs go on, signalling ones become quiet`, () => {
      for (const source of sources) {
        for (const nan of [PATTERNS[source], negated(PATTERNS[source])]) {
          const flags = source.startsWith('q') || source.startsWith('largerQ') ? 0 : Invalid;
          const value = { ...nan, mantissa: nan.mantissa | (1n << 62n) };
          for (const other of numbers) {
            assert.deepEqual(execute(nan, PATTERNS[other], MASKED), expected(value, flags));
            if (operands === 2) assert.deepEqual(execute(PATTERNS[other], nan, MASKED), expected(value, flags));
          }
          if (flags) assert.deepEqual(execute(nan, PATTERNS.one, MASKED & ~Invalid), { flags });
        }
      }
    });

    it(`${name}: unsupported formats are invalid`, () => {
      for (const source of unsupported) {
        for (const other of [...numbers, ...sources]) {
          const result = expected(DEFAULT_NAN, Invalid);
          assert.deepEqual(execute(PATTERNS[source], PATTERNS[other], MASKED), result);
          if (operands === 2) assert.deepEqual(execute(PATTERNS[other], PATTERNS[source], MASKED), result);
        }
      }
    });

    it(`${name}: denormals raise DE, and stop it where that is unmasked`, () => {
      for (const source of ['denormal', 'pseudoDenormal', 'smallestDenormal', 'largestDenormal'] as const) {
        const result = execute(PATTERNS[source], PATTERNS.two, MASKED);
        assert.ok(result.flags & Denormal);
        assert.ok(result.value);
        assert.deepEqual(execute(PATTERNS[source], PATTERNS.two, MASKED & ~Denormal), { flags: Denormal });
        if (operands === 1) continue;
        assert.deepEqual(execute(PATTERNS.half, PATTERNS[source], MASKED & ~Denormal), { flags: Denormal });
      }
    });

    if (operands === 2) {
      it(`${name}: of two NaNs the quiet, the larger, the positive one goes on`, () => {
        for (const a of sources) {
          for (const b of sources) {
            const value = expectedNaN(PATTERNS[a], PATTERNS[b]);
            const flags = [a, b].some((it) => /ignaling/.test(it)) ? Invalid : 0;
            assert.deepEqual(execute(PATTERNS[a], PATTERNS[b], MASKED), { value, flags });
          }
          const nan = PATTERNS[a];
          const positive = { ...nan, mantissa: nan.mantissa | (1n << 62n) };
          assert.deepEqual(execute(negated(nan), nan, MASKED).value, positive);
          assert.deepEqual(execute(nan, negated(nan), MASKED).value, positive);
        }
      });
    }
  }

  it('invalid operations and the pole come before DE', () => {
    assert.deepEqual(fyl2x(negated(PATTERNS.one), PATTERNS.denormal, MASKED), { value: DEFAULT_NAN, flags: Invalid });
    assert.equal(fyl2x(PATTERNS.zero, PATTERNS.denormal, MASKED).flags, ZeroDivide);
    assert.deepEqual(fyl2x(PATTERNS.zero, PATTERNS.one, MASKED & ~ZeroDivide), { flags: ZeroDivide });
    assert.equal(fyl2x(PATTERNS.infinity, PATTERNS.denormal, MASKED).flags, Denormal);
  });

  it('unmasked overflow and underflow leave a result with a wrapped exponent', () => {
    const product = fyl2x(PATTERNS.four, PATTERNS.largest, MASKED & ~Overflow);
    assert.deepEqual(product.value, { exponent: 0x7fff - 0x6000, mantissa: PATTERNS.largest.mantissa });
    assert.equal(product.flags, Overflow | Precision);
    const angle = fpatan(PATTERNS.two, PATTERNS.smallestNormal, MASKED & ~Underflow);
    assert.deepEqual(angle.value, { exponent: 0x6000, mantissa: 1n << 63n });
    assert.equal(angle.flags, Underflow | Precision | C1);
  });

  it('masked overflow goes to infinity or to the largest number, by the rounding mode', () => {
    const results = [0, 1, 2, 3].map((rounding) => fyl2x(PATTERNS.four, PATTERNS.largest, MASKED | (rounding << 10)));
    const expected = [PATTERNS.infinity, PATTERNS.largest, PATTERNS.infinity, PATTERNS.largest];
    assert.deepEqual(
      results.map(({ value }) => value),
      expected,
    );
    assert.deepEqual(
      results.map(({ flags }) => flags),
      [C1, 0, C1, 0].map((c1) => Overflow | Precision | c1),
    );
    const negative = fyl2x(PATTERNS.four, negated(PATTERNS.largest), MASKED | (1 << 10));
    assert.deepEqual(negative.value, negated(PATTERNS.infinity));
  });

  it('masked underflow rounds to a denormal', () => {
    const down = fpatan(PATTERNS.largest, PATTERNS.smallestDenormal, MASKED | (1 << 10));
    assert.deepEqual(down, { value: PATTERNS.zero, flags: Underflow | Precision | Denormal });
    const up = fpatan(PATTERNS.largest, PATTERNS.smallestDenormal, MASKED | (2 << 10));
    assert.deepEqual(up, { value: PATTERNS.smallestDenormal, flags: Underflow | Precision | Denormal | C1 });
  });
});
