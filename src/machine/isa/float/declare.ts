import type { ValueType } from '../wasm/expression';
import type { ModuleBuilder } from '../wasm/module';

/**
 * The floating-point functions that instruction definitions call by name (`e.float`). No function touches FPU or
 * MXCSR state: the caller hands in control words, merges flags, raises exceptions and moves TOP.
 *
 * **x87** (`f80…`). Operands and destinations are host pointers to 16-byte places: u64 significand with its integer
 * bit at +0, u16 sign and biased exponent at +8. A destination may be one of the operands. `control` is the control
 * word (FPU_CONTROL). The i32 result holds flags in the places of the status word: IE, DE, ZE, OE, UE, PE, and C1 if
 * the result was rounded up (away from zero); the caller clears C1 first. Precision control applies to add, sub, mul,
 * div and sqrt only.
 *
 * Unmasked exceptions: when the flags hold an unmasked IE, DE or ZE no later exception is reported with them; a
 * function that is given `control` has left the destination as it was, others may have written it. After an unmasked
 * OE or UE a *place* as destination has the result with its exponent moved by 24576 (SDM vol. 1, 8.5.4 and 8.5.5), to
 * be used as always; a destination for *memory* (f32, f64) has no meaning and must not be stored. After an unmasked
 * PE alone every destination is valid.
 *
 * **x87 on values** (`x87…`): the same for code that keeps registers in locals. A value is an i64 significand and a *top*,
 * whose lower 16 bits are sign and exponent; a result's top has the flags in the upper 16. All exceptions must be masked.
 * They use FPU_SCRATCH.
 *
 * **SSE** (`f32…`, `f64…`). Operands and results are bits; `mxcsr` is the MXCSR. Flags are ORed into FLOAT_FLAGS in
 * the places of MXCSR: IE, DE, ZE, OE, UE, PE. The caller zeroes FLOAT_FLAGS, computes all elements, and writes
 * nothing if a flag is unmasked. If that is IE, DE or ZE, only those three are raised, of all elements: OE, UE and PE
 * come after the computation (SDM vol. 1, 11.5.2).
 *
 * Sources: SDM vol. 1 chapters 4.8, 4.9, 8 and 11.5, and the instructions' pages in vol. 2.
 */

/** Parameters and results of a function: `i` is i32, `l` is i64; before the colon parameters, behind it results. */
type Signature = `${string}:${string}`;

const F80 = {
  /** (dst, a, b, control) -> flags: dst = a + b. */
  f80Add: 'iiii:i',
  /** (dst, a, b, control) -> flags: dst = a - b. */
  f80Sub: 'iiii:i',
  /** (dst, a, b, control) -> flags: dst = a * b. */
  f80Mul: 'iiii:i',
  /** (dst, a, b, control) -> flags: dst = a / b. */
  f80Div: 'iiii:i',
  /** (dst, a, control) -> flags: dst = square root of a. */
  f80Sqrt: 'iii:i',
  /** (dst, a, control) -> flags: dst = a rounded to an integer by RC (FRNDINT). */
  f80RoundToInteger: 'iii:i',
  /** (dst, a, b, control) -> flags: dst = a * 2^trunc(b) (FSCALE). */
  f80Scale: 'iiii:i',
  /** (exponent, significand, a) -> flags: both parts of a as places (FXTRACT: significand is what is pushed). */
  f80Extract: 'iii:i',
  /**
   * (dst, a, b, control, nearest) -> flags with C0, C1, C2, C3: one step of FPREM (nearest = 0) or FPREM1 (nearest =
   * 1). C2 is set when the reduction is incomplete; else the quotient's bits 2, 1, 0 are in C0, C3, C1.
   */
  f80Remainder: 'iiiii:i',
  /**
   * (a, b, quiet) -> flags with C3, C2, C0: 0 if a > b, C0 if a < b, C3 if equal, all three if unordered.
   * quiet = 1 raises IE only for SNaNs and unsupported encodings (FUCOM), 0 for every NaN (FCOM).
   */
  f80Compare: 'iii:i',
  /** (a) -> C3, C2, C1, C0: class and sign of a register that is not empty (FXAM). */
  f80Examine: 'i:i',
  /**
   * (dst, bits) -> flags: loads a single (FLD m32); IE for an SNaN, DE for a denormal. A conversion of an operand
   * does the same.
   */
  f80FromF32: 'ii:i',
  /** (dst, bits) -> flags: loads a double. */
  f80FromF64: 'il:i',
  /** (dst, value): exact. Also for 16-bit integers, sign-extended. */
  f80FromI32: 'ii:',
  /** (dst, value): exact. */
  f80FromI64: 'il:',
  /** (dst, source): loads 10 bytes of packed decimal at a host pointer (FBLD); exact. */
  f80FromBcd: 'ii:',
  /** (dst, a, control) -> flags: u32 at dst, for memory. */
  f80ToF32: 'iii:i',
  /** (dst, a, control) -> flags: u64 at dst, for memory. */
  f80ToF64: 'iii:i',
  /**
   * (dst, a, control) -> flags: u32 at dst whose low half is the word; rounded by RC, 0x8000 with IE if it does not
   * fit.
   */
  f80ToI16: 'iii:i',
  /** (dst, a, control) -> flags: u32 at dst; 0x80000000 with IE if it does not fit. */
  f80ToI32: 'iii:i',
  /** (dst, a, control) -> flags: u64 at dst; 2^63 with IE if it does not fit. */
  f80ToI64: 'iii:i',
  /**
   * (dst, a, control) -> flags: 10 bytes of packed decimal at dst; the indefinite with IE if it does not fit (FBSTP).
   */
  f80ToBcd: 'iii:i',
} as const satisfies Record<string, Signature>;

