import { SymbolError } from '../errors';
import { AddressMap } from './address-map';
import { DW_AT, DW_TAG } from './constants';
import type { DebugInfo } from './debug-info';
import type { Die } from './die';
import { covers, type Range, rangesOf } from './range-lists';
import type { Unit } from './unit';

/** A function, an inlined call, or a block of either, with the code that it has. */
export interface Block {
  readonly kind: 'function' | 'inlined' | 'block';
  readonly die: Die;
  /** Linked addresses; a block without code has none. */
  readonly ranges: readonly Range[];
  readonly children: readonly Block[];
}

/** Blocks nested deeper than this are damaged. */
const MAX_NESTING = 200;

/** Entries whose children can't hold a function. */
const TYPE_TAGS: ReadonlySet<number> = new Set([
  DW_TAG.structure_type,
  DW_TAG.union_type,
  DW_TAG.class_type,
  DW_TAG.enumeration_type,
  DW_TAG.array_type,
  DW_TAG.subroutine_type,
]);

const BLOCK_KINDS: Readonly<Record<number, Block['kind']>> = {
  [DW_TAG.subprogram]: 'function',
  [DW_TAG.inlined_subroutine]: 'inlined',
  [DW_TAG.lexical_block]: 'block',
};

/** Functions by address; a unit's entries are read when an address of it is first asked for. */
export class FunctionIndex {
  private readonly byUnit = new Map<Unit, AddressMap<Die>>();
  private readonly blocks = new Map<Die, Block>();

  constructor(
    private readonly info: DebugInfo,
    private readonly isCode: (address: number) => boolean,
    private readonly warn: (message: string) => void,
  ) {}

  /** The function whose code an address is in. */
  functionAt(address: number): Block | undefined {
    for (const unit of this.info.unitsForAddress(address)) {
      const die = this.functionsOf(unit).find(address);
      if (die) return this.block(die);
    }
    return undefined;
  }

  /** The function at an address and the blocks in it that hold the address, outermost first. */
  blocksAt(address: number): Block[] {
    const chain: Block[] = [];
    let block = this.functionAt(address);
    while (block) {
      chain.push(block);
      block = block.children.find((child) => covers(child.ranges, address));
    }
    return chain;
  }

  /** The entries of functions with this name that have code, in all units. Reads all units. */
  named(name: string): Block[] {
    const found = new Set<Die>();
    for (const unit of this.info.units) {
      for (const { owner } of this.functionsOf(unit).entries()) if (this.nameOf(owner) === name) found.add(owner);
    }
    return [...found].map((die) => this.block(die));
  }

  /** The places where a function with this name was inlined, in all units. Reads all units. */
  inlinedCopies(name: string): Block[] {
    const found: Block[] = [];
    const search = (block: Block): void => {
      if (block.kind === 'inlined' && this.nameOf(block.die) === name) found.push(block);
      block.children.forEach(search);
    };
    for (const unit of this.info.units) {
      const owners = new Set([...this.functionsOf(unit).entries()].map(({ owner }) => owner));
      for (const die of owners) search(this.block(die));
    }
    return found;
  }

  /** A function's name in the source. */
  nameOf(die: Die): string | undefined {
    try {
      return die.name;
    } catch (error) {
      if (!(error instanceof SymbolError)) throw error;
      this.warn(error.message);
      return undefined;
    }
  }

  private functionsOf(unit: Unit): AddressMap<Die> {
    let map = this.byUnit.get(unit);
    if (!map) {
      const entries: { range: Range; owner: Die }[] = [];
      try {
        unit.walk((die) => {
          if (die.tag === DW_TAG.subprogram) {
            for (const range of rangesOf(die)) if (this.isCode(range.start)) entries.push({ range, owner: die });
          }
          return !TYPE_TAGS.has(die.tag);
        });
      } catch (error) {
        if (!(error instanceof SymbolError)) throw error;
        this.warn(error.message);
      }
      map = new AddressMap(entries);
      this.byUnit.set(unit, map);
    }
    return map;
  }

  private block(die: Die): Block {
    let block = this.blocks.get(die);
    if (!block) {
      try {
        block = readBlock(die, 'function', 0);
      } catch (error) {
        if (!(error instanceof SymbolError)) throw error;
        this.warn(error.message);
        block = { kind: 'function', die, ranges: [], children: [] };
      }
      this.blocks.set(die, block);
    }
    return block;
  }
}

function readBlock(die: Die, kind: Block['kind'], nesting: number): Block {
  if (nesting > MAX_NESTING) throw new SymbolError(`blocks nested more than ${MAX_NESTING} deep`);
  const children: Block[] = [];
  for (const child of die.children()) {
    const childKind = BLOCK_KINDS[child.tag];
    // A nested function (GNU C) has a frame of its own.
    if (childKind && childKind !== 'function') children.push(readBlock(child, childKind, nesting + 1));
  }
  return { kind, die, ranges: rangesOf(die), children };
}

/** The first instruction of a block: DW_AT_entry_pc (in DWARF 5 an offset from the base), else its lowest-listed range. */
export function entryOf(block: Block): number | undefined {
  const first = block.ranges[0]?.start;
  const raw = block.die.raw(DW_AT.entry_pc);
  if (raw?.kind === 'constant') return first === undefined ? undefined : first + Number(raw.value);
  return block.die.address(DW_AT.entry_pc) ?? first;
}
