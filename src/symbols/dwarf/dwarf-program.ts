import type { ElfFile } from '../../machine/loaders/elf';
import { SymbolError } from '../errors';
import { codeTest } from '../elf-symbols';
import { readLineUnits } from '../lines/dwarf-line-unit';
import { LineIndex } from '../lines/line-index';
import type { LineUnit } from '../lines/line-table';
import { SourceFiles } from '../lines/source-files';
import type { Type } from '../types';
import { CallFrameInfo } from '../unwind/call-frame-info';
import type { UnwindRule } from '../unwind/rules';
import { DW_AT, DW_LANG_Mips_Assembler, DW_TAG } from './constants';
import { DebugInfo } from './debug-info';
import type { Die } from './die';
import { type Block, entryOf, FunctionIndex } from './functions';
import { dwarfSections } from './sections';
import { TypeReader } from './type-reader';
import type { Unit } from './unit';
import { readVariable, type Variable, type VariableContext, variablesOf } from './variables';

/** A call or function that an address is in, with where it goes on in the source. Innermost first in lists. */
export interface CodeFrame {
  name: string;
  /** Inlined into the frame that follows. */
  inlined: boolean;
  path?: string;
  line?: number;
  column?: number;
}

/** The variables that a frame sees. */
export interface Scope {
  /** Name of the function or inlined function. */
  name: string;
  /** Variables and parameters by block, innermost first; a name hides the same name in later blocks. */
  blocks: Variable[][];
  /** Variables of the file outside functions. Read when asked for. */
  file(): Variable[];
}

/** Everything that the DWARF sections of an ELF file tell. All addresses in and out are linked ones. */
export class DwarfProgram {
  readonly lines: LineIndex;
  readonly functions: FunctionIndex;
  private readonly info: DebugInfo;
  private readonly types: TypeReader;
  private readonly variableContext: VariableContext;
  private readonly frames: CallFrameInfo[];
  private readonly lineUnits: Map<Unit, LineUnit>;
  private readonly found = new Map<string, Die[]>();

  /**
   * @param bias added to linked addresses in the locations of variables
   * @param objectAddress linked address of a name of the symbol table
   */
  constructor(
    elf: ElfFile,
    bias: number,
    sourceMap: Readonly<Record<string, string>>,
    objectAddress: (name: string) => number | undefined,
    private readonly warn: (message: string) => void,
  ) {
    const sections = dwarfSections(elf, warn);
    const isCode = codeTest(elf);
    const sources = new SourceFiles(sourceMap);
    this.info = new DebugInfo(sections, isCode, warn);
    this.functions = new FunctionIndex(this.info, isCode, warn);
    const { all, byUnit, orphans } = readLineUnits({ sections, sources, isCode, warn }, this.info.units);
    this.lineUnits = byUnit;
    const unitsWithLines = (address: number): LineUnit[] =>
      this.info.unitsForAddress(address).flatMap((unit) => byUnit.get(unit) ?? []);
    this.lines = new LineIndex(all, (address) => [...unitsWithLines(address), ...orphans], sources);
    this.types = new TypeReader((tag, name) => this.definitions(name, [tag])[0]);
    this.variableContext = {
      types: this.types,
      bias,
      objectAddress,
      functionAt: (address) => this.functions.functionAt(address),
    };
    this.frames = [
      new CallFrameInfo({ bytes: sections.frame, kind: 'debug_frame', address: 0 }, isCode, warn),
      new CallFrameInfo({ bytes: sections.ehFrame, kind: 'eh_frame', address: sections.ehFrameAddress }, isCode, warn),
    ];
  }

  /** The rule that call frame information gives for an address. */
  unwindRule(address: number): UnwindRule | undefined {
    for (const frames of this.frames) {
      const rule = frames.ruleAt(address);
      if (rule) return rule;
    }
    return undefined;
  }

  /** The function at an address and the calls inlined there, innermost first; empty where no function is known. */
  framesAt(address: number): CodeFrame[] {
    const calls = this.callsAt(address).reverse();
    return calls.map((block, i) => {
      const at = i === 0 ? this.lines.lineAt(address) : this.guarded(() => this.callSite(calls[i - 1].die), undefined);
      return {
        name: this.functions.nameOf(block.die) ?? '?',
        inlined: block.kind === 'inlined',
        ...(at && { path: at.path, line: at.line, ...(at.column !== undefined && { column: at.column }) }),
      };
    });
  }

