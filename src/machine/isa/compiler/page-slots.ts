import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import { NO_PAGE } from './helpers';
import type { LoopNest } from './loop-nest';

/** Locals that remember the page of the last access of some kind. */
export interface PageSlot {
  /** i64: linear address of the page, or `NO_PAGE`. */
  readonly tag: number;
  /** i32: host pointer minus linear address. */
  readonly delta: number;
}

/** How many slots there are besides that of the stack; each costs two locals that loops carry along. */
const SLOTS = 6;
/** The kind of accesses to the stack: they keep to a slot of their own. */
export const STACK = 'stack';

/**
 * Hands the slots out: the kinds of accesses within one loop get different ones, as long as there are enough. Accesses
 * outside of loops, but to the stack, get none: they are not made often enough to find the page of the one before.
 *
 * What a slot holds is a true translation whichever kind put it there, so that loops may share it.
 */
export class PageSlots {
  private readonly slots: readonly PageSlot[];
  private readonly stack: PageSlot;
  /** By loop: slots by kind. */
  private readonly lent = new Map<number, Map<string, PageSlot>>();

  constructor(
    private readonly f: FunctionBuilder,
    private readonly nest: LoopNest,
  ) {
    const slot = () => ({ tag: f.local('i64'), delta: f.local() });
    this.slots = Array.from({ length: SLOTS }, slot);
    this.stack = slot();
  }

  /** Forgets all pages: at the entry, and after anything that may change a mapping. */
  forget(): void {
    for (const { tag } of [...this.slots, this.stack]) this.f.set(tag, i64.const(NO_PAGE));
  }

  /**
   * The slot of a kind of accesses in a block, if there is one.
   * @param place start of the block
   */
  of(kind: string, place: number): PageSlot | undefined {
    if (kind === STACK) return this.stack;
    const loop = this.nest.innermost(place);
    if (loop === undefined) return undefined;
    let kinds = this.lent.get(loop);
    if (!kinds) this.lent.set(loop, (kinds = new Map<string, PageSlot>()));
    const known = kinds.get(kind);
    if (known) return known;
    const chosen = this.choose(kind, loop, new Set(kinds.values()));
    if (chosen) kinds.set(kind, chosen);
    return chosen;
  }

  /** That of the same kind in a loop around, else one that no loop around uses, else any that is free in this loop. */
  private choose(kind: string, loop: number, taken: ReadonlySet<PageSlot>): PageSlot | undefined {
    const outer = this.nest.around(loop).flatMap((header) => this.lent.get(header) ?? []);
    const same = outer.map((kinds) => kinds.get(kind)).find((slot) => slot && !taken.has(slot));
    if (same) return same;
    const free = this.slots.filter((slot) => !taken.has(slot));
    const used = new Set(outer.flatMap((kinds) => [...kinds.values()]));
    return free.find((slot) => !used.has(slot)) ?? free[0];
  }
}
