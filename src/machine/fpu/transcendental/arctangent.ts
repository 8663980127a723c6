import { type Float80, zero } from '../float80';
import { angleOf } from './angle';
import { fixed, PI } from './fixed-point';
import { answerToNaN, denormalFlag, finiteOf, isInfinite, isZero, type Operand, operandOf } from './operands';
import { plain, type TranscendentalResult, withFlags } from './result';
import { round } from './rounding';

/**
 * The angle in quarters of pi where a zero or an infinity decides it. SDM vol. 2A, "FPATAN", table of results.
 * @returns undefined if both operands are ordinary numbers
 */
function quartersOfPi(y: Operand, x: Operand): number | undefined {
  if (isZero(y) || (isInfinite(x) && !isInfinite(y))) return x.negative ? 4 : 0;
  if (isInfinite(x)) return x.negative ? 3 : 1;
  if (isZero(x) || isInfinite(y)) return 2;
  return undefined;
}

/**
 * FPATAN: the angle of the point with the abscissa ST(0) and the ordinate ST(1), from -pi to pi; it replaces ST(1), the caller
 * pops. SDM vol. 2A, "FPATAN".
 */
export function fpatan(st0: Float80, st1: Float80, control: number): TranscendentalResult {
  const x = operandOf(st0);
  const y = operandOf(st1);
  const nan = answerToNaN(control, x, y);
  if (nan) return nan;
  const { negative } = y;
  return withFlags(denormalFlag(x, y), control, () => {
    const quarters = quartersOfPi(y, x);
    if (quarters === 0) return plain(zero(negative));
    const angle =
      quarters === undefined ? angleOf(finiteOf(y), finiteOf(x), x.negative) : fixed((PI * BigInt(quarters)) / 4n);
    return round({ ...angle, negative, exact: false }, control);
  });
}
