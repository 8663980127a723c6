import type { FloatFunction } from '../../../../src/machine/isa/float/declare';
import type { Random } from '../../../differential/support/random';
import { type FloatModule, PLACES } from './module';
import {
  controlWord,
  integerBits,
  mxcsr,
  nearInteger,
  operand80,
  operandBits,
  packedDecimal,
  scaleBy,
} from './operands';

/** An instruction with given operands, as bits, under a control word or MXCSR. */
export interface FloatCase {
  readonly control: number;
  readonly a: bigint;
  readonly b: bigint;
}

/** What an instruction leaves: flags in status word or MXCSR places, and one or two results as bits. */
export interface FloatOutcome {
  readonly flags: number;
  readonly result: bigint;
  readonly second: bigint;
}

/** An instruction that the processor of this computer and the floating-point functions have in common. */
export interface FloatOperation {
  /** Its name in native/fpu.c. */
  readonly name: string;
  /** Function that carries it out. */
  readonly function: FloatFunction;
  generate(random: Random): FloatCase;
  run(module: FloatModule, test: FloatCase): FloatOutcome;
  /** Brings what the processor left, all of it, to what `run` gives. */
  fromNative(outcome: FloatOutcome, test: FloatCase): FloatOutcome;
}

const EXCEPTIONS = 0x3f;
const PRE_COMPUTATION = 7;
const C1 = 0x200;
const CONDITIONS = 0x4700;

const ALL_80 = (1n << 80n) - 1n;
const low = (value: bigint, bits: number) => BigInt.asUintN(bits, value);

const x87Case = (random: Random, a: bigint, b = 0n): FloatCase => ({ control: controlWord(random), a, b });

/** True if an exception that is reported before the operation is done is unmasked. */
const stopsBefore = (flags: number, control: number): boolean => (flags & ~control & PRE_COMPUTATION) !== 0;

interface X87Options {
  /** Bits of the status word to compare. */
  flags?: number;
  /** Whether there is a second register as a result. */
  second?: boolean;
  generate?: (random: Random) => FloatCase;
  extra?: number[];
}

/** An instruction on ST(0) and perhaps ST(1) whose result is in ST(0). */
function onPlaces(name: string, fn: FloatFunction, operands: 1 | 2, options: X87Options = {}): FloatOperation {
  const mask = options.flags ?? EXCEPTIONS | C1;
  return {
    name,
    function: fn,
    generate:
      options.generate ??
      ((random) => {
        const b = operand80(random);
        return x87Case(random, operand80(random, b), b);
      }),
    run: (module, { control, a, b }) => {
      const { a: pa, b: pb } = PLACES;
      module.setPlace(pa, a);
      module.setPlace(pb, b);
      const sources = operands === 1 ? [pa] : [pa, pb];
      const flags = module.call(fn, pa, ...sources, control, ...(options.extra ?? [])) as number;
      return { flags: flags & mask, result: module.place(pa), second: 0n };
    },
    fromNative: ({ flags, result }) => ({ flags: flags & mask, result: result & ALL_80, second: 0n }),
  };
}

/** FXTRACT: two results, and none of meaning if the instruction stops before them. */
const EXTRACT: FloatOperation = {
  name: 'fxtract',
  function: 'f80Extract',
  generate: (random) => x87Case(random, operand80(random)),
  run: (module, { control, a }) => {
    module.setPlace(PLACES.a, a);
    const flags = module.call('f80Extract', PLACES.a, PLACES.other, PLACES.a) as number;
    if (stopsBefore(flags, control)) return { flags, result: 0n, second: 0n };
    return { flags, result: module.place(PLACES.other), second: module.place(PLACES.a) };
  },
  fromNative: (outcome, { control }) => {
    const flags = outcome.flags & (EXCEPTIONS | C1);
    if (stopsBefore(flags, control)) return { flags, result: 0n, second: 0n };
    return { flags, result: outcome.result & ALL_80, second: outcome.second & ALL_80 };
  },
};

/** FCOM, FUCOM and FXAM: conditions only. */
function relation(
  name: string,
  fn: FloatFunction,
  run: (module: FloatModule, a: number, b: number) => number,
): FloatOperation {
  const only = (flags: number, control: number): FloatOutcome => {
    // The conditions after an unmasked exception are not defined.
    const mask = stopsBefore(flags, control) ? EXCEPTIONS : EXCEPTIONS | CONDITIONS;
    return { flags: flags & mask, result: 0n, second: 0n };
  };
  return {
    name,
    function: fn,
    generate: (random) => {
      const b = operand80(random);
      return x87Case(random, operand80(random, b), b);
    },
    run: (module, { control, a, b }) => {
      module.setPlace(PLACES.a, a);
      module.setPlace(PLACES.b, b);
      return only(run(module, PLACES.a, PLACES.b), control);
    },
    fromNative: ({ flags }, { control }) => only(flags, control),
  };
}

