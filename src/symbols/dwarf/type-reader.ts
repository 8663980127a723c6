import { SymbolError } from '../errors';
import { type BaseEncoding, type FunctionType, type Member, type StructType, type Type, VOID } from '../types';
import { DW_AT, DW_ATE, DW_TAG } from './constants';
import type { Die } from './die';

const POINTER_SIZE = 4;
/** Types that contain each other deeper than this are damaged. */
const MAX_NESTING = 64;

const ENCODINGS: Readonly<Record<number, BaseEncoding>> = {
  [DW_ATE.address]: 'address',
  [DW_ATE.boolean]: 'boolean',
  [DW_ATE.complex_float]: 'complex',
  [DW_ATE.float]: 'float',
  [DW_ATE.signed]: 'signed',
  [DW_ATE.signed_char]: 'char',
  [DW_ATE.unsigned]: 'unsigned',
  [DW_ATE.unsigned_char]: 'unsigned char',
  [DW_ATE.UTF]: 'utf',
};

/** Finds the definition of a type that is only declared where it is used. */
export type FindDefinition = (tag: number, name: string) => Die | undefined;

/** Turns type entries into types; each entry gives the same object every time. Never throws `SymbolError`. */
export class TypeReader {
  private readonly cache = new Map<string, Type>();

  constructor(private readonly findDefinition: FindDefinition) {}

  /** The type that an entry describes; no entry is void. */
  type(die: Die | undefined): Type {
    if (!die) return VOID;
    const key = `${die.unit.header.section}${die.offset}`;
    let type = this.cache.get(key);
    if (!type) {
      type = guarded(() => this.build(die));
      this.cache.set(key, type);
    }
    return type;
  }

  /** The type that a variable, member or parameter has. */
  typeOf(die: Die): Type {
    return guarded(() => this.type(die.type));
  }

  private build(die: Die): Type {
    const build = BUILDERS[die.tag];
    if (!build) return unknown(`an entry with tag 0x${die.tag.toString(16)} is no type that C has`);
    return build(this, die);
  }

  /** Bytes that a value of the type takes; worked out here, because a circle of types must not recurse for ever. */
  size(die: Die | undefined, nesting = 0): number {
    if (!die) return 0;
    if (nesting > MAX_NESTING) throw new SymbolError('a type that contains itself');
    const own = die.number(DW_AT.byte_size);
    if (own !== undefined) return own;
    switch (die.tag) {
      case DW_TAG.pointer_type:
      case DW_TAG.reference_type:
      case DW_TAG.rvalue_reference_type:
        return POINTER_SIZE;
      case DW_TAG.array_type: {
        const count = dimensionsOf(die).reduce<number>((product, n) => product * (n ?? 0), 1);
        return count * this.stride(die, nesting);
      }
      case DW_TAG.typedef:
      case DW_TAG.const_type:
      case DW_TAG.volatile_type:
      case DW_TAG.restrict_type:
      case DW_TAG.atomic_type:
      case DW_TAG.enumeration_type:
        return this.size(die.type, nesting + 1);
      case DW_TAG.structure_type:
      case DW_TAG.union_type:
      case DW_TAG.class_type: {
        const definition = this.definition(die);
        return definition === die ? 0 : this.size(definition, nesting + 1);
      }
      default:
        return 0;
    }
  }

  stride(array: Die, nesting = 0): number {
    return array.number(DW_AT.byte_stride) ?? this.size(array.type, nesting + 1);
  }

  /** The entry that defines a struct: itself, a type unit's, or another unit's if it is only declared. */
  definition(die: Die): Die {
    const typeUnit = die.reference(DW_AT.signature);
    if (typeUnit) return typeUnit;
    if (!die.flag(DW_AT.declaration)) return die;
    const { name } = die;
    return (name !== undefined ? this.findDefinition(die.tag, name) : undefined) ?? die;
  }
}

type Builder = (types: TypeReader, die: Die) => Type;

const pointer =
  (reference: boolean): Builder =>
  (types, die) => {
    const target = lazy(() => types.typeOf(die));
    return {
      kind: 'pointer',
      byteSize: types.size(die),
      reference,
      get target() {
        return target();
      },
    };
  };

const qualified =
  (qualifier: 'const' | 'volatile' | 'restrict' | '_Atomic'): Builder =>
  (types, die) => {
    const target = lazy(() => types.typeOf(die));
    return {
      kind: 'qualified',
      qualifier,
      byteSize: types.size(die),
      get target() {
        return target();
      },
    };
  };

const struct =
  (keyword: StructType['keyword']): Builder =>
  (types, die) => {
    const definition = lazy(() => types.definition(die));
    const members = lazy(() => readMembers(types, definition()));
    return {
      kind: 'struct',
      keyword,
      name: die.name,
      get byteSize() {
        return attempt(() => types.size(die), 0);
      },
      get incomplete() {
        return attempt(() => definition().flag(DW_AT.declaration), true);
      },
      get members() {
        return attempt(members, []);
      },
    };
  };

