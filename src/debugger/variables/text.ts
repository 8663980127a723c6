import { type Operand, scalarOf } from '../expressions/operand';
import { quote } from '../text/escapes';
import { hexadecimal, scalarText } from '../values/format';
import { EvaluationError } from '../values/memory';
import { isScalar, type Scalar } from '../values/scalars';
import { type ArrayType, type PointerType, type Type, typeName } from '../../symbols/types';
import { elementOf, strip, U16, U32, U64, U8, UNSIGNED } from '../values/types';
import type { ValueContext } from './context';
import { elementCount, elementPart, partsOf, type ValuePart } from './parts';

/** Characters of a string that are shown. */
const MOST_CHARACTERS = 200;
/** Summaries of structs and arrays end when they are this long. */
const SUMMARY_LENGTH = 80;
const PAGE = 0x1000;

/** Registers and raw memory: what has no type of the program's own is shown in hexadecimal. */
const MACHINE_TYPES: ReadonlySet<Type> = new Set([U8, U16, U32, U64]);

/** True for `char`, as texts are made of; `unsigned char` and `signed char` are numbers to their programs. */
function isTextCharacter(type: Type): boolean {
  const inner = strip(type);
  return inner.kind === 'base' && inner.byteSize === 1 && inner.name === 'char';
}

/** Bytes up to the first NUL as a quoted text; `…` follows if it goes on. */
function quoted(bytes: Uint8Array, complete: boolean): string {
  const end = bytes.indexOf(0);
  const text = String.fromCharCode(...(end < 0 ? bytes : bytes.subarray(0, end)));
  return quote(text) + (end < 0 && !complete ? '…' : '');
}

function stringAt(context: ValueContext, address: number): string | undefined {
  // Page by page: a short text before a page that is not mapped is a text all the same.
  const first = Math.min(MOST_CHARACTERS, PAGE - (address & (PAGE - 1)));
  const { memory } = context.guest;
  let bytes = memory.readAvailable(address, first);
  if (bytes.length === 0) return undefined;
  if (bytes.length === first && first < MOST_CHARACTERS && !bytes.includes(0)) {
    bytes = memory.readAvailable(address, MOST_CHARACTERS);
  }
  return quoted(bytes, false);
}

function pointerText(context: ValueContext, value: Scalar, pointer: PointerType): string {
  const address = Number(value);
  const number = hexadecimal(value, pointer);
  if (address === 0) return number;
  const text = isTextCharacter(pointer.target) ? stringAt(context, address) : undefined;
  if (text !== undefined) return `${number} ${text}`;
  const symbol = context.guest.symbols.symbolAt(address);
  return symbol ? `${number} <${symbol.text}>` : number;
}

function numberText(value: Scalar, operand: Operand, hex: boolean): string {
  const { type, place } = operand;
  if (MACHINE_TYPES.has(type)) {
    const digits = BigInt.asUintN(64, BigInt(value))
      .toString(16)
      .padStart(type.byteSize * 2, '0');
    const printable = type.byteSize === 1 && value >= 0x20 && value < 0x7f;
    return `0x${digits}${printable ? ` ${quote(String.fromCharCode(Number(value)), "'")}` : ''}`;
  }
  // Computed from registers or addresses more often than not: worth both notations.
  if (type === UNSIGNED && !place && !hex && value > 9) return `${value} (${hexadecimal(value, type)})`;
  return scalarText(value, type, hex);
}

function summary(context: ValueContext, parts: Iterable<ValuePart>, hex: boolean, named: boolean): string {
  let text = '';
  for (const { name, operand } of parts) {
    if (text.length > SUMMARY_LENGTH) {
      text += ', …';
      break;
    }
    const inner = strip(operand.type);
    const nested = inner.kind === 'struct' || (inner.kind === 'array' && !isTextCharacter(elementOf(inner)));
    const shown = nested ? '{…}' : checkedText(context, operand, hex);
    text += `${text === '' ? '' : ', '}${named ? `${name} = ` : ''}${shown}`;
  }
  return `{${text}}`;
}

function* elements(context: ValueContext, operand: Operand, array: ArrayType): Generator<ValuePart> {
  const count = elementCount(array);
  for (let index = 0; index < count; index++) yield elementPart(context.target, operand, array, index, undefined);
}

function arrayText(context: ValueContext, operand: Operand, array: ArrayType, hex: boolean): string {
  if (array.dimensions.length === 1 && isTextCharacter(array.element) && operand.bytes) {
    return quoted(operand.bytes(), true);
  }
  return elementCount(array) === 0 ? '{}' : summary(context, elements(context, operand, array), hex, false);
}

/** @throws EvaluationError if the value cannot be known */
export function checkedText(context: ValueContext, operand: Operand, hex: boolean): string {
  const inner = strip(operand.type);
  const { place } = operand;
  switch (inner.kind) {
    case 'pointer':
      return pointerText(context, scalarOf(operand), inner);
    case 'array':
      return arrayText(context, operand, inner, hex);
    case 'struct':
      if (inner.incomplete) return `{…} (${typeName(inner)} is not defined in the debug information)`;
      return summary(context, partsOf(context.target, operand, undefined)?.() ?? [], hex, true);
    case 'function': {
      if (place?.kind !== 'memory') return typeName(inner);
      const address = place.address();
      return `${hexadecimal(address, U32)} <${context.guest.nameAt(address)}>`;
    }
    case 'void':
      return 'void';
    case 'unknown':
      throw new EvaluationError(`its type is not known: ${inner.reason}`);
    default:
      return isScalar(inner) ? numberText(scalarOf(operand), operand, hex) : rawBytes(operand);
  }
}

/** What no rule covers (complex numbers, numbers of unusual size) is shown byte by byte. */
function rawBytes({ bytes }: Operand): string {
  if (!bytes) throw new EvaluationError('its value is not known');
  return `{${Array.from(bytes(), (byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(', ')}}`;
}

/** A value as it is shown; why there is none, in angle brackets, where it cannot be known. */
export function operandText(context: ValueContext, operand: Operand, hex = false): string {
  try {
    return checkedText(context, operand, hex);
  } catch (error) {
    if (error instanceof EvaluationError) return `<${error.message}>`;
    throw error;
  }
}
