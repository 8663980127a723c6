import { isElf } from '../machine/loaders/elf';
import type { CodeFrame, Scope } from './dwarf/dwarf-program';
import { type Block, entryOf } from './dwarf/functions';
import type { Variable } from './dwarf/variables';
import { loadElf } from './formats/elf-module';
import { loadText } from './formats/text-module';
import { breakpointSites, type Copies } from './lines/breakpoint-sites';
import type { LineInfo, Statement } from './lines/line-index';
import type { SourceFile } from './lines/source-files';
import type { ProgramModule } from './program-module';
import type { ProgramSymbol } from './symbol-index';
import type { Type } from './types';
import { analyzePrologue, FRAME_POINTER_RULE, type ReadCode } from './unwind/prologue';
import type { UnwindRule } from './unwind/rules';

/** How a symbol file is to be read. */
export interface LoadOptions {
  /** Rewrites beginnings of source paths: what the compiler saw, to what it is here. */
  sourceMap?: Readonly<Record<string, string>>;
  /** Added to the addresses in the file to get linear addresses; may be negative. */
  bias?: number;
  /** The source file of a NASM listing, which does not name it; by default the listing's name with `.asm`. */
  source?: string;
}

/** A place where a breakpoint goes. */
export interface BreakpointSite {
  /** Linear address. */
  address: number;
  /** The source line there: it may be a later one than was asked for. */
  path?: string;
  line?: number;
  column?: number;
}

/** A function by its extent. Addresses are linear. */
export interface FunctionInfo {
  name: string;
  /** First instruction. */
  entry: number;
  /** All code of it; optimizers may split it. */
  ranges: { start: number; end: number }[];
}

/** A symbol and how far into it an address is. */
export interface SymbolMatch {
  symbol: ProgramSymbol;
  offset: number;
  /** `uart_putc+0x1c`, or the bare name at offset 0. */
  text: string;
}

/**
 * The symbols of everything that the guest runs, from any number of symbol files. Addresses in and out are linear ones,
 * unsigned. Queries never throw: damage found on the way is noted in `warnings` and what it hides is missing.
 */
export class SymbolTable {
  /** What was wrong in the files that were loaded, as told to the user; each once. */
  readonly warnings: string[] = [];
  private readonly modules: ProgramModule[] = [];

  /**
   * Adds a symbol file. Its kind is told by its content: an i386 ELF file, a linker map (GNU ld, LLD, NASM), the output
   * of `nm` (System.map), or a NASM listing.
   * @param name its path, for messages
   * @throws ElfError or SymbolError if nothing in it can be used
   */
  load(name: string, bytes: Uint8Array, options: LoadOptions = {}): void {
    const warn = (message: string): void => {
      const text = `${name}: ${message}`;
      if (!this.warnings.includes(text)) this.warnings.push(text);
    };
    const load = isElf(bytes) ? loadElf : loadText;
    this.modules.push(
      load({ name, bytes, bias: options.bias ?? 0, sourceMap: options.sourceMap ?? {}, warn, source: options.source }),
    );
  }

  /** The function whose code an address is in. */
  functionAt(address: number): FunctionInfo | undefined {
    return this.first(address, (module, linked) => {
      const block = module.debug?.functions.functionAt(linked);
      if (block) return describe(module, block);
      const symbol = module.symbols.functionAt(linked);
      if (!symbol) return undefined;
      const entry = linear(module, symbol.address);
      return { name: symbol.name, entry, ranges: symbol.size ? [{ start: entry, end: entry + symbol.size }] : [] };
    });
  }

  /** The symbol or label that an address belongs to. */
  symbolAt(address: number): SymbolMatch | undefined {
    return this.first(address, (module, linked) => {
      const found = module.symbols.at(linked);
      if (!found) return undefined;
      const symbol = toLinear(module, found);
      const offset = address - symbol.address;
      return { symbol, offset, text: offset === 0 ? symbol.name : `${symbol.name}+0x${offset.toString(16)}` };
    });
  }

  /** All symbols with a name. */
  lookup(name: string): ProgramSymbol[] {
    return this.modules.flatMap((module) => module.symbols.lookup(name).map((symbol) => toLinear(module, symbol)));
  }

  /** All symbols, for completion and search. */
  *symbols(): Generator<ProgramSymbol> {
    for (const module of this.modules) for (const symbol of module.symbols.all) yield toLinear(module, symbol);
  }

