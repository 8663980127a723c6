import { type Real, rational, roundTo, squareRoot } from './exact';
import {
  C1,
  DE,
  type Decoded,
  decode,
  deliver,
  DOUBLE,
  encode,
  type Environment,
  EXTENDED,
  type FormatFacts,
  IE,
  indefinite,
  infinity,
  PE,
  quieted,
  SINGLE,
  sseEnvironment,
  x87Environment,
  ZE,
} from './formats';
import type { FloatCase, FloatOperation, FloatOutcome } from './operations';

/**
 * What each instruction has to give, worked out with exact numbers from the rules of the SDM (vol. 1, chapters 4.8, 8
 * and 11.5, and the instructions' pages) and independently of the code under test.
 */

type Answer = (test: FloatCase) => FloatOutcome;

/** A result in bits (none: the destination stays as it was) and flags. */
interface Result {
  readonly bits: bigint | undefined;
  readonly flags: number;
}

/** Finite value with its sign: significand * 2^power. */
interface Value {
  readonly negative: boolean;
  readonly real: Real;
}

const isNan = ({ class: kind }: Decoded) => kind === 'quiet' || kind === 'signalling';
const isFinite = ({ class: kind }: Decoded) => kind === 'zero' || kind === 'denormal' || kind === 'normal';
const exact = (x: Decoded): Real => rational(x.significand, 1n, x.power);
const signed = (x: Decoded): bigint => (x.negative ? -x.significand : x.significand);

/** What an operation gives for operands that are no NaNs: a number, or a special result. */
type Computed = Value | { infinity: boolean } | { zero: boolean } | 'invalid' | { divideByZero: boolean };
type Compute = (a: Decoded, b: Decoded, environment: Environment) => Computed;

function sum(a: Decoded, b: Decoded, { mode }: Environment): Computed {
  if (a.class === 'infinity' || b.class === 'infinity') {
    if (a.class === b.class && a.negative !== b.negative) return 'invalid';
    return { infinity: a.class === 'infinity' ? a.negative : b.negative };
  }
  if (a.class === 'zero' && b.class === 'zero' && a.negative === b.negative) return { zero: a.negative };
  const power = Math.min(a.power, b.power);
  const total = (signed(a) << BigInt(a.power - power)) + (signed(b) << BigInt(b.power - power));
  if (total === 0n) return { zero: mode === 'down' };
  return { negative: total < 0n, real: rational(total < 0n ? -total : total, 1n, power) };
}

const difference: Compute = (a, b, environment) => sum(a, { ...b, negative: !b.negative }, environment);

const product: Compute = (a, b) => {
  const negative = a.negative !== b.negative;
  const kinds = [a.class, b.class];
  if (kinds.includes('infinity')) return kinds.includes('zero') ? 'invalid' : { infinity: negative };
  if (kinds.includes('zero')) return { zero: negative };
  return { negative, real: rational(a.significand * b.significand, 1n, a.power + b.power) };
};

const quotient: Compute = (a, b) => {
  const negative = a.negative !== b.negative;
  if (a.class === b.class && (a.class === 'infinity' || a.class === 'zero')) return 'invalid';
  if (a.class === 'infinity') return { infinity: negative };
  if (b.class === 'zero') return { divideByZero: negative };
  if (b.class === 'infinity' || a.class === 'zero') return { zero: negative };
  return { negative, real: rational(a.significand, b.significand, a.power - b.power) };
};

const root: Compute = (a) => {
  if (a.class === 'zero') return { zero: a.negative };
  if (a.negative) return 'invalid';
  if (a.class === 'infinity') return { infinity: false };
  return { negative: false, real: squareRoot(a.significand, a.power) };
};

/** Rounds toward zero, kept within what can make a difference. */
function scaleOf(b: Decoded): number {
  const truncated = b.power >= 0 ? b.significand << BigInt(Math.min(b.power, 64)) : b.significand >> BigInt(-b.power);
  const limited = truncated > 70_000n ? 70_000 : Number(truncated);
  return b.negative ? -limited : limited;
}

