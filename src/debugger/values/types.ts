import {
  type ArrayType,
  type BaseEncoding,
  type BaseType,
  type Member,
  type PointerType,
  stripAliases,
  type StructType,
  type Type,
} from '../../symbols/types';
import { builtinType } from '../expressions/type-names';

/** A type without typedefs and qualifiers around it. */
export type PlainType = Exclude<Type, { kind: 'typedef' | 'qualified' }>;

/** Bits of a bit field: the lowest one, counted from the lowest bit of the byte at the member's offset, and how many. */
export interface BitRange {
  low: number;
  count: number;
}

const ENCODINGS: Readonly<
  Record<'integer' | 'character' | 'boolean' | 'float', [unsigned: BaseEncoding, signed: BaseEncoding]>
> = {
  integer: ['unsigned', 'signed'],
  character: ['unsigned char', 'char'],
  boolean: ['boolean', 'boolean'],
  float: ['float', 'float'],
};

const cache = new Map<string, Type>();

/** The builtin type of that name (`u8`, `unsigned int`, `void`), or undefined. */
export function builtin(name: string): Type | undefined {
  const known = cache.get(name);
  if (known) return known;
  const found = builtinType(name);
  if (!found) return undefined;
  const { encoding, size, signed } = found;
  const type: Type =
    encoding === 'void'
      ? { kind: 'void', byteSize: 0 }
      : { kind: 'base', name: found.name, byteSize: size, encoding: ENCODINGS[encoding][signed ? 1 : 0] };
  cache.set(name, type);
  return type;
}

function base(name: string, byteSize: number, encoding: BaseEncoding): BaseType {
  const type: BaseType = { kind: 'base', name, byteSize, encoding };
  cache.set(name, type);
  return type;
}

export const INT = base('int', 4, 'signed');
export const UNSIGNED = base('unsigned int', 4, 'unsigned');
export const LONG_LONG = base('long long', 8, 'signed');
export const UNSIGNED_LONG_LONG = base('unsigned long long', 8, 'unsigned');
export const CHAR = base('char', 1, 'char');
export const U8 = base('u8', 1, 'unsigned');
export const U16 = base('u16', 2, 'unsigned');
export const U32 = base('u32', 4, 'unsigned');
export const U64 = base('u64', 8, 'unsigned');
export const DOUBLE = base('double', 8, 'float');
/** The format of the x87's registers, without the padding that a C compiler adds. */
export const FLOAT80 = base('f80', 10, 'float');

export function pointerTo(target: Type): PointerType {
  return { kind: 'pointer', byteSize: 4, reference: false, target };
}

export function arrayOf(element: Type, count: number): ArrayType {
  const stride = element.byteSize;
  return { kind: 'array', element, dimensions: [count], stride, byteSize: stride * count };
}

/** The type behind any number of typedefs and qualifiers. */
export function strip(type: Type): PlainType {
  return stripAliases(type) as PlainType;
}

/** What one element of an array is: of `int x[2][3]`, an `int [3]`. */
export function elementOf(array: ArrayType): Type {
  const [, ...dimensions] = array.dimensions;
  if (dimensions.length === 0) return array.element;
  const byteSize = dimensions.reduce<number>((size, count) => size * (count ?? 0), array.stride);
  return { ...array, dimensions, byteSize };
}

/** Bytes from one element of an array to the next. */
export function strideOf(array: ArrayType): number {
  return array.dimensions.length === 1 ? array.stride : elementOf(array).byteSize;
}

/** True for integers, characters and truth values; not for enums and pointers. */
export function isInteger(type: Type): boolean {
  const inner = strip(type);
  return inner.kind === 'base' && inner.encoding !== 'float' && inner.encoding !== 'complex';
}

export function isFloat(type: Type): boolean {
  const inner = strip(type);
  return inner.kind === 'base' && inner.encoding === 'float';
}

export function isBoolean(type: Type): boolean {
  const inner = strip(type);
  return inner.kind === 'base' && inner.encoding === 'boolean';
}

/** True if values are characters: `char` and its like of one byte. */
export function isCharacter(type: Type): boolean {
  const inner = strip(type);
  return inner.kind === 'base' && inner.byteSize === 1 && inner.encoding.endsWith('char');
}

/** Where in its bytes a bit field is; undefined of a whole member. */
export function bitsOf(member: Member): BitRange | undefined {
  return member.bitSize === undefined ? undefined : { low: member.bitOffset ?? 0, count: member.bitSize };
}

/** A member by name, also one inside anonymous structs and unions, with its offset from the start of the struct. */
export function findMember(struct: StructType, name: string): Member | undefined {
  for (const member of struct.members) {
    if (member.name === name) return member;
    if (member.name !== undefined) continue;
    const inner = strip(member.type);
    const found = inner.kind === 'struct' ? findMember(inner, name) : undefined;
    if (found) return { ...found, offset: found.offset + member.offset };
  }
  return undefined;
}

/** Names of all members that `findMember` finds. */
export function memberNames(struct: StructType): string[] {
  return struct.members.flatMap((member) => {
    const inner = strip(member.type);
    if (member.name !== undefined) return [member.name];
    return inner.kind === 'struct' ? memberNames(inner) : [];
  });
}
