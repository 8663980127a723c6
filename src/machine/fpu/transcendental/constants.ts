import { type Float80, zero, one } from '../float80';
import { Rounding, roundingOf } from '../words';

/** A constant of the processor's ROM, cut to 64 bits. */
interface Constant {
  readonly truncated: Float80;
  /** The bits that were cut off are more than half a unit. */
  readonly roundsUp: boolean;
}

function load({ truncated, roundsUp }: Constant, control: number): Float80 {
  const rounding = roundingOf(control);
  const up = rounding === Rounding.Up || (rounding === Rounding.Nearest && roundsUp);
  return up ? { mantissa: truncated.mantissa + 1n, exponent: truncated.exponent } : truncated;
}

/** log2(10) = 3.3219... */
const LOG2_10 = { truncated: { mantissa: 0xd49a784bcd1b8afen, exponent: 0x4000 }, roundsUp: false };
/** log2(e) = 1.4426... */
const LOG2_E = { truncated: { mantissa: 0xb8aa3b295c17f0bbn, exponent: 0x3fff }, roundsUp: true };
/** pi = 3.1415... */
const PI = { truncated: { mantissa: 0xc90fdaa22168c234n, exponent: 0x4000 }, roundsUp: true };
/** log10(2) = 0.3010... */
const LOG10_2 = { truncated: { mantissa: 0x9a209a84fbcff798n, exponent: 0x3ffd }, roundsUp: true };
/** ln(2) = 0.6931... */
const LN_2 = { truncated: { mantissa: 0xb17217f7d1cf79abn, exponent: 0x3ffe }, roundsUp: true };

/**
 * The constants by instruction. The processor holds them with 66 bits and rounds them by the rounding control (SDM vol. 2A,
 * "FLD1/FLDL2T/..."), without PE and whatever the precision control says.
 */
export const LOAD_CONSTANT = {
  fld1: () => one(false),
  fldl2t: (control: number) => load(LOG2_10, control),
  fldl2e: (control: number) => load(LOG2_E, control),
  fldpi: (control: number) => load(PI, control),
  fldlg2: (control: number) => load(LOG10_2, control),
  fldln2: (control: number) => load(LN_2, control),
  fldz: () => zero(false),
} as const satisfies Record<string, (control: number) => Float80>;