const scaled: Compute = (a, b) => {
  if (b.class === 'infinity') {
    if (a.class === (b.negative ? 'infinity' : 'zero')) return 'invalid';
    return b.negative ? { zero: a.negative } : { infinity: a.negative };
  }
  if (a.class === 'infinity') return { infinity: a.negative };
  if (a.class === 'zero') return { zero: a.negative };
  return { negative: a.negative, real: rational(a.significand, 1n, a.power + scaleOf(b)) };
};

/** From the computed value to bits, exceptions before the operation in order of priority. */
function finish(
  format: FormatFacts,
  operands: readonly Decoded[],
  environment: Environment,
  computed: Computed,
  toRegister: boolean,
): Result {
  const { masks } = environment;
  const stopped = (flag: number) => (masks & flag) === 0;
  if (computed === 'invalid') return { bits: stopped(IE) ? undefined : indefinite(format), flags: IE };
  if ('divideByZero' in computed) {
    return { bits: stopped(ZE) ? undefined : infinity(format, computed.divideByZero), flags: ZE };
  }
  const denormal = operands.some(({ class: kind }) => kind === 'denormal') ? DE : 0;
  if (denormal !== 0 && stopped(DE)) return { bits: undefined, flags: DE };
  if ('infinity' in computed) return { bits: infinity(format, computed.infinity), flags: denormal };
  if ('zero' in computed) return { bits: encode(format, computed.zero, 0, 0n), flags: denormal };
  const { bits, flags } = deliver(format, computed.real, computed.negative, environment, toRegister);
  return { bits, flags: flags | denormal };
}

/** The NaN that an x87 instruction gives for these operands, or undefined. */
function x87Nan(operands: readonly Decoded[], from: FormatFacts, to: FormatFacts, masks: number): Result | undefined {
  if (operands.some(({ class: kind }) => kind === 'unsupported')) {
    return { bits: (masks & IE) === 0 ? undefined : indefinite(to), flags: IE };
  }
  const nans = operands.filter(isNan);
  if (nans.length === 0) return undefined;
  const flags = nans.some(({ class: kind }) => kind === 'signalling') ? IE : 0;
  if ((flags & ~masks) !== 0) return { bits: undefined, flags };
  const quiet = nans.filter(({ class: kind }) => kind === 'quiet');
  const candidates = quiet.length > 0 ? quiet : nans;
  const chosen = candidates.reduce((best, x) => {
    if (x.significand !== best.significand) return x.significand > best.significand ? x : best;
    return best.negative ? x : best;
  });
  return { bits: quieted(to, chosen, from), flags };
}

/** An x87 instruction whose result goes to where its first operand was. */
function x87(operands: 1 | 2, compute: Compute, precision?: number): Answer {
  return ({ control, a, b }) => {
    const environment = x87Environment(control, precision);
    const decoded = [a, b].slice(0, operands).map((bits) => decode(EXTENDED, bits));
    const result =
      x87Nan(decoded, EXTENDED, EXTENDED, environment.masks) ??
      finish(EXTENDED, decoded, environment, compute(decoded[0], decoded.at(-1) as Decoded, environment), true);
    return { flags: result.flags, result: result.bits ?? a, second: 0n };
  };
}

/** FRNDINT: the integer has no more bits than the number had. */
const roundToInteger: Answer = ({ control, a }) => {
  const environment = x87Environment(control, 64);
  const x = decode(EXTENDED, a);
  const nan = x87Nan([x], EXTENDED, EXTENDED, environment.masks);
  if (nan) return { flags: nan.flags, result: nan.bits ?? a, second: 0n };
  if (x.class === 'infinity' || x.class === 'zero') return { flags: 0, result: a, second: 0n };
  const { count, inexact, up } = roundTo(exact(x), 0, x.negative, environment.mode);
  const value: Computed = count === 0n ? { zero: x.negative } : { negative: x.negative, real: rational(count) };
  const { bits, flags } = finish(EXTENDED, [x], environment, value, true);
  const rounding = bits === undefined ? 0 : (inexact ? PE : 0) | (up ? C1 : 0);
  return { flags: flags | rounding, result: bits ?? a, second: 0n };
};

