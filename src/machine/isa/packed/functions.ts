import type { FloatFunction } from '../float/declare';
import type { ValueType } from '../wasm/expression';
import type { ModuleBuilder } from '../wasm/module';

/**
 * Floating-point functions of whole vectors: they apply a function of `float/declare.ts` to each element. Like those they
 * take MXCSR as the last argument and OR flags into FLOAT_FLAGS.
 */

/** Bits of single or double precision, a signed integer of 32 bits. */
export type Element = 'f32' | 'f64' | 'i32';

/** An element-wise function. */
export interface PackedFunction {
  readonly name: string;
  /** The function of one element. */
  readonly each: FloatFunction;
  /** Vectors that it takes: elements of both are of type `from`. */
  readonly operands: 1 | 2;
  readonly from: Element;
  readonly to: Element;
  /** Elements that are computed, from the lowest; the result's others are zero. */
  readonly count: 2 | 4;
  /** The function takes a number before MXCSR, the same for all elements, and tells yes or no: all ones or zeroes. */
  readonly predicate?: true;
  /** The operation of the host that does the same to nearest even, raising nothing. */
  readonly native?: 'add' | 'sub' | 'mul' | 'div' | 'sqrt';
}

const ARITHMETIC = ['Add', 'Sub', 'Mul', 'Div', 'Min', 'Max'] as const;
const NATIVE = { Add: 'add', Sub: 'sub', Mul: 'mul', Div: 'div', Min: undefined, Max: undefined } as const;

const FORMATS = [
  { format: 'f32', count: 4 },
  { format: 'f64', count: 2 },
] as const;

const arithmetic = FORMATS.flatMap(({ format, count }): PackedFunction[] => [
  ...ARITHMETIC.map((operation) => ({
    name: `${format}x${count}${operation}`,
    each: `${format}${operation}` as const,
    operands: 2 as const,
    from: format,
    to: format,
    count,
    native: NATIVE[operation],
  })),
  {
    name: `${format}x${count}Sqrt`,
    each: `${format}Sqrt`,
    operands: 1,
    from: format,
    to: format,
    count,
    native: 'sqrt',
  },
  {
    name: `${format}x${count}Predicate`,
    each: `${format}Predicate`,
    operands: 2,
    from: format,
    to: format,
    count,
    predicate: true,
  },
]);

const conversion = (name: string, each: FloatFunction, from: Element, to: Element, count: 2 | 4): PackedFunction => ({
  name,
  each,
  operands: 1,
  from,
  to,
  count,
});

const conversions: readonly PackedFunction[] = [
  conversion('f32x4FromI32', 'f32FromI32', 'i32', 'f32', 4),
  conversion('f32x2FromI32', 'f32FromI32', 'i32', 'f32', 2),
  conversion('f32x4ToI32', 'f32ToI32', 'f32', 'i32', 4),
  conversion('f32x2ToI32', 'f32ToI32', 'f32', 'i32', 2),
  conversion('f32x4TruncateToI32', 'f32TruncateToI32', 'f32', 'i32', 4),
  conversion('f32x2TruncateToI32', 'f32TruncateToI32', 'f32', 'i32', 2),
  conversion('f64x2ToI32', 'f64ToI32', 'f64', 'i32', 2),
  conversion('f64x2TruncateToI32', 'f64TruncateToI32', 'f64', 'i32', 2),
  conversion('f32x2ToF64', 'f32ToF64', 'f32', 'f64', 2),
  conversion('f64x2ToF32', 'f64ToF32', 'f64', 'f32', 2),
];

/** All of them, in a fixed order. */
export const PACKED_FUNCTIONS: readonly PackedFunction[] = [...arithmetic, ...conversions];

type Format = (typeof FORMATS)[number];
type ArithmeticName<F = Format> = F extends Format
  ? `${F['format']}x${F['count']}${(typeof ARITHMETIC)[number] | 'Sqrt' | 'Predicate'}`
  : never;

/** Name of a function that the runtime module has. */
export type PackedName =
  | ArithmeticName
  | `f32x${2 | 4}${'FromI32' | 'ToI32' | 'TruncateToI32'}`
  | `f64x2${'ToI32' | 'TruncateToI32' | 'ToF32'}`
  | 'f32x2ToF64'
  | 'f32x4Reciprocal'
  | 'f32x4ReciprocalRoot';

/** Types of the parameters; every one gives a v128. */
export function packedParameters(packed: PackedFunction): ValueType[] {
  return [...Array<ValueType>(packed.operands).fill('v128'), ...(packed.predicate ? ['i32' as const] : []), 'i32'];
}

/** The approximations of RCPPS and RSQRTPS: of one vector, without MXCSR. */
export const APPROXIMATIONS = ['f32x4Reciprocal', 'f32x4ReciprocalRoot'] as const;

/** Declares every function by its name. The bodies come from `definePacked`. */
export function declarePacked(m: ModuleBuilder): void {
  for (const packed of PACKED_FUNCTIONS) m.declare(packed.name, packedParameters(packed), ['v128']);
  for (const name of APPROXIMATIONS) m.declare(name, ['v128'], ['v128']);
}
