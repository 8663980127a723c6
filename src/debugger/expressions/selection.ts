import type { ArrayType, Member } from '../../symbols/types';
import { EvaluationError } from '../values/memory';
import { bitFieldBytes, decode, encode, isScalar } from '../values/scalars';
import { bitsOf, elementOf, strideOf } from '../values/types';
import type { Type } from '../../symbols/types';
import { memoryOperand, type Operand, scalar } from './operand';
import type { ExpressionTarget } from './scope';

/** A part of an object that is not in memory: a value of which only the bytes are known, or a vector register. */
function slice(whole: Operand, type: Type, start: () => number, bits = bitsOf({ name: '', type, offset: 0 })): Operand {
  const { bytes, patch, place } = whole;
  if (!bytes) throw new EvaluationError('this value has no parts');
  const length = bits ? bitFieldBytes(bits) : type.byteSize;
  const within = (all: Uint8Array): number => {
    const at = start();
    if (at < 0 || at + length > all.length) throw new EvaluationError('this part is outside the object');
    return at;
  };
  const read = (): Uint8Array => {
    const all = bytes();
    const at = within(all);
    return all.slice(at, at + length);
  };
  if (!isScalar(type)) {
    return { type, bytes: read, ...(patch && { patch: (at, part) => patch(start() + at, part), place }) };
  }
  const writable = patch && !bits && place?.kind === 'other';
  return scalar(
    type,
    () => decode(read(), type, bits),
    writable ? { ...place, write: (value) => patch(within(bytes()), encode(value, type)) } : undefined,
  );
}

/** A member of a struct or union. @throws EvaluationError if the object has no parts */
export function memberOf(target: ExpressionTarget, object: Operand, member: Member): Operand {
  const { type, offset } = member;
  const bits = bitsOf(member);
  const { place } = object;
  if (place?.kind === 'memory') {
    return memoryOperand(target, type, () => (place.address() + offset) >>> 0, place.space, bits);
  }
  return slice(object, type, () => offset, bits);
}

/** An element of an array. @throws EvaluationError if the array has no parts */
export function elementAt(target: ExpressionTarget, object: Operand, array: ArrayType, index: () => number): Operand {
  const type = elementOf(array);
  const stride = strideOf(array);
  const { place } = object;
  if (place?.kind === 'memory') {
    return memoryOperand(target, type, () => (place.address() + index() * stride) >>> 0, place.space);
  }
  return slice(object, type, () => index() * stride);
}