const C0 = 0x100;
const C2 = 0x400;
const C3 = 0x4000;

function remainder(nearest: boolean): Answer {
  return ({ control, a, b }) => {
    const environment = x87Environment(control, 64);
    const [x, y] = [decode(EXTENDED, a), decode(EXTENDED, b)];
    const nan = x87Nan([x, y], EXTENDED, EXTENDED, environment.masks);
    if (nan) return { flags: nan.flags, result: nan.bits ?? a, second: 0n };
    let conditions = 0;
    const compute = (): Computed => {
      if (x.class === 'infinity' || y.class === 'zero') return 'invalid';
      if (x.class === 'zero') return { zero: x.negative };
      if (y.class === 'infinity') return { negative: x.negative, real: exact(x) };
      const power = Math.min(x.power, y.power);
      const dividend = x.significand << BigInt(x.power - power);
      const divisor = y.significand << BigInt(y.power - power);
      const top = (z: Decoded) => z.power + z.significand.toString(2).length;
      const distance = top(x) - top(y);
      const left = distance < 64 ? 0 : distance - (32 + (distance % 32));
      const step = divisor << BigInt(left);
      let count = dividend / step;
      let rest = dividend % step;
      let negative = x.negative;
      if (left > 0) conditions = C2;
      else {
        if (nearest && (2n * rest > step || (2n * rest === step && count % 2n === 1n))) {
          count++;
          rest = step - rest;
          negative = !negative;
        }
        const bit = (place: bigint, condition: number) => ((count >> place) & 1n ? condition : 0);
        conditions = bit(0n, C1) | bit(1n, C3) | bit(2n, C0);
      }
      return rest === 0n ? { zero: x.negative } : { negative, real: rational(rest, 1n, power) };
    };
    const { bits, flags } = finish(EXTENDED, [x, y], environment, compute(), true);
    return { flags: bits === undefined ? flags : flags | conditions, result: bits ?? a, second: 0n };
  };
}

const extract: Answer = ({ control, a }) => {
  const x = decode(EXTENDED, a);
  const masks = control & 0x3f;
  const both = (flags: number, significand: bigint, exponent: bigint): FloatOutcome =>
    (flags & ~masks) !== 0 ? { flags, result: 0n, second: 0n } : { flags, result: significand, second: exponent };
  const nan = x87Nan([x], EXTENDED, EXTENDED, masks);
  if (nan) return both(nan.flags, nan.bits ?? 0n, nan.bits ?? 0n);
  if (x.class === 'infinity') return both(0, a, infinity(EXTENDED, false));
  if (x.class === 'zero') return both(ZE, a, infinity(EXTENDED, true));
  const bits = x.significand.toString(2).length;
  const exponent = x.power + bits - 1;
  const one = encode(EXTENDED, x.negative, 16383, x.significand << BigInt(64 - bits));
  return both(x.class === 'denormal' ? DE : 0, one, encodeInteger(BigInt(exponent)));
};

/** An integer in the 80-bit format. */
function encodeInteger(value: bigint): bigint {
  if (value === 0n) return 0n;
  const magnitude = value < 0n ? -value : value;
  const bits = magnitude.toString(2).length;
  return encode(EXTENDED, value < 0n, 16383 + bits - 1, magnitude << BigInt(64 - bits));
}

/** -1, 0 or 1, or undefined for unordered. */
function order(a: Decoded, b: Decoded): number | undefined {
  if (isNan(a) || isNan(b) || a.class === 'unsupported' || b.class === 'unsupported') return undefined;
  const beyond = (x: Decoded) => (x.class === 'infinity' ? (x.negative ? -1 : 1) : 0);
  if (!isFinite(a) || !isFinite(b)) return Math.sign(beyond(a) - beyond(b));
  const power = Math.min(a.power, b.power);
  const [x, y] = [a, b].map((z) => signed(z) << BigInt(z.power - power));
  return x < y ? -1 : x > y ? 1 : 0;
}