const VALUES = {
  /** (a, top of a, b, top of b, control) -> value, top and flags: a + b. */
  x87Add: 'lilii:li',
  x87Sub: 'lilii:li',
  x87Mul: 'lilii:li',
  x87Div: 'lilii:li',
  /** (a, top of a, bits, control) -> value, top and flags: a OP bits of a single or double; or bits OP a (R). */
  x87AddF32: 'liii:li',
  x87AddF64: 'lili:li',
  x87SubF32: 'liii:li',
  x87SubF64: 'lili:li',
  x87SubRF32: 'liii:li',
  x87SubRF64: 'lili:li',
  x87MulF32: 'liii:li',
  x87MulF64: 'lili:li',
  x87DivF32: 'liii:li',
  x87DivF64: 'lili:li',
  x87DivRF32: 'liii:li',
  x87DivRF64: 'lili:li',
  /** (a, top of a, bits) -> flags with C3, C2, C0: FCOM with a single or double. */
  x87CompareF32: 'lii:i',
  x87CompareF64: 'lil:i',
  /** (a, top of a, control) -> value, top and flags. */
  x87Sqrt: 'lii:li',
  /** (a, top of a, b, top of b, quiet) -> flags with C3, C2, C0: see f80Compare. */
  x87Compare: 'lilii:i',
  /** (bits) -> value, top and flags. */
  x87FromF32: 'i:li',
  x87FromF64: 'l:li',
  /** (a, top of a, control) -> bits, flags. */
  x87ToF32: 'lii:ii',
  x87ToF64: 'lii:li',
  /** (a, top of a, control) -> integer, flags; the indefinite with IE if it does not fit. */
  x87ToI16: 'lii:ii',
  x87ToI32: 'lii:ii',
  x87ToI64: 'lii:li',
} as const satisfies Record<string, Signature>;

