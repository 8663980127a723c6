/** Integer and floating types that need no symbols. `char` is signed, as on every i386 C compiler. */
export interface BuiltinType {
  name: string;
  /** Bytes; 0 is void. */
  size: number;
  signed: boolean;
  encoding: 'integer' | 'character' | 'boolean' | 'float' | 'void';
}

const table: Record<string, BuiltinType> = {};

function define(names: string[], size: number, signed: boolean, encoding: BuiltinType['encoding'] = 'integer'): void {
  for (const name of names) table[name] = { name, size, signed, encoding };
}

define(['u8', 'uint8_t'], 1, false);
define(['u16', 'uint16_t'], 2, false);
define(['u32', 'uint32_t'], 4, false);
define(['u64', 'uint64_t'], 8, false);
define(['s8', 'i8', 'int8_t'], 1, true);
define(['s16', 'i16', 'int16_t'], 2, true);
define(['s32', 'i32', 'int32_t'], 4, true);
define(['s64', 'i64', 'int64_t'], 8, true);
define(['char', 'signed char'], 1, true, 'character');
define(['unsigned char'], 1, false, 'character');
define(['short', 'short int', 'signed short', 'signed short int'], 2, true);
define(['unsigned short', 'unsigned short int'], 2, false);
define(['int', 'signed', 'signed int', 'long', 'long int', 'signed long', 'signed long int'], 4, true);
define(['unsigned', 'unsigned int', 'unsigned long', 'unsigned long int'], 4, false);
define(['long long', 'long long int', 'signed long long', 'signed long long int'], 8, true);
define(['unsigned long long', 'unsigned long long int'], 8, false);
define(['size_t', 'uintptr_t'], 4, false);
define(['ssize_t', 'intptr_t', 'ptrdiff_t'], 4, true);
define(['bool', '_Bool'], 1, false, 'boolean');
define(['float'], 4, true, 'float');
define(['double'], 8, true, 'float');
define(['void'], 0, false, 'void');

/** Words that a type name may be made of; the order does not matter in C, the table has the usual one. */
export const TYPE_WORDS: ReadonlySet<string> = new Set(['signed', 'unsigned', 'char', 'short', 'int', 'long']);
/** Words that come before the tag of a C type. */
export const TAG_WORDS: ReadonlySet<string> = new Set(['struct', 'union', 'enum']);
/** Words that say nothing here. */
export const QUALIFIERS: ReadonlySet<string> = new Set(['const', 'volatile']);

/** The builtin type of that name, its words in any order; undefined for names of the program's own. */
export function builtinType(name: string): BuiltinType | undefined {
  if (Object.hasOwn(table, name)) return table[name];
  const words = name.split(' ');
  if (!words.every((word) => TYPE_WORDS.has(word))) return undefined;
  const order = ['signed', 'unsigned', 'char', 'short', 'long', 'int'];
  const sorted = words.sort((a, b) => order.indexOf(a) - order.indexOf(b)).join(' ');
  return Object.hasOwn(table, sorted) ? table[sorted] : undefined;
}