function compare(quiet: boolean): Answer {
  return ({ control, a, b }) => {
    const [x, y] = [decode(EXTENDED, a), decode(EXTENDED, b)];
    const relation = order(x, y);
    const kinds = [x.class, y.class];
    const invalid = !quiet || kinds.includes('signalling') || kinds.includes('unsupported');
    const flags = relation === undefined ? (invalid ? IE : 0) : kinds.includes('denormal') ? DE : 0;
    const conditions = relation === undefined ? C0 | C2 | C3 : [C0, C3, 0][relation + 1];
    return { flags: (flags & ~control) !== 0 ? flags : flags | conditions, result: 0n, second: 0n };
  };
}

const EXAMINED = {
  unsupported: 0,
  quiet: C0,
  signalling: C0,
  normal: C2,
  infinity: C2 | C0,
  zero: C3,
  denormal: C3 | C2,
} as const;

const examine: Answer = ({ a }) => {
  const x = decode(EXTENDED, a);
  return { flags: EXAMINED[x.class] | (x.negative ? C1 : 0), result: 0n, second: 0n };
};

/** FLD of a narrower format: exact. */
function load(format: FormatFacts): Answer {
  return ({ control, a }) => {
    const x = decode(format, a);
    const masks = control & 0x3f;
    const result = (): Result => {
      const nan = x87Nan([x], format, EXTENDED, masks);
      if (nan) return nan;
      if (x.class === 'infinity') return { bits: infinity(EXTENDED, x.negative), flags: 0 };
      const value: Computed = x.class === 'zero' ? { zero: x.negative } : { negative: x.negative, real: exact(x) };
      return finish(EXTENDED, [x], x87Environment(control, 64), value, true);
    };
    const { bits, flags } = result();
    return { flags, result: bits ?? 0n, second: 0n };
  };
}

/** FST to a narrower format. Denormal operands are not reported. */
function store(format: FormatFacts): Answer {
  return ({ control, a }) => {
    const x = decode(EXTENDED, a);
    const environment = x87Environment(control, format.fraction + 1);
    const result = (): Result => {
      const nan = x87Nan([x], EXTENDED, format, environment.masks);
      if (nan) return nan;
      if (x.class === 'infinity') return { bits: infinity(format, x.negative), flags: 0 };
      if (x.class === 'zero') return { bits: encode(format, x.negative, 0, 0n), flags: 0 };
      const { bits, flags } = deliver(format, exact(x), x.negative, environment, false);
      // What is not stored is neither inexact nor rounded: SDM vol. 1, 8.5.6.
      return { bits, flags: bits === undefined ? flags & ~(PE | C1) : flags };
    };
    const { bits, flags } = result();
    return { flags, result: bits ?? 0n, second: 0n };
  };
}

/** The integer that a number rounds to, or undefined if there is none in the range. */
function toInteger(x: Decoded, environment: Environment, lowest: bigint, highest: bigint) {
  if (!isFinite(x)) return undefined;
  if (x.class === 'zero') return { value: 0n, flags: 0 };
  if (x.power > 64) return undefined;
  const { count, inexact, up } = roundTo(exact(x), 0, x.negative, environment.mode);
  const value = x.negative ? -count : count;
  if (value < lowest || value > highest) return undefined;
  return { value, flags: (inexact ? PE : 0) | (up ? C1 : 0) };
}

function storeInteger(bits: number): Answer {
  const half = 1n << BigInt(bits - 1);
  return ({ control, a }) => {
    const found = toInteger(decode(EXTENDED, a), x87Environment(control, 64), -half, half - 1n);
    if (found) return { flags: found.flags, result: BigInt.asUintN(bits, found.value), second: 0n };
    return { flags: IE, result: (control & IE) === 0 ? 0n : half, second: 0n };
  };
}