  /** The source line of the instruction at an address. */
  lineAt(address: number): LineInfo | undefined {
    return this.first(address, (module, linked) => {
      const line = module.lines?.lineAt(linked);
      return line && { ...line, start: linear(module, line.start), end: linear(module, line.end) };
    });
  }

  /**
   * Where a breakpoint on a source line goes. A line without code stands for the next one of its file that has some;
   * the line where a function begins stands for the end of its prologue. A line may have several sites: a copy in
   * each place where it was inlined. Empty if the file is not part of the program or has no code from there on.
   */
  addressesFor(path: string, line: number): BreakpointSite[] {
    const here = this.sitesOn(path, line, line);
    return here.length ? here : this.sitesOn(path, line + 1, Infinity);
  }

  /**
   * Where a breakpoint on a function goes: behind the prologue of every function with this name; if there is none, the
   * places where it was inlined, or the label of this name.
   */
  addressesForFunction(name: string): BreakpointSite[] {
    return uniqueSites(this.modules.flatMap((module) => this.functionSites(module, name)));
  }

  /** The lines from `from` to `to` of a file that a breakpoint can be on, ascending. */
  linesWithCode(path: string, from: number, to: number): number[] {
    const lines = new Set<number>();
    for (const module of this.modules) {
      for (const statement of module.lines?.statements(path, from, to) ?? []) lines.add(statement.line);
    }
    return [...lines].sort((a, b) => a - b);
  }

  /** All source files, each path once. */
  sources(): SourceFile[] {
    const files = new Map<string, SourceFile>();
    for (const module of this.modules) {
      for (const file of module.lines?.sources() ?? []) if (!files.has(file.path)) files.set(file.path, file);
    }
    return [...files.values()];
  }

  /**
   * The calls that an address stands for: inlined ones first, then the function itself, each with its place in the
   * source. Where no function is known, one frame with the symbol's name. Empty if there is no symbol either.
   */
  inlineFramesAt(address: number): CodeFrame[] {
    const frames = this.first(address, (module, linked) => nonEmpty(module.debug?.framesAt(linked)));
    if (frames) return frames;
    const match = this.symbolAt(address);
    if (!match) return [];
    const at = this.lineAt(address);
    return [
      {
        name: match.text,
        inlined: false,
        ...(at && { path: at.path, line: at.line, ...(at.column !== undefined && { column: at.column }) }),
      },
    ];
  }

  /**
   * How to find the caller of the code at an address: by call frame information, else by the bytes of the prologue,
   * else by the frame pointer.
   * @param readCode reads guest memory at linear addresses; by default the bytes in the symbol file are taken
   */
  unwindRule(address: number, readCode?: ReadCode): UnwindRule {
    const rule = this.first(address, (module, linked) => module.debug?.unwindRule(linked));
    if (rule) return rule;
    return (
      this.first(address, (module, linked) => {
        const fn = module.debug?.functions.functionAt(linked);
        const symbol = module.symbols.functionAt(linked) ?? module.symbols.at(linked);
        const entry = (fn && entryOf(fn)) ?? symbol?.address;
        if (entry === undefined || entry > linked) return undefined;
        const certain = fn !== undefined || symbol?.kind === 'function';
        const read: ReadCode = readCode
          ? (at, length) => readCode(linear(module, at), length)
          : (at, length) => module.readCode(at, length);
        return analyzePrologue(entry, linked, certain, read);
      }) ?? FRAME_POINTER_RULE
    );
  }

  /**
   * The variables that code at an address sees.
   * @param depth which of `inlineFramesAt` is meant, 0 being the innermost
   */
  scopeAt(address: number, depth = 0): Scope | undefined {
    return this.first(address, (module, linked) => module.debug?.scopeAt(linked, depth));
  }

  /** Variables outside functions with a name, in any file; those with a place or a value come first. */
  globals(name: string): Variable[] {
    return this.modules.flatMap((module) => module.debug?.globals(name) ?? []);
  }

  /** The type of a name as C writes it: `u32`, `struct node`, `enum mode`. */
  typeNamed(name: string): Type | undefined {
    for (const module of this.modules) {
      const type = module.debug?.typeNamed(name);
      if (type) return type;
    }
    return undefined;
  }