/** An instruction that loads from memory. */
function load(
  name: string,
  fn: FloatFunction,
  generate: (random: Random) => bigint,
  argument: 'i32' | 'i64' | 'place',
): FloatOperation {
  const settle = (flags: number, result: bigint, control: number): FloatOutcome => ({
    flags: flags & (EXCEPTIONS | C1),
    result: stopsBefore(flags, control) ? 0n : result & ALL_80,
    second: 0n,
  });
  return {
    name,
    function: fn,
    generate: (random) => x87Case(random, generate(random)),
    run: (module, { control, a }) => {
      module.setPlace(PLACES.b, a);
      const value = { i32: Number(BigInt.asIntN(32, a)), i64: BigInt.asIntN(64, a), place: PLACES.b }[argument];
      const flags = (module.call(fn, PLACES.a, value) ?? 0) as number;
      return settle(flags, module.place(PLACES.a), control);
    },
    fromNative: ({ flags, result }, { control }) => settle(flags, result, control),
  };
}

/** An instruction that stores to memory, which is zero before. */
function store(name: string, fn: FloatFunction, bits: number, generate: (random: Random) => bigint): FloatOperation {
  return {
    name,
    function: fn,
    generate: (random) => x87Case(random, generate(random)),
    run: (module, { control, a }) => {
      module.setPlace(PLACES.a, a);
      module.setPlace(PLACES.dst, 0n);
      const flags = module.call(fn, PLACES.dst, PLACES.a, control) as number;
      return { flags, result: low(module.place(PLACES.dst), bits), second: 0n };
    },
    fromNative: ({ flags, result }) => ({ flags: flags & (EXCEPTIONS | C1), result: low(result, bits), second: 0n }),
  };
}

const COMMON_X87: readonly FloatOperation[] = [
  onPlaces('fadd', 'f80Add', 2),
  onPlaces('fsub', 'f80Sub', 2),
  onPlaces('fmul', 'f80Mul', 2),
  onPlaces('fdiv', 'f80Div', 2),
  onPlaces('fsqrt', 'f80Sqrt', 1),
  onPlaces('frndint', 'f80RoundToInteger', 1, { generate: (random) => x87Case(random, nearInteger(random)) }),
  onPlaces('fscale', 'f80Scale', 2, {
    generate: (random) => x87Case(random, operand80(random), scaleBy(random)),
  }),
  EXTRACT,
  onPlaces('fprem', 'f80Remainder', 2, { flags: EXCEPTIONS | CONDITIONS, extra: [0] }),
  onPlaces('fprem1', 'f80Remainder', 2, { flags: EXCEPTIONS | CONDITIONS, extra: [1] }),
  relation('fcom', 'f80Compare', (module, a, b) => module.call('f80Compare', a, b, 0) as number),
  relation('fucom', 'f80Compare', (module, a, b) => module.call('f80Compare', a, b, 1) as number),
  relation('fxam', 'f80Examine', (module, a) => module.call('f80Examine', a) as number),
  load('fld32', 'f80FromF32', (random) => operandBits(random, 32), 'i32'),
  load('fld64', 'f80FromF64', (random) => operandBits(random, 64), 'i64'),
  load('fild32', 'f80FromI32', (random) => integerBits(random, 32), 'i32'),
  load('fild64', 'f80FromI64', (random) => integerBits(random, 64), 'i64'),
  load('fbld', 'f80FromBcd', packedDecimal, 'place'),
  store('fst32', 'f80ToF32', 32, operand80),
  store('fst64', 'f80ToF64', 64, operand80),
  store('fist16', 'f80ToI16', 16, nearInteger),
  store('fist32', 'f80ToI32', 32, nearInteger),
  store('fist64', 'f80ToI64', 64, nearInteger),
  store('fbstp', 'f80ToBcd', 80, nearInteger),
];

type Width = 32 | 64;

const argument = (width: Width, value: bigint): number | bigint =>
  width === 32 ? Number(BigInt.asIntN(32, value)) : BigInt.asIntN(64, value);

const asBits = (width: number, value: number | bigint): bigint => BigInt.asUintN(width, BigInt(value));

/** Exceptions of MXCSR that its masks let through. */
const unmaskedSse = (flags: number, control: number): number => flags & ~(control >> 7) & EXCEPTIONS;

