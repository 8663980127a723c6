import { type BuiltinType, builtinType } from '../expressions/type-names';

/** A C type as the debugger shows and computes with it. Sizes and offsets are bytes. */
export type CType =
  | { kind: 'void'; name: string }
  | {
      kind: 'integer';
      name: string;
      size: 1 | 2 | 4 | 8;
      signed: boolean;
      /** How a value is best shown; plain numbers unless said. */
      encoding?: 'character' | 'boolean';
    }
  /** 4, 8, or 10 and more for the 80-bit format. */
  | { kind: 'float'; name: string; size: number }
  /** 4 bytes. The target is asked for when needed, so that types may refer to themselves. */
  | { kind: 'pointer'; target: () => CType }
  /** `count` is undefined for `T x[]`. */
  | { kind: 'array'; element: CType; count: number | undefined }
  | {
      kind: 'record';
      keyword: 'struct' | 'union' | 'class';
      name: string;
      size: number;
      members: () => readonly Member[];
    }
  | { kind: 'enum'; name: string; size: 1 | 2 | 4 | 8; signed: boolean; values: readonly EnumValue[] }
  | { kind: 'function'; name: string }
  | { kind: 'alias'; name: string; target: CType };

export type IntegerType = Extract<CType, { kind: 'integer' }>;
export type RecordType = Extract<CType, { kind: 'record' }>;

export interface EnumValue {
  name: string;
  value: number;
}

/** A member of a struct or union. Anonymous ones have an empty name; their members are seen through them. */
export interface Member {
  name: string;
  type: CType;
  offset: number;
  /** Of a bit field: lowest bit counted from the lowest bit of the byte at `offset`, and how many bits. */
  bits?: BitRange;
}

export interface BitRange {
  low: number;
  count: number;
}

function fromBuiltin(builtin: BuiltinType): CType {
  const { name, size, signed, encoding } = builtin;
  if (encoding === 'void') return { kind: 'void', name };
  if (encoding === 'float') return { kind: 'float', name, size };
  const integer: IntegerType = { kind: 'integer', name, size: size as 1 | 2 | 4 | 8, signed };
  if (encoding !== 'integer') integer.encoding = encoding;
  return integer;
}

const cache = new Map<string, CType>();

/** The builtin type of that name (`u8`, `unsigned int`), or undefined. */
export function builtin(name: string): CType | undefined {
  let type = cache.get(name);
  if (!type) {
    const found = builtinType(name);
    if (!found) return undefined;
    type = fromBuiltin(found);
    cache.set(name, type);
  }
  return type;
}

function integer(name: string): IntegerType {
  return fromBuiltin(builtinType(name)!) as IntegerType;
}

export const INT = integer('int');
export const UNSIGNED = integer('unsigned int');
export const LONG_LONG = integer('long long');
export const UNSIGNED_LONG_LONG = integer('unsigned long long');
export const CHAR = integer('char');
export const U8 = integer('u8');
export const U16 = integer('u16');
export const U32 = integer('u32');
export const U64 = integer('u64');
export const DOUBLE: CType = { kind: 'float', name: 'double', size: 8 };
export const VOID: CType = { kind: 'void', name: 'void' };

export function pointerTo(target: CType): CType {
  return { kind: 'pointer', target: () => target };
}

/** The type behind any number of typedefs. */
export function strip(type: CType): Exclude<CType, { kind: 'alias' }> {
  let inner = type;
  while (inner.kind === 'alias') inner = inner.target;
  return inner;
}

/** Size in bytes; 0 for void, functions and arrays without a length. */
export function sizeOf(type: CType): number {
  const inner = strip(type);
  switch (inner.kind) {
    case 'void':
    case 'function':
      return 0;
    case 'pointer':
      return 4;
    case 'array':
      return sizeOf(inner.element) * (inner.count ?? 0);
    default:
      return inner.size;
  }
}

/** The type as C writes it without a declarator: `struct uart *`, `char [16]`, `int (*)[4]`. */
export function typeText(type: CType): string {
  return declare(type, '').trimEnd();
}

/** Builds a C declaration inside out, as the language does. */
function declare(type: CType, declarator: string): string {
  switch (type.kind) {
    case 'pointer': {
      const target = type.target();
      const wrapped = target.kind === 'array' || target.kind === 'function' ? `(*${declarator})` : `*${declarator}`;
      return declare(target, wrapped);
    }
    case 'array':
      return declare(type.element, `${declarator}[${type.count ?? ''}]`);
    case 'function':
      return declarator === '' ? type.name : `void ${declarator}()`;
    case 'record':
      return `${type.keyword} ${type.name || '{...}'} ${declarator}`;
    case 'enum':
      return `enum ${type.name || '{...}'} ${declarator}`;
    default:
      return `${type.name} ${declarator}`;
  }
}

/** A member by name, also one inside anonymous structs and unions, with its offset from the start of the record. */
export function findMember(record: RecordType, name: string): Member | undefined {
  for (const member of record.members()) {
    if (member.name === name) return member;
    if (member.name !== '') continue;
    const inner = strip(member.type);
    const found = inner.kind === 'record' ? findMember(inner, name) : undefined;
    if (found) return { ...found, offset: found.offset + member.offset };
  }
  return undefined;
}

/** Names of all members that `findMember` finds. */
export function memberNames(record: RecordType): string[] {
  return record.members().flatMap((member) => {
    const inner = strip(member.type);
    return member.name === '' && inner.kind === 'record' ? memberNames(inner) : [member.name];
  });
}
