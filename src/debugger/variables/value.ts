import type { Operand } from '../expressions/operand';
import type { FormatOptions, Value } from '../types';
import { EvaluationError } from '../values/memory';
import { type ArrayType, typeName } from '../../symbols/types';
import { strip } from '../values/types';
import { assign, isAssignable } from './assignment';
import type { ValueContext } from './context';
import { LazyValue } from './lazy-value';
import { elementCount, elementPart, partsOf, type ValuePart } from './parts';
import { operandText } from './text';

/** How a value is called. */
export interface ValueName {
  readonly name: string;
  /** Expression that gives it again. */
  readonly expression?: string;
  /** `variable` if left out. */
  readonly kind?: Value['kind'];
}

/** Elements of an array that are shown; further ones can be had by an expression. */
const MOST_ELEMENTS = 65536;

function addressOf({ place, type, number }: Operand): number | undefined {
  const pointer = strip(type).kind === 'pointer';
  try {
    if (place?.kind !== 'memory') return pointer ? number?.() : undefined;
    return place.space === 'linear' && !place.bits ? place.address() : undefined;
  } catch (error) {
    // It has no place now; its text says why.
    if (error instanceof EvaluationError) return undefined;
    throw error;
  }
}

/** True if a pointer leads somewhere that can be looked at. */
function leadsSomewhere(context: ValueContext, { number }: Operand): boolean {
  try {
    const address = number?.() ?? 0;
    return address !== 0 && context.guest.memory.readAvailable(address, 1).length > 0;
  } catch (error) {
    if (error instanceof EvaluationError) return false;
    throw error;
  }
}

function partValue(context: ValueContext, { operand, ...name }: ValuePart, format?: FormatOptions): Value {
  return valueOf(context, operand, name, format);
}

function arrayElements(
  context: ValueContext,
  operand: Operand,
  array: ArrayType,
  expression: string | undefined,
): (format?: FormatOptions) => Value[] {
  const count = Math.min(elementCount(array), MOST_ELEMENTS);
  return (format) =>
    Array.from({ length: count }, (_, index) => {
      const part = elementPart(context.target, operand, array, index, expression);
      // A client pages through long arrays: only what it shows is read.
      return new LazyValue(part.name, () => partValue(context, part, format));
    });
}

function childrenOf(
  context: ValueContext,
  operand: Operand,
  expression: string | undefined,
): Pick<Value, 'children' | 'indexed'> {
  const inner = strip(operand.type);
  if (inner.kind === 'array') {
    const indexed = Math.min(elementCount(inner), MOST_ELEMENTS);
    return indexed === 0 ? {} : { indexed, children: arrayElements(context, operand, inner, expression) };
  }
  const parts = partsOf(context.target, operand, expression);
  if (!parts || (inner.kind === 'pointer' && !leadsSomewhere(context, operand))) return {};
  return { children: (format) => parts().map((part) => partValue(context, part, format)) };
}

/** A value to show: its text now, its parts when they are asked for. */
export function valueOf(context: ValueContext, operand: Operand, name: ValueName, format?: FormatOptions): Value {
  const { expression, kind = 'variable' } = name;
  const text = operandText(context, operand, format?.hex);
  const address = addressOf(operand);
  return {
    name: name.name,
    text,
    type: typeName(operand.type),
    kind,
    ...(address !== undefined && { address }),
    ...(expression !== undefined && { expression }),
    ...childrenOf(context, operand, expression),
    ...(isAssignable(operand) && {
      assign: (typed: string): string => {
        const shown = (): string => operandText(context, operand, format?.hex);
        // What is typed back as it is shown need not be an expression.
        if (typed.trim() !== shown()) assign(context, operand, typed);
        return shown();
      },
    }),
  };
}