  private first<T>(address: number, query: (module: ProgramModule, linked: number) => T | undefined): T | undefined {
    for (const module of this.modules) {
      const found = query(module, (address - module.bias) >>> 0);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The sites on the first line in a range that has code, per file and module. */
  private sitesOn(path: string, from: number, to: number): BreakpointSite[] {
    const sites: BreakpointSite[] = [];
    for (const module of this.modules) {
      const byFile = new Map<SourceFile, Statement[]>();
      for (const statement of module.lines?.statements(path, from, to) ?? []) {
        const known = byFile.get(statement.file);
        if (!known || statement.line < known[0].line) byFile.set(statement.file, [statement]);
        else if (statement.line === known[0].line) known.push(statement);
      }
      for (const statements of byFile.values()) {
        const chosen = breakpointSites(statements, module.debug ?? NO_FUNCTIONS);
        for (const statement of chosen) {
          const { address, file, line, column } = statement;
          const place: BreakpointSite = { address: linear(module, address), path: file.path, line, column };
          const inlined = module.debug?.copyAt(address) !== module.debug?.functionAt(address);
          sites.push((inlined ? undefined : this.behindPrologue(module, address)) ?? place);
        }
      }
    }
    return uniqueSites(sites);
  }

  /** The site behind a function's prologue, if the address is the function's entry. */
  private behindPrologue(module: ProgramModule, address: number): BreakpointSite | undefined {
    const { debug } = module;
    const fn = debug?.functionAt(address);
    if (!debug || !fn || entryOf(fn) !== address) return undefined;
    const body = debug.bodyStart(fn) ?? address;
    // A body may begin with an inlined call: the place is then that of the call.
    const { path, line, column } = debug.framesAt(body).at(-1) ?? {};
    return { address: linear(module, body), path, line, column };
  }

  private functionSite(module: ProgramModule, address: number): BreakpointSite {
    return this.behindPrologue(module, address) ?? site(module, address);
  }

  private functionSites(module: ProgramModule, name: string): BreakpointSite[] {
    const { debug, symbols } = module;
    const addresses = symbols
      .lookup(name)
      .filter((symbol) => symbol.kind === 'function' || symbol.kind === 'label')
      .map((symbol) => symbol.address);
    if (addresses.length) return addresses.map((address) => this.functionSite(module, address));
    if (!debug) return [];
    const functions = debug.functions.named(name);
    if (functions.length) {
      return functions.flatMap((fn) => entryOf(fn) ?? []).map((entry) => this.functionSite(module, entry));
    }
    return debug.functions
      .inlinedCopies(name)
      .flatMap((copy) => entryOf(copy) ?? [])
      .map((at) => site(module, at));
  }
}

/** Stands in where there is no debug information about functions. */
const NO_FUNCTIONS: Copies = { copyAt: () => undefined, functionAt: () => undefined };

function linear(module: ProgramModule, linked: number): number {
  return (linked + module.bias) >>> 0;
}

function toLinear(module: ProgramModule, symbol: ProgramSymbol): ProgramSymbol {
  if (module.bias === 0 || symbol.kind === 'absolute') return symbol;
  return { ...symbol, address: linear(module, symbol.address), limit: symbol.limit + module.bias };
}

function describe(module: ProgramModule, block: Block): FunctionInfo {
  const ranges = block.ranges.map(({ start, end }) => ({
    start: linear(module, start),
    end: linear(module, start) + (end - start),
  }));
  const entry = entryOf(block);
  return {
    name: module.debug?.functions.nameOf(block.die) ?? '?',
    entry: entry === undefined ? (ranges[0]?.start ?? 0) : linear(module, entry),
    ranges,
  };
}

function site(module: ProgramModule, linked: number): BreakpointSite {
  const at = module.lines?.lineAt(linked);
  return {
    address: linear(module, linked),
    ...(at && { path: at.path, line: at.line, ...(at.column !== undefined && { column: at.column }) }),
  };
}

function uniqueSites(sites: readonly BreakpointSite[]): BreakpointSite[] {
  return [...new Map(sites.map((entry) => [entry.address, entry])).values()].sort((a, b) => a.address - b.address);
}

function nonEmpty<T>(list: T[] | undefined): T[] | undefined {
  return list?.length ? list : undefined;
}
