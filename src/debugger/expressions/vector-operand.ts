import type { VectorRegister } from '../registers/vector';
import type { Member, StructType } from '../../symbols/types';
import { arrayOf, builtin } from '../values/types';
import type { Operand } from './operand';
import type { ExpressionTarget } from './scope';

/** What the elements of a vector register can be: the members of its union, and the C types behind them. */
const ELEMENTS: readonly (readonly [member: string, type: string])[] = [
  ['f32', 'float'],
  ['f64', 'double'],
  ...['u8', 'u16', 'u32', 'u64', 'i8', 'i16', 'i32', 'i64'].map((name) => [name, name] as const),
];

function unionOf(bytes: 8 | 16): StructType {
  const members = ELEMENTS.map(([name, typeName]): Member => {
    const type = builtin(typeName);
    if (!type) throw new RangeError(`there is no type ${typeName}`);
    return { name, type: arrayOf(type, bytes / type.byteSize), offset: 0 };
  });
  return { kind: 'struct', keyword: 'union', name: `vec${bytes * 8}`, byteSize: bytes, incomplete: false, members };
}

const TYPES = { 8: unionOf(8), 16: unionOf(16) } as const;

/** A vector register as a union of arrays, so that expressions can name its elements: `xmm0.f32[1]`. */
export function vectorOperand(target: ExpressionTarget, register: VectorRegister): Operand {
  const { state } = target;
  return {
    type: TYPES[register.bytes],
    bytes: () => register.read(state),
    patch: (at, bytes) => register.write(state, at, bytes),
    place: { kind: 'other', name: register.name },
  };
}
