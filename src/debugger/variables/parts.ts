import { memoryOperand, type Operand } from '../expressions/operand';
import type { ExpressionTarget } from '../expressions/scope';
import { elementAt, memberOf } from '../expressions/selection';
import type { ArrayType, Member, StructType, Type } from '../../symbols/types';
import { strip } from '../values/types';

/** A part of a value: a member, an element, or what a pointer points to. */
export interface ValuePart {
  readonly name: string;
  readonly operand: Operand;
  /** Expression that gives it again; undefined if that of the whole is. */
  readonly expression?: string;
}

/** Expressions that need no parentheses before `.`, `->` or `[`. */
const POSTFIX = /^[A-Za-z_$][\w$]*(?:(?:\.|->)[A-Za-z_]\w*|\[\d+\])*$/;

function wrapped(expression: string | undefined): string | undefined {
  return expression === undefined || POSTFIX.test(expression) ? expression : `(${expression})`;
}

/** A member at another offset; its type is still read when it is asked for. */
function movedTo(member: Member, offset: number): Member {
  return offset === member.offset ? member : { ...member, offset };
}

/** Members with a name; those of anonymous structs and unions count as the outer one's. */
function namedMembers(struct: StructType, base = 0): Member[] {
  return struct.members.flatMap((member) => {
    const offset = base + member.offset;
    if (member.name !== undefined) return [movedTo(member, offset)];
    const inner = strip(member.type);
    return inner.kind === 'struct' ? namedMembers(inner, offset) : [];
  });
}

function members(
  target: ExpressionTarget,
  whole: Operand,
  struct: StructType,
  expression: string | undefined,
  arrow: boolean,
): ValuePart[] {
  const prefix = wrapped(expression);
  return namedMembers(struct).map((member) => {
    const name = member.name ?? '';
    return {
      name,
      operand: memberOf(target, whole, member),
      ...(prefix !== undefined && { expression: `${prefix}${arrow ? '->' : '.'}${name}` }),
    };
  });
}

/** Number of elements of an array; 0 where its size is not fixed. */
export function elementCount(array: ArrayType): number {
  return array.dimensions[0] ?? 0;
}

/** One element of an array. */
export function elementPart(
  target: ExpressionTarget,
  whole: Operand,
  array: ArrayType,
  index: number,
  expression: string | undefined,
): ValuePart {
  const prefix = wrapped(expression);
  return {
    name: `[${index}]`,
    operand: elementAt(target, whole, array, () => index),
    ...(prefix !== undefined && { expression: `${prefix}[${index}]` }),
  };
}

/** What a pointer points to. Of a struct its members, as they are what one wants to see. */
function pointee(target: ExpressionTarget, pointer: Operand, type: Type, expression: string | undefined): ValuePart[] {
  const { number } = pointer;
  if (!number) return [];
  const operand = memoryOperand(target, type, number);
  const inner = strip(type);
  if (inner.kind === 'struct') return members(target, operand, inner, expression, true);
  const prefix = wrapped(expression);
  const name = prefix === undefined ? '*' : `*${prefix}`;
  return [{ name, operand, ...(prefix !== undefined && { expression: name }) }];
}

/** True if a pointer to this type has something to show below it. */
function hasPointee(type: Type): boolean {
  const inner = strip(type);
  if (inner.kind === 'struct') return !inner.incomplete && inner.members.length > 0;
  return inner.kind !== 'void' && inner.kind !== 'function' && inner.kind !== 'unknown';
}

/**
 * The parts of a struct, a union or what a pointer points to; undefined if there are none. Elements of arrays are
 * numbered instead: see `elementPart`.
 */
export function partsOf(
  target: ExpressionTarget,
  operand: Operand,
  expression: string | undefined,
): (() => ValuePart[]) | undefined {
  const inner = strip(operand.type);
  if (inner.kind === 'struct') {
    if (inner.incomplete || inner.members.length === 0) return undefined;
    return () => members(target, operand, inner, expression, false);
  }
  if (inner.kind === 'pointer' && hasPointee(inner.target)) {
    return () => pointee(target, operand, inner.target, expression);
  }
  return undefined;
}
