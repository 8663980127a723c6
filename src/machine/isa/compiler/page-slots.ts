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

/** How many slots there are; each costs two locals that loops carry along. */
const SLOTS = 6;

/**
 * Hands slots out to the kinds of accesses within one small loop, as long as there are enough. Elsewhere they do not pay: they
 * have to be carried along all ways of control.
 *
 * What a slot holds is a true translation whichever kind put it there, so that loops may share it.
 */
export class PageSlots {
  private readonly slots: readonly PageSlot[];
  /** By loop: slots by kind. */
  private readonly lent = new Map<number, Map<string, PageSlot>>();

  constructor(
    private readonly f: FunctionBuilder,
    private readonly nest: LoopNest,
  ) {
    const slot = () => ({ tag: f.local('i64'), delta: f.local() });
    this.slots = Array.from({ length: nest.hasSmallLoops ? SLOTS : 0 }, slot);
  }

  /** Forgets all pages: at the entry, and after anything that may change a mapping. */
  forget(): void {
    for (const { tag } of this.slots) this.f.set(tag, i64.const(NO_PAGE));
  }

  /**
   * The slot of a kind of accesses in a block, if there is one.
   * @param place start of the block
   */
  of(kind: string, place: number): PageSlot | undefined {
    const loop = this.nest.smallLoopAround(place);
    if (loop === undefined) return undefined;
    let kinds = this.lent.get(loop);
    if (!kinds) this.lent.set(loop, (kinds = new Map<string, PageSlot>()));
    const known = kinds.get(kind);
    if (known || kinds.size === this.slots.length) return known;
    const chosen = this.slots[kinds.size];
    kinds.set(kind, chosen);
    return chosen;
  }
}