const BUILDERS: Readonly<Record<number, Builder>> = {
  [DW_TAG.base_type]: (_types, die) => ({
    kind: 'base',
    name: die.name ?? '?',
    byteSize: die.number(DW_AT.byte_size) ?? 0,
    encoding: ENCODINGS[die.number(DW_AT.encoding) ?? 0] ?? 'unsigned',
  }),
  [DW_TAG.unspecified_type]: () => VOID,
  [DW_TAG.pointer_type]: pointer(false),
  [DW_TAG.reference_type]: pointer(true),
  [DW_TAG.rvalue_reference_type]: pointer(true),
  [DW_TAG.const_type]: qualified('const'),
  [DW_TAG.volatile_type]: qualified('volatile'),
  [DW_TAG.restrict_type]: qualified('restrict'),
  [DW_TAG.atomic_type]: qualified('_Atomic'),
  [DW_TAG.structure_type]: struct('struct'),
  [DW_TAG.union_type]: struct('union'),
  [DW_TAG.class_type]: struct('class'),
  [DW_TAG.typedef]: (types, die) => {
    const target = lazy(() => types.typeOf(die));
    return {
      kind: 'typedef',
      name: die.name ?? '?',
      byteSize: types.size(die),
      get target() {
        return target();
      },
    };
  },
  [DW_TAG.array_type]: (types, die) => {
    const element = lazy(() => types.typeOf(die));
    return {
      kind: 'array',
      get element() {
        return element();
      },
      dimensions: dimensionsOf(die),
      stride: types.stride(die),
      byteSize: types.size(die),
    };
  },
  [DW_TAG.enumeration_type]: (types, die) => {
    const enumerators = readEnumerators(die);
    return {
      kind: 'enum',
      name: die.name,
      byteSize: types.size(die),
      signed: enumerators.some(({ value }) => value < 0n),
      enumerators,
    };
  },
  [DW_TAG.subroutine_type]: functionType,
  [DW_TAG.subprogram]: functionType,
};

function functionType(types: TypeReader, die: Die): FunctionType {
  const parts = lazy(() => {
    const children = [...die.children()];
    return {
      result: types.typeOf(die),
      parameters: children
        .filter((child) => child.tag === DW_TAG.formal_parameter)
        .map((parameter) => types.typeOf(parameter)),
      variadic: children.some((child) => child.tag === DW_TAG.unspecified_parameters),
    };
  });
  const read = (): ReturnType<typeof parts> => attempt(parts, { result: VOID, parameters: [], variadic: false });
  return {
    kind: 'function',
    byteSize: 0,
    get result() {
      return read().result;
    },
    get parameters() {
      return read().parameters;
    },
    get variadic() {
      return read().variadic;
    },
  };
}

function dimensionsOf(array: Die): (number | undefined)[] {
  const dimensions: (number | undefined)[] = [];
  for (const child of array.children()) {
    if (child.tag !== DW_TAG.subrange_type) continue;
    const upper = child.number(DW_AT.upper_bound);
    const count = child.number(DW_AT.count) ?? (upper === undefined ? undefined : upper + 1);
    // GCC writes `int a[0]` and flexible members as an upper bound of -1, in 32 bits.
    dimensions.push(count === 2 ** 32 ? 0 : count);
  }
  return dimensions;
}

function readEnumerators(die: Die): { name: string; value: bigint }[] {
  const enumerators: { name: string; value: bigint }[] = [];
  for (const child of die.children()) {
    if (child.tag !== DW_TAG.enumerator) continue;
    const raw = child.raw(DW_AT.const_value);
    if (raw?.kind === 'constant') enumerators.push({ name: child.name ?? '?', value: BigInt(raw.value) });
  }
  return enumerators;
}

function readMembers(types: TypeReader, die: Die): Member[] {
  const members: Member[] = [];
  for (const child of die.children()) {
    // A C++ static data member has no place in the object.
    if (child.tag === DW_TAG.member && !child.flag(DW_AT.external)) members.push(readMember(types, child));
  }
  return members;
}

function readMember(types: TypeReader, die: Die): Member {
  const type = lazy(() => types.typeOf(die));
  const start = memberOffset(die);
  const bitSize = die.number(DW_AT.bit_size);
  const bit = bitSize === undefined ? start * 8 : lowestBit(types, die, start, bitSize);
  const offset = Math.floor(bit / 8);
  return {
    name: die.name,
    get type() {
      return type();
    },
    offset,
    ...(bitSize !== undefined && { bitOffset: bit - offset * 8, bitSize }),
  };
}

/** Bytes from the start of the struct. Before DWARF 4 it may be an expression: DW_OP_plus_uconst N, nothing else in C. */
function memberOffset(die: Die): number {
  const raw = die.raw(DW_AT.data_member_location);
  if (raw?.kind === 'constant') return Number(raw.value);
  if (raw?.kind !== 'block') return 0;
  const DW_OP_plus_uconst = 0x23;
  if (raw.value[0] !== DW_OP_plus_uconst) return 0;
  let offset = 0;
  for (let i = 1, factor = 1; i < raw.value.length; i++, factor *= 128) offset += (raw.value[i] & 0x7f) * factor;
  return offset;
}

/** The bit number, from the start of the struct, of a bit field's lowest bit. */
function lowestBit(types: TypeReader, die: Die, offset: number, bitSize: number): number {
  const data = die.number(DW_AT.data_bit_offset);
  if (data !== undefined) return offset * 8 + data;
  const old = die.number(DW_AT.bit_offset);
  if (old === undefined) return offset * 8;
  // DWARF 2 and 3 count from the most significant bit of the storage unit. GCC can let it be negative.
  const storage = die.number(DW_AT.byte_size) ?? types.size(die.type);
  const signed = old > 0x7fffffff ? old - 2 ** 32 : old;
  return offset * 8 + storage * 8 - signed - bitSize;
}

function lazy<T>(make: () => T): () => T {
  let value: { made: T } | undefined;
  return () => (value ??= { made: make() }).made;
}

function attempt<T>(read: () => T, fallback: T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof SymbolError) return fallback;
    throw error;
  }
}

function unknown(reason: string): Type {
  return { kind: 'unknown', byteSize: 0, reason };
}

function guarded(build: () => Type): Type {
  try {
    return build();
  } catch (error) {
    if (error instanceof SymbolError) return unknown(error.message);
    throw error;
  }
}
