import type { ArrayType, Member } from '../../symbols/types';
import { EvaluationError } from '../values/memory';
import { bitFieldBytes, decode, isScalar } from '../values/scalars';
import { bitsOf, elementOf, strideOf } from '../values/types';
import type { Type } from '../../symbols/types';
import { memoryOperand, type Operand, scalar } from './operand';
import type { ExpressionTarget } from './scope';

/** A part of an object that is only known by its bytes. */
function slice(whole: Operand, type: Type, start: () => number, bits = bitsOf({ name: '', type, offset: 0 })): Operand {
  const { bytes } = whole;
  if (!bytes) throw new EvaluationError('this value has no parts');
  const length = bits ? bitFieldBytes(bits) : type.byteSize;
  const read = (): Uint8Array => {
    const all = bytes();
    const at = start();
    if (at < 0 || at + length > all.length) throw new EvaluationError('this part is outside the object');
    return all.slice(at, at + length);
  };
  return isScalar(type) ? scalar(type, () => decode(read(), type, bits)) : { type, bytes: read };
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
