import { type EnumType, type Type, typeName } from '../../symbols/types';
import { quote } from '../text/escapes';
import { EvaluationError } from './memory';
import { isSigned, type Scalar } from './scalars';
import { isBoolean, isCharacter, isFloat, strip } from './types';

/** Number in hexadecimal; negative integers as the bits that hold them. */
export function hexadecimal(value: Scalar, type: Type): string {
  const bits = type.byteSize * 8;
  const unsigned =
    typeof value === 'bigint' ? BigInt.asUintN(64, value) : BigInt.asUintN(bits || 32, BigInt(Math.trunc(value)));
  return `0x${unsigned.toString(16)}`;
}

/** `0x41` as `'A'`, with escapes for what cannot be shown. */
export function characterText(value: number): string {
  return quote(String.fromCharCode(value & 0xff), "'");
}

/** Names of an enum's value: one, or several joined by `|` where the enumerators are flags. */
function enumText(type: EnumType, value: bigint): string {
  const exact = type.enumerators.find((candidate) => candidate.value === value);
  if (exact) return exact.name;
  let rest = value;
  const names: string[] = [];
  for (const { name, value: bit } of type.enumerators) {
    const single = bit > 0n && (bit & (bit - 1n)) === 0n;
    if (!single || (rest & bit) !== bit) continue;
    names.push(name);
    rest &= ~bit;
  }
  if (value <= 0n || names.length === 0) return String(value);
  return rest === 0n ? names.join(' | ') : `${names.join(' | ')} | 0x${rest.toString(16)}`;
}

/** A scalar as C would write it. */
export function scalarText(value: Scalar, type: Type, hex = false): string {
  const inner = strip(type);
  if (isFloat(inner)) return Number.isInteger(value) ? `${value}.0` : String(value);
  if (inner.kind === 'pointer') return hexadecimal(value, inner);
  if (inner.kind === 'enum') {
    const name = enumText(inner, BigInt(value));
    return hex ? `${hexadecimal(value, inner)} ${name}` : name;
  }
  if (isBoolean(inner)) return Number(value) === 0 ? 'false' : 'true';
  const number = hex ? hexadecimal(value, inner) : String(value);
  return isCharacter(inner) ? `${number} ${characterText(Number(value))}` : number;
}

const QUOTED = /^(['"]).*\1$/s;

/**
 * The scalar that a user means by a text that is no expression: an enumerator, `true`, a number with a fraction.
 * @returns undefined if it is to be read as an expression
 */
export function literalOf(text: string, type: Type): Scalar | undefined {
  const inner = strip(type);
  const word = text.trim();
  if (inner.kind === 'enum') return inner.enumerators.find(({ name }) => name === word)?.value;
  if (isBoolean(inner) && (word === 'true' || word === 'false')) return word === 'true' ? 1 : 0;
  if (isFloat(inner) && word !== '' && !QUOTED.test(word) && Number.isFinite(Number(word))) return Number(word);
  return undefined;
}

/** @throws EvaluationError if an integer does not fit the type, rather than losing bits silently */
export function checkRange(value: Scalar, type: Type): void {
  const inner = strip(type);
  if (isFloat(inner) || isBoolean(inner) || inner.kind === 'pointer') return;
  const bits = BigInt(inner.byteSize * 8);
  const integer = BigInt(typeof value === 'number' ? Math.trunc(value) : value);
  // Bits may be given unsigned for a signed type, and negative numbers for an unsigned one.
  const low = -(1n << (bits - 1n));
  const high = 1n << bits;
  if (integer >= low && integer < high) return;
  throw new EvaluationError(`${value} does not fit in ${typeName(type)}${isSigned(inner) ? '' : ' (unsigned)'}`);
}
