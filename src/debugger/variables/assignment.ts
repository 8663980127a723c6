import { compileExpression } from '../expressions/compiler';
import { decay, type Operand, scalarOf, store } from '../expressions/operand';
import { readQuoted } from '../text/escapes';
import { checkRange, literalOf } from '../values/format';
import { EvaluationError } from '../values/memory';
import { isScalar, type Scalar } from '../values/scalars';
import { type Type, typeName } from '../../symbols/types';
import { type BitRange, isCharacter, strip } from '../values/types';
import type { ValueContext } from './context';

/** What values are shown with behind their number: a character, a symbol, a text, another notation. */
const DECORATION = /^(0x[0-9a-f]+|-?\d+)\s+(?:'.*'|<.*>|".*"…?|\(.*\))$/is;

/** An edited value as it was shown stands for its number. */
function undecorated(text: string): string {
  return DECORATION.exec(text.trim())?.[1] ?? text;
}

function isCharacterArray(type: Type): boolean {
  const inner = strip(type);
  return inner.kind === 'array' && inner.dimensions.length === 1 && isCharacter(inner.element);
}

/** True if a new value can be given to an operand. */
export function isAssignable({ place, type }: Operand): boolean {
  if (!place || !(isScalar(type) || isCharacterArray(type))) return false;
  return place.kind === 'memory' || (place.write !== undefined && isScalar(type));
}

function checkBits(value: Scalar, type: Type, { count }: BitRange): void {
  const integer = BigInt(typeof value === 'number' ? Math.trunc(value) : value);
  if (integer >= -(1n << BigInt(count - 1)) && integer < 1n << BigInt(count)) return;
  throw new EvaluationError(`${value} does not fit in ${count} bit${count === 1 ? '' : 's'} of ${typeName(type)}`);
}

function assignText(context: ValueContext, operand: Operand, text: string): void {
  const { place, type } = operand;
  const trimmed = text.trim();
  if (place?.kind !== 'memory' || !trimmed.startsWith('"')) {
    throw new EvaluationError(`a text in double quotes is expected for ${typeName(type)}`);
  }
  const { value, end } = readQuoted(trimmed, 0);
  if (end !== trimmed.length) throw new EvaluationError('one text in double quotes is expected, and nothing after it');
  const bytes = Uint8Array.from(value, (character) => character.charCodeAt(0));
  const room = strip(type).byteSize;
  if (bytes.length > room)
    throw new EvaluationError(`the text has ${bytes.length} bytes, ${typeName(type)} only ${room}`);
  const terminated = new Uint8Array(Math.min(room, bytes.length + 1));
  terminated.set(bytes);
  if (place.space === 'linear') context.target.memory.write(place.address(), terminated);
  else context.target.memory.writePhysical(place.address(), terminated);
}

/**
 * Stores what a user has typed: an expression, an enumerator, a character, a text for an array of characters.
 * @throws TextError or EvaluationError with a message for the user
 */
export function assign(context: ValueContext, operand: Operand, text: string): void {
  const { type, place } = operand;
  if (isCharacterArray(type)) {
    assignText(context, operand, text);
    context.changed();
    return;
  }
  const typed = undecorated(text);
  let value = literalOf(typed, type);
  if (value === undefined) {
    const source = decay(compileExpression(typed, context.target, context.scope));
    if (!isScalar(source.type))
      throw new EvaluationError(`a value of type ${typeName(source.type)} cannot be assigned`);
    value = scalarOf(source);
  }
  const bits = place?.kind === 'memory' ? place.bits : undefined;
  if (bits) checkBits(value, type, bits);
  else checkRange(value, type);
  store(context.target, operand, value);
  context.changed();
}