const storeDecimal: Answer = ({ control, a }) => {
  const limit = 10n ** 18n - 1n;
  const x = decode(EXTENDED, a);
  const found = toInteger(x, x87Environment(control, 64), -limit, limit);
  if (!found) return { flags: IE, result: (control & IE) === 0 ? 0n : 0xffffc000000000000000n, second: 0n };
  const digits = BigInt(`0x${found.value < 0n ? -found.value : found.value}`);
  return { flags: found.flags, result: (x.negative ? 1n << 79n : 0n) | digits, second: 0n };
};

const loadDecimal: Answer = ({ a }) => {
  const digits = BigInt((a & ((1n << 72n) - 1n)).toString(16));
  return { flags: 0, result: ((a >> 79n) << 79n) | encodeInteger(digits), second: 0n };
};

const loadInteger =
  (bits: number): Answer =>
  ({ a }) => ({
    flags: 0,
    result: encodeInteger(BigInt.asIntN(bits, a)),
    second: 0n,
  });

// SSE

const DENORMALS_ARE_ZEROS = 0x40;

/** An operand as SSE sees it: with DAZ a denormal is a zero. */
function sseOperand(format: FormatFacts, bits: bigint, mxcsr: number): { bits: bigint; x: Decoded } {
  const x = decode(format, bits);
  if (x.class !== 'denormal' || (mxcsr & DENORMALS_ARE_ZEROS) === 0) return { bits, x };
  const zero = encode(format, x.negative, 0, 0n);
  return { bits: zero, x: decode(format, zero) };
}

/** MXCSR's flags stay set; a result after an unmasked exception does not count. */
function sseOutcome(mxcsr: number, flags: number, result: bigint): FloatOutcome {
  const all = (flags | mxcsr) & 0x3f;
  return { flags: all, result: (all & ~(mxcsr >> 7)) === 0 ? result : 0n, second: 0n };
}

function sseNan(operands: readonly Decoded[], from: FormatFacts, to: FormatFacts): Result | undefined {
  const nan = operands.find(isNan);
  if (!nan) return undefined;
  const signalling = operands.some(({ class: kind }) => kind === 'signalling');
  return { bits: quieted(to, nan, from), flags: signalling ? IE : 0 };
}

function sse(from: FormatFacts, to: FormatFacts, operands: 1 | 2, compute: Compute): Answer {
  return ({ control, a, b }) => {
    const environment = sseEnvironment(control, to.fraction + 1);
    const decoded = [a, b].slice(0, operands).map((bits) => sseOperand(from, bits, control).x);
    const computed = () => compute(decoded[0], decoded.at(-1) as Decoded, environment);
    const { bits, flags } = sseNan(decoded, from, to) ?? finish(to, decoded, environment, computed(), false);
    return sseOutcome(control, flags, bits ?? 0n);
  };
}

const itself: Compute = (a) => {
  if (a.class === 'infinity') return { infinity: a.negative };
  return a.class === 'zero' ? { zero: a.negative } : { negative: a.negative, real: exact(a) };
};

function choose(format: FormatFacts, wanted: number): Answer {
  return ({ control, a, b }) => {
    const [x, y] = [a, b].map((bits) => sseOperand(format, bits, control));
    const relation = order(x.x, y.x);
    const denormal = x.x.class === 'denormal' || y.x.class === 'denormal';
    const flags = relation === undefined ? IE : denormal ? DE : 0;
    return sseOutcome(control, flags, relation === wanted ? x.bits : y.bits);
  };
}

function sseCompare(
  format: FormatFacts,
  signalling: boolean,
  result: (relation: number | undefined) => bigint,
): Answer {
  return ({ control, a, b }) => {
    const [x, y] = [a, b].map((bits) => sseOperand(format, bits, control).x);
    const relation = order(x, y);
    const kinds = [x.class, y.class];
    const invalid = signalling || kinds.includes('signalling');
    const flags = relation === undefined ? (invalid ? IE : 0) : kinds.includes('denormal') ? DE : 0;
    return sseOutcome(control, flags, result(relation));
  };
}

const RELATIONS: readonly ((relation: number | undefined) => boolean)[] = [
  (relation) => relation === 0,
  (relation) => relation === -1,
  (relation) => relation === -1 || relation === 0,
  (relation) => relation === undefined,
];

