import { EvaluationError } from '../values/memory';
import {
  bitFieldBytes,
  convert,
  decode,
  encode,
  encodeBits,
  isScalar,
  isSigned,
  isWide,
  type Scalar,
} from '../values/scalars';
import { type Type, typeName } from '../../symbols/types';
import { type BitRange, elementOf, isFloat, pointerTo, strip, U32 } from '../values/types';
import type { ExpressionTarget, VariableReference } from './scope';

/** A place that an operand was read from: what can be assigned to or have its address taken. */
export type Place =
  | { kind: 'memory'; space: 'linear' | 'physical'; address: () => number; bits?: BitRange }
  /** Somewhere else, such as a register; `write` is missing where it is read-only. */
  | { kind: 'other'; name: string; write?: (value: Scalar) => void };

/**
 * A compiled subexpression. Scalars have `number` or, of 64-bit integers, `wide`; arrays, structs, functions and
 * void have neither. Numbers are in the range of the type.
 */
export interface Operand {
  readonly type: Type;
  readonly number?: () => number;
  readonly wide?: () => bigint;
  /** Bytes of an array or a struct. */
  readonly bytes?: () => Uint8Array;
  /** Writes some of those bytes, of what is not in memory. */
  readonly patch?: (at: number, bytes: Uint8Array) => void;
  readonly place?: Place;
}

/** Value of a scalar operand. @throws EvaluationError */
export function scalarOf(operand: Operand): Scalar {
  if (operand.number) return operand.number();
  if (operand.wide) return operand.wide();
  throw new EvaluationError(`a value of type ${typeName(operand.type)} is not a number`);
}

/** An operand whose scalar is worked out by `read`. */
export function scalar(type: Type, read: () => Scalar, place?: Place): Operand {
  return isWide(type) ? { type, wide: read as () => bigint, place } : { type, number: read as () => number, place };
}

export function constant(type: Type, value: Scalar): Operand {
  return scalar(type, () => value);
}

/** The object of a type at an address. */
export function memoryOperand(
  target: ExpressionTarget,
  type: Type,
  address: () => number,
  space: 'linear' | 'physical' = 'linear',
  bits?: BitRange,
): Operand {
  const { memory } = target;
  const place: Place = { kind: 'memory', space, address, bits };
  const inner = strip(type);
  const length = bits ? bitFieldBytes(bits) : inner.byteSize;
  const bytes = (): Uint8Array =>
    space === 'linear' ? memory.read(address(), length) : memory.readPhysical(address(), length);
  if (!isScalar(inner)) return { type, bytes, place };
  const integer = !isFloat(inner) && length <= 4 && length !== 3;
  if (space === 'linear' && !bits && integer) {
    const width = length as 1 | 2 | 4;
    if (!isSigned(inner)) return { type, number: () => memory.readNumber(address(), width), place };
    const shift = 32 - width * 8;
    return { type, number: () => (memory.readNumber(address(), width) << shift) >> shift, place };
  }
  return scalar(type, () => decode(bytes(), type, bits), place);
}

/** A variable, wherever it is when it is looked at. */
export function variableOperand(target: ExpressionTarget, variable: VariableReference): Operand {
  const { type, name } = variable;
  const inMemory = (): number => {
    const location = variable.locate();
    if (location.kind === 'memory') return location.address;
    throw new EvaluationError(`${name} is not in memory`);
  };
  const bytes = (): Uint8Array => {
    const location = variable.locate();
    switch (location.kind) {
      case 'memory':
        return target.memory.read(location.address, type.byteSize);
      case 'register':
        return encode(target.frame.general(location.index), U32).slice(0, type.byteSize);
      case 'value':
        return encode(location.value, type);
      case 'bytes':
        return location.bytes;
    }
  };
  const place = variablePlace(target, variable, inMemory);
  if (!isScalar(type)) return { type, bytes, place };
  const read = (): Scalar => {
    const location = variable.locate();
    switch (location.kind) {
      case 'memory':
        return decode(target.memory.read(location.address, type.byteSize), type);
      case 'register':
        return convert(target.frame.general(location.index), type);
      case 'value':
        return convert(location.value, type);
      case 'bytes':
        return decode(location.bytes, type);
    }
  };
  return scalar(type, read, place);
}

/** How a variable is assigned and addressed, by where it is now. */
function variablePlace(target: ExpressionTarget, variable: VariableReference, address: () => number): Place {
  const { name, type } = variable;
  let location;
  try {
    location = variable.locate();
  } catch (error) {
    if (!(error instanceof EvaluationError)) throw error;
    return { kind: 'other', name };
  }
  switch (location.kind) {
    case 'memory':
      return { kind: 'memory', space: 'linear', address };
    case 'register': {
      const { index } = location;
      return {
        kind: 'other',
        name,
        write: (value) => {
          if (!target.frame.setGeneral) throw new EvaluationError('registers of a calling function cannot be set');
          target.frame.setGeneral(index, Number(BigInt.asUintN(32, BigInt(convert(value, type)))));
        },
      };
    }
    default:
      return { kind: 'other', name };
  }
}

/** Stores a value in the place of an operand, after conversion to its type. @throws EvaluationError */
export function store(target: ExpressionTarget, operand: Operand, value: Scalar): void {
  const { place, type } = operand;
  if (!place) throw new EvaluationError('only registers, variables and memory can be assigned to');
  const converted = convert(value, type);
  if (place.kind === 'other') {
    if (!place.write) throw new EvaluationError(`${place.name} cannot be set`);
    place.write(converted);
    return;
  }
  if (!isScalar(type)) throw new EvaluationError(`a value of type ${typeName(type)} cannot be assigned as a whole`);
  const address = place.address();
  const { memory } = target;
  const { bits } = place;
  if (place.space === 'physical') {
    memory.writePhysical(address, encode(converted, type));
  } else {
    memory.write(
      address,
      bits ? encodeBits(converted, memory.read(address, bitFieldBytes(bits)), bits) : encode(converted, type),
    );
  }
}

/** Arrays become pointers to their first element, functions pointers to themselves; scalars stay. */
export function decay(operand: Operand): Operand {
  const inner = strip(operand.type);
  const { place } = operand;
  if ((inner.kind !== 'array' && inner.kind !== 'function') || place?.kind !== 'memory') return operand;
  const target = inner.kind === 'array' ? elementOf(inner) : operand.type;
  return { type: pointerTo(target), number: place.address };
}
