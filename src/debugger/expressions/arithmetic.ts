import { EvaluationError } from '../values/memory';
import { convert, isScalar, isSigned, isWide } from '../values/scalars';
import type { Type } from '../../symbols/types';
import { DOUBLE, INT, isBoolean, isFloat, LONG_LONG, strip, UNSIGNED, UNSIGNED_LONG_LONG } from '../values/types';
import type { ArithmeticOperator, ComparisonOperator } from './ast';
import { type Operand, scalar, scalarOf } from './operand';

type Binary<T> = (a: T, b: T) => T;

function nonZero<T extends number | bigint>(divisor: T): T {
  if (!divisor) throw new EvaluationError('division by zero');
  return divisor;
}

/** Operators on 32-bit integers before the result is cut to the type; of signed and unsigned operands alike. */
const NARROW: Readonly<Record<ArithmeticOperator, Binary<number>>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': Math.imul,
  '/': (a, b) => Math.trunc(a / nonZero(b)),
  '%': (a, b) => a % nonZero(b),
  '&': (a, b) => a & b,
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '<<': (a, b) => a << b,
  '>>': (a, b) => a >> b,
};

const WIDE: Readonly<Record<ArithmeticOperator, Binary<bigint>>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / nonZero(b),
  '%': (a, b) => a % nonZero(b),
  '&': (a, b) => a & b,
  '|': (a, b) => a | b,
  '^': (a, b) => a ^ b,
  '<<': (a, b) => a << (b & 63n),
  '>>': (a, b) => a >> (b & 63n),
};

const FLOAT: Readonly<Partial<Record<ArithmeticOperator, Binary<number>>>> = {
  '+': (a, b) => a + b,
  '-': (a, b) => a - b,
  '*': (a, b) => a * b,
  '/': (a, b) => a / b,
};

/** The integer promotions: everything below int becomes int (C11 6.3.1.1). */
export function promoted(type: Type): Type {
  const inner = strip(type);
  if (isFloat(inner)) return DOUBLE;
  if (inner.kind === 'pointer') return UNSIGNED;
  if (inner.byteSize === 8) return isSigned(inner) ? LONG_LONG : UNSIGNED_LONG_LONG;
  return inner.byteSize === 4 && !isSigned(inner) ? UNSIGNED : INT;
}

/** The usual arithmetic conversions (C11 6.3.1.8). */
export function commonType(left: Type, right: Type): Type {
  const a = promoted(left);
  const b = promoted(right);
  return [DOUBLE, UNSIGNED_LONG_LONG, LONG_LONG, UNSIGNED].find((type) => a === type || b === type) ?? INT;
}

/** The operand converted to a scalar type, at no cost where it has that type's range already. */
export function converted(operand: Operand, type: Type): Operand {
  const from = strip(operand.type);
  const to = strip(type);
  const { number } = operand;
  if (number && !isFloat(from) && !isFloat(to) && !isWide(to) && !isBoolean(to)) {
    const size = to.byteSize;
    const narrower = from.byteSize < size && !isSigned(from);
    if (narrower || (from.byteSize <= size && isSigned(from) === isSigned(to))) return { type, number };
    if (size === 4) return isSigned(to) ? { type, number: () => number() | 0 } : { type, number: () => number() >>> 0 };
  }
  return scalar(type, () => convert(scalarOf(operand), type));
}

/** True if a scalar operand is not zero. */
export function truth(operand: Operand): () => boolean {
  const { number, wide } = operand;
  if (number) return () => number() !== 0;
  if (wide) return () => wide() !== 0n;
  throw new EvaluationError('not a number');
}

/** Applies an operator to two scalars that are no pointers. @returns undefined if the types do not allow it */
export function arithmetic(operator: ArithmeticOperator, left: Operand, right: Operand): Operand | undefined {
  if (!isScalar(left.type) || !isScalar(right.type)) return undefined;
  const shift = operator === '<<' || operator === '>>';
  const type = shift ? promoted(left.type) : commonType(left.type, right.type);
  if (isFloat(type) || isFloat(right.type)) {
    const apply = FLOAT[operator];
    if (!apply) return undefined;
    const [a, b] = [converted(left, type).number!, converted(right, type).number!];
    return { type, number: () => apply(a(), b()) };
  }
  if (isWide(type)) {
    const apply = WIDE[operator];
    const signed = isSigned(type);
    const [a, b] = [converted(left, type).wide!, converted(right, shift ? LONG_LONG : type).wide!];
    return {
      type,
      wide: signed ? () => BigInt.asIntN(64, apply(a(), b())) : () => BigInt.asUintN(64, apply(a(), b())),
    };
  }
  const apply = NARROW[operator];
  const [a, b] = [converted(left, type).number!, converted(right, shift ? INT : type).number!];
  if (isSigned(type)) return { type, number: () => apply(a(), b()) | 0 };
  if (operator === '>>') return { type, number: () => a() >>> b() };
  return { type, number: () => apply(a(), b()) >>> 0 };
}

const COMPARISONS: Readonly<Record<ComparisonOperator, (a: () => number, b: () => number) => () => number>> = {
  '==': (a, b) => () => (a() === b() ? 1 : 0),
  '!=': (a, b) => () => (a() !== b() ? 1 : 0),
  '<': (a, b) => () => (a() < b() ? 1 : 0),
  '>': (a, b) => () => (a() > b() ? 1 : 0),
  '<=': (a, b) => () => (a() <= b() ? 1 : 0),
  '>=': (a, b) => () => (a() >= b() ? 1 : 0),
};

/** Compares two scalars; pointers compare as addresses. @returns undefined if the types do not allow it */
export function comparison(operator: ComparisonOperator, left: Operand, right: Operand): Operand | undefined {
  if (!isScalar(left.type) || !isScalar(right.type)) return undefined;
  const type = commonType(left.type, right.type);
  const a = converted(left, type);
  const b = converted(right, type);
  if (a.number && b.number) return { type: INT, number: COMPARISONS[operator](a.number, b.number) };
  // Comparison operators work on bigints as they are; only the static type differs.
  const wide = COMPARISONS[operator] as unknown as (a: () => bigint, b: () => bigint) => () => number;
  return { type: INT, number: wide(a.wide!, b.wide!) };
}