function predicate(format: FormatFacts, number: number): Answer {
  const width = BigInt(1 + format.exponentBits + format.fraction);
  return sseCompare(format, number % 4 === 1 || number % 4 === 2, (relation) =>
    RELATIONS[number % 4](relation) === number < 4 ? (1n << width) - 1n : 0n,
  );
}

function sseToInteger(format: FormatFacts, truncate: boolean): Answer {
  return ({ control, a }) => {
    const environment = sseEnvironment(control, 64);
    const { x } = sseOperand(format, a, control);
    const mode = truncate ? 'zero' : environment.mode;
    const found = toInteger(x, { ...environment, mode }, -(1n << 31n), (1n << 31n) - 1n);
    if (!found) return sseOutcome(control, IE, 1n << 31n);
    return sseOutcome(control, found.flags, BigInt.asUintN(32, found.value));
  };
}

function sseFromInteger(format: FormatFacts): Answer {
  return ({ control, a }) => {
    const value = BigInt.asIntN(32, a);
    if (value === 0n) return sseOutcome(control, 0, 0n);
    const environment = sseEnvironment(control, format.fraction + 1);
    const real = rational(value < 0n ? -value : value);
    const { bits, flags } = deliver(format, real, value < 0n, environment, false);
    return sseOutcome(control, flags, bits ?? 0n);
  };
}

const RELATION_FLAGS = (relation: number | undefined): bigint =>
  relation === undefined ? 0x45n : [1n, 0x40n, 0n][relation + 1];

function forSuffix(suffix: 'ss' | 'sd', format: FormatFacts): Record<string, Answer> {
  const computes = { add: sum, sub: difference, mul: product, div: quotient };
  const answers: Record<string, Answer> = {
    [`sqrt${suffix}`]: sse(format, format, 1, root),
    [`min${suffix}`]: choose(format, -1),
    [`max${suffix}`]: choose(format, 1),
    [`comi${suffix}`]: sseCompare(format, true, RELATION_FLAGS),
    [`ucomi${suffix}`]: sseCompare(format, false, RELATION_FLAGS),
    [`cvtsi2${suffix}`]: sseFromInteger(format),
    [`cvt${suffix}2si`]: sseToInteger(format, false),
    [`cvtt${suffix}2si`]: sseToInteger(format, true),
  };
  for (const [name, compute] of Object.entries(computes)) answers[name + suffix] = sse(format, format, 2, compute);
  for (let number = 0; number < 8; number++) answers[`cmp${suffix}${number}`] = predicate(format, number);
  return answers;
}

const ANSWERS: Readonly<Record<string, Answer>> = {
  fadd: x87(2, sum),
  fsub: x87(2, difference),
  fmul: x87(2, product),
  fdiv: x87(2, quotient),
  fsqrt: x87(1, root),
  frndint: roundToInteger,
  fscale: x87(2, scaled, 64),
  fxtract: extract,
  fprem: remainder(false),
  fprem1: remainder(true),
  fcom: compare(false),
  fucom: compare(true),
  fxam: examine,
  fld32: load(SINGLE),
  fld64: load(DOUBLE),
  fild32: loadInteger(32),
  fild64: loadInteger(64),
  fbld: loadDecimal,
  fst32: store(SINGLE),
  fst64: store(DOUBLE),
  fist16: storeInteger(16),
  fist32: storeInteger(32),
  fist64: storeInteger(64),
  fbstp: storeDecimal,
  ...forSuffix('ss', SINGLE),
  ...forSuffix('sd', DOUBLE),
  cvtss2sd: sse(SINGLE, DOUBLE, 1, itself),
  cvtsd2ss: sse(DOUBLE, SINGLE, 1, itself),
};

/** The right outcome of each case. */
export function reference(operation: FloatOperation, cases: readonly FloatCase[]): Promise<FloatOutcome[]> {
  return Promise.resolve(cases.map((test) => ANSWERS[operation.name](test)));
}
