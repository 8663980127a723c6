/** Types of variables, in the form that a debugger formats. Parts that may refer back are read when asked for. */
export type Type =
  | BaseType
  | PointerType
  | StructType
  | ArrayType
  | EnumType
  | FunctionType
  | TypedefType
  | QualifiedType
  | VoidType
  | UnknownType;

export type BaseEncoding =
  | 'signed'
  | 'unsigned'
  | 'boolean'
  | 'char'
  | 'unsigned char'
  | 'float'
  | 'complex'
  | 'utf'
  | 'address';

export interface BaseType {
  readonly kind: 'base';
  readonly name: string;
  /** Bytes. */
  readonly byteSize: number;
  readonly encoding: BaseEncoding;
}

export interface PointerType {
  readonly kind: 'pointer';
  readonly byteSize: number;
  /** A C++ reference. */
  readonly reference: boolean;
  readonly target: Type;
}

export interface StructType {
  readonly kind: 'struct';
  readonly keyword: 'struct' | 'union' | 'class';
  /** Undefined if it has none. */
  readonly name: string | undefined;
  readonly byteSize: number;
  /** Only declared, and no definition was found: it has no members to show. */
  readonly incomplete: boolean;
  readonly members: readonly Member[];
}

export interface Member {
  /** Undefined for an anonymous struct or union, whose members count as the outer one's. */
  readonly name: string | undefined;
  readonly type: Type;
  /** Bytes from the start of the struct; of a bit field, to the byte with its lowest bit. */
  readonly offset: number;
  /** Bit fields only: where its lowest bit is in that byte (0-7), and how many bits it has. */
  readonly bitOffset?: number;
  readonly bitSize?: number;
}

export interface ArrayType {
  readonly kind: 'array';
  readonly element: Type;
  /** Elements per dimension, outermost first; undefined where the size is not fixed. */
  readonly dimensions: readonly (number | undefined)[];
  /** Bytes from one element to the next. */
  readonly stride: number;
  /** Bytes of the whole array; 0 if not known. */
  readonly byteSize: number;
}

export interface EnumType {
  readonly kind: 'enum';
  readonly name: string | undefined;
  readonly byteSize: number;
  readonly signed: boolean;
  readonly enumerators: readonly { name: string; value: bigint }[];
}

export interface FunctionType {
  readonly kind: 'function';
  readonly byteSize: 0;
  readonly result: Type;
  readonly parameters: readonly Type[];
  /** `...` follows. */
  readonly variadic: boolean;
}

export interface TypedefType {
  readonly kind: 'typedef';
  readonly name: string;
  readonly byteSize: number;
  readonly target: Type;
}

export interface QualifiedType {
  readonly kind: 'qualified';
  readonly qualifier: 'const' | 'volatile' | 'restrict' | '_Atomic';
  readonly byteSize: number;
  readonly target: Type;
}

export interface VoidType {
  readonly kind: 'void';
  readonly byteSize: 0;
}

/** A type that can't be read; the reason is for the user. */
export interface UnknownType {
  readonly kind: 'unknown';
  readonly byteSize: 0;
  readonly reason: string;
}

export const VOID: VoidType = { kind: 'void', byteSize: 0 };

/** More typedefs and qualifiers than this on top of each other are a circle. */
const MAX_ALIASES = 64;

/** The type below typedefs and qualifiers. */
export function stripAliases(type: Type): Type {
  let stripped = type;
  for (let i = 0; stripped.kind === 'typedef' || stripped.kind === 'qualified'; i++) {
    if (i === MAX_ALIASES) return { kind: 'unknown', byteSize: 0, reason: 'circular typedef' };
    stripped = stripped.target;
  }
  return stripped;
}

/** The type as C writes it, without a declared name: `struct node *`, `char [16]`, `int (*)(int)`. */
export function typeName(type: Type): string {
  return declare(type, '', 0);
}

/** Writes the declarator of a type around `inner`, from the inside out. */
function declare(type: Type, inner: string, depth: number): string {
  const beside = (name: string): string => (inner ? `${name} ${inner}` : name);
  if (depth > MAX_ALIASES) return beside('…');
  switch (type.kind) {
    case 'base':
    case 'typedef':
      return beside(type.name);
    case 'void':
      return beside('void');
    case 'unknown':
      return beside('?');
    case 'struct':
      return beside(`${type.keyword} ${type.name ?? '{…}'}`);
    case 'enum':
      return beside(`enum ${type.name ?? '{…}'}`);
    case 'qualified': {
      const { target, qualifier } = type;
      // `int * const`, but `const int`.
      if (target.kind === 'pointer') return declare(target, beside(qualifier), depth + 1);
      return `${qualifier} ${declare(target, inner, depth + 1)}`;
    }
    case 'pointer': {
      const star = `${type.reference ? '&' : '*'}${inner}`;
      const { target } = type;
      const bracket = target.kind === 'array' || target.kind === 'function';
      return declare(target, bracket ? `(${star})` : star, depth + 1);
    }
    case 'array':
      return declare(type.element, `${inner}${type.dimensions.map((n) => `[${n ?? ''}]`).join('')}`, depth + 1);
    case 'function': {
      const parameters = type.parameters.map((parameter) => declare(parameter, '', depth + 1));
      if (type.variadic) parameters.push('...');
      return declare(type.result, `${inner}(${parameters.join(', ') || 'void'})`, depth + 1);
    }
  }
}