  /** What the frame with index `depth` of `framesAt` sees. */
  scopeAt(address: number, depth: number): Scope | undefined {
    const chain = this.functions.blocksAt(address);
    const calls = chain.filter((block) => block.kind !== 'block');
    const call = calls[calls.length - 1 - depth];
    if (!call) return undefined;
    const inner = calls[calls.length - depth];
    const blocks = chain.slice(chain.indexOf(call), inner ? chain.indexOf(inner) : undefined).reverse();
    const read = (die: Die): Variable[] => this.guarded(() => variablesOf(die, this.variableContext), []);
    return {
      name: this.functions.nameOf(call.die) ?? '?',
      blocks: blocks.map((block) => read(block.die)),
      file: () => read(call.die.unit.root),
    };
  }

  /** Variables outside functions with this name; those with a place or a value first. May have to read all units. */
  globals(name: string): Variable[] {
    return this.definitions(name, [DW_TAG.variable]).flatMap((die) =>
      this.guarded(() => readVariable(die, this.variableContext) ?? [], []),
    );
  }

  /** The type with this name: a typedef or base type, or with its keyword a `struct`, `union` or `enum`. */
  typeNamed(name: string): Type | undefined {
    const [, keyword, tagName] = /^(struct|union|enum)\s+(\w+)$/.exec(name) ?? [];
    const tags: readonly number[] = keyword ? KEYWORD_TAGS[keyword] : [DW_TAG.typedef, DW_TAG.base_type];
    const die = this.definitions(tagName ?? name, tags)[0];
    return die && this.types.type(die);
  }

  /** Where a breakpoint on a function goes: behind its prologue if the line table tells, else its entry. */
  bodyStart(fn: Block): number | undefined {
    return this.guarded(() => {
      const entry = entryOf(fn);
      if (entry === undefined) return undefined;
      const range = fn.ranges.find(({ start, end }) => entry >= start && entry < end);
      const table = this.lines.tableAt(entry);
      return (range && table?.bodyStart(entry, range.end, !isOptimized(fn.die))) ?? entry;
    }, undefined);
  }

  /** The innermost function or inlined call at an address; assembly has none, though GAS writes entries for its labels. */
  copyAt(address: number): Block | undefined {
    return cFunction(this.callsAt(address).at(-1));
  }

  /** The function at an address, whatever is inlined there; undefined for assembly. */
  functionAt(address: number): Block | undefined {
    return cFunction(this.functions.functionAt(address));
  }

  private callsAt(address: number): Block[] {
    return this.functions.blocksAt(address).filter((block) => block.kind !== 'block');
  }

  private callSite(inlined: Die): { path: string; line: number; column?: number } | undefined {
    const files = this.lineUnits.get(inlined.unit as Unit)?.files;
    const file = files?.[inlined.number(DW_AT.call_file) ?? -1];
    const line = inlined.number(DW_AT.call_line);
    if (!file || line === undefined) return undefined;
    const column = inlined.number(DW_AT.call_column);
    return { path: file.path, line, ...(column && { column }) };
  }

  /** Entries on the top level of any unit; what is only declared comes last. Remembered by name. */
  private definitions(name: string, tags: readonly number[]): Die[] {
    const key = `${tags.join()} ${name}`;
    let dies = this.found.get(key);
    if (!dies) {
      const definitions: Die[] = [];
      const declarations: Die[] = [];
      for (const unit of this.info.units) {
        this.guarded(() => {
          unit.walk((die, depth) => {
            if (depth === 1 && tags.includes(die.tag) && die.name === name) {
              (die.flag(DW_AT.declaration) ? declarations : definitions).push(die);
            }
            return depth === 0;
          });
        }, undefined);
      }
      dies = [...definitions, ...declarations];
      this.found.set(key, dies);
    }
    return dies;
  }

  private guarded<T>(read: () => T, fallback: T): T {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof SymbolError)) throw error;
      this.warn(error.message);
      return fallback;
    }
  }
}

const KEYWORD_TAGS: Readonly<Record<string, readonly number[]>> = {
  struct: [DW_TAG.structure_type, DW_TAG.class_type],
  union: [DW_TAG.union_type],
  enum: [DW_TAG.enumeration_type],
};

function cFunction(block: Block | undefined): Block | undefined {
  return block?.die.unit.root.number(DW_AT.language) === DW_LANG_Mips_Assembler ? undefined : block;
}

/**
 * Whether GCC says that it optimized a unit: then the second line of a function need not be behind its prologue. Other
 * compilers mark the end of the prologue, optimized or not.
 */
function isOptimized(die: Die): boolean {
  return /-O([1-3sfzg]|\b(?!0))/.test(die.unit.root.string(DW_AT.producer) ?? '');
}
