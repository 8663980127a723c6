import type { ProgramSymbol } from '../symbol-index';

/** One line of a NASM listing (NASM manual, section 2.1.3), taken apart. */
interface ListingLine {
  line: number;
  /** Offset in the current section and number of bytes, if the line made any. */
  offset: number | undefined;
  length: number;
  /** Depth of macro expansion and inclusion. */
  level: number;
  text: string;
}

/** Code or data that a source line made. */
export interface ListingRow {
  /** Linked address and number of bytes. */
  address: number;
  length: number;
  file: string;
  line: number;
  /** An instruction, where a breakpoint makes sense, and not data. */
  isCode: boolean;
}

/** What a NASM listing tells. */
export interface Listing {
  rows: ListingRow[];
  symbols: ProgramSymbol[];
}

const LINE = /^ *(\d+) (?:([0-9A-F]{8,16}) ((?:\[[^\]]*\]|\([^)]*\)|<[^>]*>|[0-9A-F]|-)+))?(.*)$/;
const LEVEL = /^ *<(\d+)>(.*)$/;
const SECTION = /^\s*\[?\s*(?:section|segment)\s+(\S+?)\s*(?:\]|\s(.*?)\]?)?\s*$/i;
const ABSOLUTE = /^\s*\[?\s*absolute\s+(\S+?)\s*\]?\s*$/i;
const ORG = /^\s*\[?\s*org\s+(\S+?)\s*\]?\s*$/i;
const INCLUDE = /^\s*%include\s+["'`](.+)["'`]/i;
const LABEL = /^\s*([A-Za-z_.?@][\w.?@$#~]*)\s*:/;
const DATA_LABEL = /^\s*([A-Za-z_.?@][\w.?@$#~]*)\s+(?:times\s+\S+\s+)?(?:d[bwdqtoyz]|res[bwdqtoyz]|incbin)\b/i;
const DATA = /^\s*(?:[\w.?@$#~]+\s*:?\s+)?(?:times\s+.*\s)?(?:d[bwdqtoyz]|res[bwdqtoyz]|incbin|align|alignb)\b/i;

/** Sections of flat binaries are aligned to this unless they say otherwise (NASM manual, section 8.1.2). */
const SECTION_ALIGNMENT = 4;

/** Whether text looks like a NASM listing: numbered lines, some of them with an offset and bytes. */
export function isNasmListing(lines: readonly string[]): boolean {
  const filled = lines.filter((line) => line !== '');
  const numbered = filled.filter((line) => LINE.test(line));
  return numbered.length > filled.length * 0.9 && numbered.some((line) => LINE.exec(line)?.[2] !== undefined);
}

/** `0x7c00`, `7c00h`, `$7c00`, `31744`, with underscores; undefined for anything that needs an assembler. */
function parseNumber(text: string): number | undefined {
  const digits = text.replaceAll('_', '');
  const match = /^(?:0[xh]|\$(?=\d))([0-9a-f]+)$/i.exec(digits) ?? /^(\d[0-9a-f]*)h$/i.exec(digits);
  if (match) return Number.parseInt(match[1], 16);
  return /^\d+d?$/i.test(digits) ? Number.parseInt(digits, 10) : undefined;
}

/** Bytes that the data column of a line stands for: digit pairs, relocated fields in brackets, repetitions. */
function dataLength(data: string): number {
  const repeat = /<(rep|res) ([0-9A-F]+)h>/.exec(data);
  const digits = data.replace(/<[^>]*>/g, '').replace(/[^0-9A-F]/g, '').length / 2;
  if (!repeat) return digits;
  return repeat[1] === 'rep' ? Math.max(digits, 1) * Number.parseInt(repeat[2], 16) : Number.parseInt(repeat[2], 16);
}

function parseLine(text: string): ListingLine | undefined {
  const [, line, offset, data, rest] = LINE.exec(text) ?? [];
  if (line === undefined) return undefined;
  const [, level, source] = LEVEL.exec(rest) ?? [];
  return {
    line: Number(line),
    offset: offset === undefined ? undefined : Number.parseInt(offset, 16),
    length: data === undefined ? 0 : dataLength(data),
    level: Number(level ?? 0),
    text: source ?? rest,
  };
}

/** A section of the flat binary while the listing is read. Offsets are from its start. */
interface Section {
  /** Where it begins, if it says so itself. */
  start: number | undefined;
  alignment: number;
  size: number;
  rows: Omit<ListingRow, 'address'>[];
  offsets: number[];
  labels: { name: string; offset: number }[];
}

/** Reads a listing line by line. */
class ListingReader {
  private origin = 0;
  private readonly sections = new Map<string, Section>();
  private section: Section;
  /** Files that are being included: at a level above theirs. */
  private readonly includes: { level: number; file: string }[] = [];
  private pendingInclude: string | undefined;
  private parentLabel = '';
  /** Labels on lines without bytes, which belong to the next bytes. */
  private waiting: string[] = [];

  constructor(private readonly mainFile: string) {
    this.section = this.enter('.text');
  }

  add(line: ListingLine): void {
    this.follow(line.level);
    const [, file] = INCLUDE.exec(line.text) ?? [];
    if (file !== undefined) this.pendingInclude = file;
    if (this.directive(line.text)) return;
    this.label(line);
    if (line.offset === undefined) return;
    const { section } = this;
    for (const name of this.waiting) section.labels.push({ name, offset: line.offset });
    this.waiting = [];
    section.size = Math.max(section.size, line.offset + line.length);
    // What does not fit in the data column goes on in lines with the same number and no text.
    const last = section.rows.at(-1);
    const current = this.includes.at(-1)?.file ?? this.mainFile;
    if (last && line.text.trim() === '' && last.line === line.line && last.file === current) {
      last.length = line.offset + line.length - section.offsets[section.offsets.length - 1];
      return;
    }
    section.rows.push({ file: current, line: line.line, length: line.length, isCode: !DATA.test(line.text) });
    section.offsets.push(line.offset);
  }

  finish(): Listing {
    this.flushLabels();
    const rows: ListingRow[] = [];
    const symbols: ProgramSymbol[] = [];
    let next = this.origin;
    for (const section of this.sections.values()) {
      const start = section.start ?? Math.ceil(next / section.alignment) * section.alignment;
      if (section.start === undefined) next = start + section.size;
      section.rows.forEach((row, i) => rows.push({ ...row, address: start + section.offsets[i] }));
      for (const { name, offset } of section.labels) {
        symbols.push({
          name,
          address: start + offset,
          size: 0,
          kind: 'label',
          global: true,
          limit: start + section.size,
        });
      }
    }
    return { rows, symbols };
  }

  /** Keeps track of which file a line is from. */
  private follow(level: number): void {
    const parent = this.includes.at(-1)?.level ?? 0;
    if (this.pendingInclude !== undefined && level > parent) this.includes.push({ level, file: this.pendingInclude });
    this.pendingInclude = undefined;
    while (this.includes.length && level < this.includes[this.includes.length - 1].level) this.includes.pop();
  }

  private directive(text: string): boolean {
    const org = ORG.exec(text)?.[1];
    if (org !== undefined) {
      this.origin = parseNumber(org) ?? this.origin;
      return true;
    }
    const absolute = ABSOLUTE.exec(text)?.[1];
    if (absolute !== undefined) {
      // Offsets in an absolute segment are addresses already.
      this.flushLabels();
      this.section = this.enter(`absolute ${absolute}`);
      this.section.start = 0;
      return true;
    }
    const [, name, attributes = ''] = SECTION.exec(text) ?? [];
    if (name === undefined) return false;
    this.flushLabels();
    this.section = this.enter(name);
    const start = /\b(?:vstart|start)\s*=\s*(\w+)/i.exec(attributes)?.[1];
    const alignment = /\balign\s*=\s*(\w+)/i.exec(attributes)?.[1];
    this.section.start ??= start === undefined ? undefined : parseNumber(start);
    if (alignment !== undefined) this.section.alignment = parseNumber(alignment) || SECTION_ALIGNMENT;
    return true;
  }

  private label(line: ListingLine): void {
    const name = (LABEL.exec(line.text) ?? DATA_LABEL.exec(line.text))?.[1];
    if (name === undefined || name.startsWith('..') || /^(times|align|alignb)$/i.test(name)) return;
    if (!name.startsWith('.')) this.parentLabel = name;
    this.waiting.push(name.startsWith('.') ? this.parentLabel + name : name);
  }

  /** Labels at the very end of a section. */
  private flushLabels(): void {
    for (const name of this.waiting) this.section.labels.push({ name, offset: this.section.size });
    this.waiting = [];
  }

  private enter(name: string): Section {
    let section = this.sections.get(name);
    if (!section) {
      section = { start: undefined, alignment: SECTION_ALIGNMENT, size: 0, rows: [], offsets: [], labels: [] };
      this.sections.set(name, section);
    }
    return section;
  }
}

/**
 * Reads the listing that `nasm -f bin -l FILE` writes. Addresses come from `org` and from the order of the sections.
 * @param mainFile the source that was assembled; the listing names only the files it includes
 */
export function readNasmListing(lines: readonly string[], mainFile: string): Listing {
  const reader = new ListingReader(mainFile);
  for (const text of lines) {
    const line = parseLine(text);
    if (line) reader.add(line);
  }
  return reader.finish();
}
