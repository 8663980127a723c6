import type { ProgramSymbol } from '../symbol-index';

/** A symbol as a map file tells of it. */
type MapSymbol = Pick<ProgramSymbol, 'name' | 'address' | 'size' | 'kind' | 'global'>;

/** The last symbol of a map, whose size nobody knows, is taken to reach this far (bytes). */
const LAST_REACH = 0x10000;

/** A kind of map file: how it is told, and how its symbols are read. */
export interface MapFormat {
  readonly name: string;
  matches(lines: readonly string[]): boolean;
  read(lines: readonly string[]): MapSymbol[];
}

const hex = (text: string): number => Number.parseInt(text, 16);
const address32 = (text: string): number => Number(BigInt.asUintN(32, BigInt(`0x${text}`)));

/** What a section's name says about the symbols in it. */
function kindOf(section: string, sized: boolean): ProgramSymbol['kind'] {
  if (/^\.(bss|data|rodata)/.test(section)) return 'object';
  return sized ? 'function' : 'label';
}

/** `nm`, `nm -S` and Linux's System.map: value, perhaps size, type letter, name. */
const NM_LINE = /^([0-9a-f]{8,16})(?: ([0-9a-f]{8,16}))? ([A-Za-z]) (\S+)/i;
const NM_KINDS: Readonly<Record<string, ProgramSymbol['kind']>> = {
  t: 'function',
  w: 'function',
  i: 'function',
  b: 'object',
  c: 'object',
  d: 'object',
  g: 'object',
  r: 'object',
  s: 'object',
  v: 'object',
  a: 'absolute',
};

const NM: MapFormat = {
  name: 'nm output',
  matches: (lines) => lines.some((line) => NM_LINE.test(line)),
  read: (lines) =>
    lines.flatMap((line) => {
      const [, address, size, letter, name] = NM_LINE.exec(line) ?? [];
      const kind = letter && NM_KINDS[letter.toLowerCase()];
      if (!kind) return [];
      const global = letter === letter.toUpperCase();
      return { name, address: address32(address), size: size ? hex(size) : 0, kind, global };
    }),
};

/** GNU ld -Map: symbols stand alone on lines below their input section, perhaps with the expression they are set by. */
const GNU_TITLE = 'Linker script and memory map';
const GNU_SYMBOL = /^ {8,}0x([0-9a-f]+) +(?:PROVIDE(?:_HIDDEN)? \()?([A-Za-z_.$][\w.$@]*)(?: = .*|\))?$/;
const GNU_SECTION = /^ ?(\.[\w.$]+)/;

const GNU_LD: MapFormat = {
  name: 'GNU ld map',
  matches: (lines) => lines.includes(GNU_TITLE),
  read: (lines) => {
    let section = '';
    return lines.slice(lines.indexOf(GNU_TITLE)).flatMap((line) => {
      section = GNU_SECTION.exec(line)?.[1] ?? section;
      const [, address, name] = GNU_SYMBOL.exec(line) ?? [];
      if (name === undefined || name === '.') return [];
      return { name, address: address32(address), size: 0, kind: kindOf(section, false), global: true };
    });
  },
};

/** LLD -Map: address, load address, size and alignment; then output section, input section or symbol by indentation. */
const LLD_TITLE = /^ *VMA +LMA +Size +Align +Out +In +Symbol/;
const LLD_LINE = /^ *([0-9a-f]+) +[0-9a-f]+ +([0-9a-f]+) +\d+ ( *)(\S.*)$/;
const LLD_SYMBOL_INDENT = 16;

const LLD: MapFormat = {
  name: 'LLD map',
  matches: (lines) => lines.some((line) => LLD_TITLE.test(line)),
  read: (lines) => {
    let section = '';
    return lines.flatMap((line) => {
      const [, address, size, indent, name] = LLD_LINE.exec(line) ?? [];
      if (name === undefined) return [];
      if (indent === '') section = name;
      // Assignments of a linker script are listed as `name = expression`.
      if (indent.length < LLD_SYMBOL_INDENT || name.startsWith('.')) return [];
      const bytes = hex(size);
      const [plain] = name.split(' ');
      return { name: plain, address: address32(address), size: bytes, kind: kindOf(section, bytes > 0), global: true };
    });
  },
};

/** NASM's [map symbols]: per section, real and virtual address and name. */
const NASM_TITLE = /^- NASM Map file -/;
const NASM_SYMBOLS = /^-- Symbols -/;
const NASM_SECTION = /^---- Section (\S+) -/;
const NASM_SYMBOL = /^ *[0-9A-F]+ +([0-9A-F]+) +(\S+)$/;

const NASM: MapFormat = {
  name: 'NASM map',
  matches: (lines) => lines.some((line) => NASM_TITLE.test(line)),
  read: (lines) => {
    let section = '';
    const start = lines.findIndex((line) => NASM_SYMBOLS.test(line));
    return (start < 0 ? [] : lines.slice(start)).flatMap((line) => {
      section = NASM_SECTION.exec(line)?.[1] ?? section;
      const [, address, name] = NASM_SYMBOL.exec(line) ?? [];
      if (name === undefined) return [];
      return { name, address: address32(address), size: 0, kind: kindOf(section, false), global: true };
    });
  },
};

/** In the order in which they are tried: those with a title before the one without. */
export const MAP_FORMATS: readonly MapFormat[] = [GNU_LD, LLD, NASM, NM];

/** Completes the symbols of a map: what has no size reaches to the next one. */
export function withLimits(symbols: readonly MapSymbol[]): ProgramSymbol[] {
  const last = symbols.reduce((max, symbol) => (symbol.kind === 'absolute' ? max : Math.max(max, symbol.address)), 0);
  return symbols.map((symbol) => ({ ...symbol, limit: last + LAST_REACH }));
}