interface SseOptions {
  operands: 1 | 2;
  /** Bits of the result. */
  result: number;
  /** Whether the result is in the general register. */
  general?: true;
  integer?: true;
  extra?: number[];
  /** Makes what the function returns like what the instruction leaves. */
  adapt?: (value: bigint) => bigint;
  /** Which bits of the native result count. */
  mask?: bigint;
  withoutMxcsr?: true;
}

function sse(name: string, fn: FloatFunction, width: Width, options: SseOptions): FloatOperation {
  const settle = (flags: number, result: bigint, control: number): FloatOutcome => ({
    flags: flags & EXCEPTIONS,
    result: unmaskedSse(flags, control) !== 0 ? 0n : result,
    second: 0n,
  });
  return {
    name,
    function: fn,
    generate: (random) => {
      const operand = (near?: bigint) => (options.integer ? integerBits(random, 32) : operandBits(random, width, near));
      const b = operand();
      return { control: mxcsr(random), a: operand(b), b };
    },
    run: (module, { control, a, b }) => {
      module.takeFlags();
      const sources = options.operands === 2 ? [argument(width, a), argument(width, b)] : [argument(width, a)];
      const state = options.withoutMxcsr ? [] : [control];
      const value = module.call(fn, ...sources, ...(options.extra ?? []), ...state) as number | bigint;
      const result = asBits(options.result, value);
      // The fast path may leave out PE where it is set already.
      const flags = module.takeFlags() | (control & EXCEPTIONS);
      return settle(flags, options.adapt?.(result) ?? result, control);
    },
    fromNative: (outcome, { control }) => {
      const value = options.general ? outcome.second : outcome.result;
      return settle(outcome.flags, low(value, options.result) & (options.mask ?? -1n), control);
    },
  };
}

const SUFFIXES = [
  ['ss', 32],
  ['sd', 64],
] as const;

const ARITHMETIC: readonly FloatOperation[] = (['Add', 'Sub', 'Mul', 'Div', 'Sqrt', 'Min', 'Max'] as const).flatMap(
  (kind) =>
    SUFFIXES.map(([suffix, width]) =>
      sse(`${kind.toLowerCase()}${suffix}`, `f${width}${kind}`, width, {
        operands: 2,
        result: width,
        ...(kind === 'Sqrt' ? { operands: 1 } : {}),
      }),
    ),
);

const COMPARISONS: readonly FloatOperation[] = (['comi', 'ucomi'] as const).flatMap((kind) =>
  SUFFIXES.map(([suffix, width]) =>
    sse(`${kind}${suffix}`, `f${width}Compare`, width, {
      operands: 2,
      result: 32,
      general: true,
      extra: [kind === 'comi' ? 1 : 0],
      // ZF, PF and CF of the flags that follow the comparison.
      mask: 0x45n,
    }),
  ),
);

const PREDICATES: readonly FloatOperation[] = [0, 1, 2, 3, 4, 5, 6, 7].flatMap((predicate) =>
  SUFFIXES.map(([suffix, width]) =>
    sse(`cmp${suffix}${predicate}`, `f${width}Predicate`, width, {
      operands: 2,
      result: width,
      extra: [predicate],
      adapt: (value) => (value === 0n ? 0n : (1n << BigInt(width)) - 1n),
    }),
  ),
);

const CONVERSIONS: readonly FloatOperation[] = [
  sse('cvtsi2ss', 'f32FromI32', 32, { operands: 1, result: 32, integer: true }),
  sse('cvtsi2sd', 'f64FromI32', 32, { operands: 1, result: 64, integer: true, withoutMxcsr: true }),
  sse('cvtss2si', 'f32ToI32', 32, { operands: 1, result: 32, general: true }),
  sse('cvtsd2si', 'f64ToI32', 64, { operands: 1, result: 32, general: true }),
  sse('cvttss2si', 'f32TruncateToI32', 32, { operands: 1, result: 32, general: true }),
  sse('cvttsd2si', 'f64TruncateToI32', 64, { operands: 1, result: 32, general: true }),
  sse('cvtss2sd', 'f32ToF64', 32, { operands: 1, result: 64 }),
  sse('cvtsd2ss', 'f64ToF32', 64, { operands: 1, result: 32 }),
];

/** All of them, in the order of native/fpu.c. */
export const OPERATIONS: readonly FloatOperation[] = [
  ...COMMON_X87,
  ...ARITHMETIC,
  ...COMPARISONS,
  ...PREDICATES,
  ...CONVERSIONS,
];