const SSE = {
  /** (a, b, mxcsr) -> a + b. */
  f32Add: 'iii:i',
  f64Add: 'lli:l',
  /** (a, b, mxcsr) -> a - b. */
  f32Sub: 'iii:i',
  f64Sub: 'lli:l',
  /** (a, b, mxcsr) -> a * b. */
  f32Mul: 'iii:i',
  f64Mul: 'lli:l',
  /** (a, b, mxcsr) -> a / b. */
  f32Div: 'iii:i',
  f64Div: 'lli:l',
  /** (a, mxcsr) -> square root of a. */
  f32Sqrt: 'ii:i',
  f64Sqrt: 'li:l',
  /** (a, b, mxcsr) -> the smaller; b if either is a NaN or both are zeros (MINSS). a is the destination operand. */
  f32Min: 'iii:i',
  f64Min: 'lli:l',
  /** (a, b, mxcsr) -> the larger; b if either is a NaN or both are zeros (MAXSS). */
  f32Max: 'iii:i',
  f64Max: 'lli:l',
  /**
   * (a, b, signalling, mxcsr) -> relation as COMISS sets EFLAGS: 0 if a > b, CF (1) if a < b, ZF (0x40) if equal,
   * ZF PF CF (0x45) if unordered. signalling = 1 raises IE for QNaNs too (COMISS), 0 only for SNaNs (UCOMISS).
   */
  f32Compare: 'iiii:i',
  f64Compare: 'llii:i',
  /**
   * (a, b, predicate, mxcsr) -> 1 if a PREDICATE b, else 0; predicates 0-7 as CMPPS has them (EQ LT LE UNORD NEQ NLT
   * NLE ORD).
   */
  f32Predicate: 'iiii:i',
  f64Predicate: 'llii:i',
  /** (value, mxcsr) -> nearest by RC; PE if inexact. */
  f32FromI32: 'ii:i',
  /** (value) -> exact. */
  f64FromI32: 'i:l',
  /** (a, mxcsr) -> i32 rounded by RC; 0x80000000 with IE if it does not fit. */
  f32ToI32: 'ii:i',
  f64ToI32: 'li:i',
  /** (a, mxcsr) -> i32 rounded to zero; 0x80000000 with IE if it does not fit. */
  f32TruncateToI32: 'ii:i',
  f64TruncateToI32: 'li:i',
  /** (a, mxcsr) -> CVTSS2SD. */
  f32ToF64: 'ii:l',
  /** (a, mxcsr) -> CVTSD2SS. */
  f64ToF32: 'li:i',
} as const satisfies Record<string, Signature>;

/** Functions that only those above call. */
const SHARED = {
  /** (dst, sign, exponent, high, low, control) -> flags: rounds by PC and writes a place. Operands: see round.ts. */
  roundF80: 'iiilli:i',
  /** (dst, sign, exponent, high, low, control) -> flags: the same, to 64 bits whatever PC is. */
  roundF80Extended: 'iiilli:i',
  /** (sign, exponent, high, low, control) -> bits, flags (with C1). */
  roundF32: 'iilli:ii',
  roundF64: 'iilli:li',
  /** (dst, a, b, control) -> flags or -1: the result if an operand is a NaN or unsupported, see x87.ts. */
  nanF80: 'iiii:i',
  /** (a, top of a, control) -> magnitude, flags: the integer that RC makes of a value, see integer.ts. */
  integerF80: 'lii:li',
  /** (high, low, divisor) -> quotient, remainder: 128 bits by 64, see wide.ts. */
  divideWide: 'lll:ll',
} as const satisfies Record<string, Signature>;

const SIGNATURES = { ...F80, ...VALUES, ...SSE, ...SHARED };

/** Name of a floating-point function that instruction definitions may call. */
export type FloatFunction = keyof typeof F80 | keyof typeof SSE;

/** Name of a function of the x87 that works on places. */
export type PlaceFunction = keyof typeof F80;

/** Name of a function of the x87 that works on values. */
export type ValueFunction = keyof typeof VALUES;

/** True for the functions of the x87 among those that instruction definitions may call. */
export function isX87Function(name: FloatFunction): name is PlaceFunction {
  return name in F80;
}

/** All functions of the x87, which compiled code calls. */
export const X87_FUNCTIONS = [...Object.keys(F80), ...Object.keys(VALUES)] as (PlaceFunction | ValueFunction)[];

/** Name of any function of this room. */
export type FloatRoutine = keyof typeof SIGNATURES;

/** All of them, in a fixed order. */
export const FLOAT_ROUTINES = Object.keys(SIGNATURES) as FloatRoutine[];

const TYPES: Readonly<Record<string, ValueType>> = { i: 'i32', l: 'i64' };

/** Types of the parameters and results of a function. */
export function floatSignature(name: FloatRoutine): { params: ValueType[]; results: ValueType[] } {
  const [params, results] = SIGNATURES[name].split(':').map((letters) => [...letters].map((letter) => TYPES[letter]));
  return { params, results };
}

/** Declares every function by its name. The bodies come from `defineFloat`. */
export function declareFloat(m: ModuleBuilder): void {
  for (const name of FLOAT_ROUTINES) {
    const { params, results } = floatSignature(name);
    m.declare(name, params, results);
  }
}
