import * as layout from '../../layout';
import { type Register, SegmentIndex } from '../../layout';
import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { AccessForecast, Range } from './access-forecast';
import { AddressTracker, type Place } from './address-tracker';
import { type AddressParts, registersKey } from './addresses';
import type { Helpers } from './helpers';
import type { LoopNest } from './loop-nest';
import type { TierMode } from './mode';
import { type PageSlot, PageSlots } from './page-slots';

/** An access within one instruction. */
export interface Access {
  readonly segment: SegmentIndex;
  readonly offset: Expr;
  readonly bytes: number;
  readonly write: boolean;
  /** What the offset is made of, where that is known. */
  readonly parts: AddressParts | undefined;
}

/** How a region deals with accesses that the TLB does not allow, or that cross a page. */
export enum Patience {
  /** One look-up for all accesses of a block that are near each other; what does not fit is left to the interpreter. */
  None,
  /** A look-up for each access; what is not allowed is left to the interpreter. */
  Single,
  /** TypeScript is asked before the interpreter is. */
  Asking,
}

/** Bytes that have been looked up in this block, and may be accessed without another check. */
interface View extends Range {
  readonly key: string;
  /** Local that holds host pointer minus linear address. */
  readonly delta: number;
}

/** Accesses that one check at the start of a block covers. */
export interface AccessGroup {
  readonly slot: PageSlot;
  readonly parts: AddressParts;
  readonly bytes: number;
}

interface AccessRecord {
  readonly slot: PageSlot;
  /** Undefined where it cannot be told at the block's start. */
  readonly parts: AddressParts | undefined;
  readonly bytes: number;
}

/** How many looked-up places of a block are remembered outside of slots. */
const VIEWS = 8;

/**
 * Memory accesses of compiled code. An access looks its page up in the TLB, in place: a call would cost all code around
 * it, which would have to keep its values out of registers. One look-up does for accesses of the same block that are near each
 * other, as those to a structure or to the stack are, and in small loops the page of the round before is remembered. Where the
 * TLB does not allow an access the instruction is left to the interpreter, which fills the TLB.
 */
export class MemoryAccess {
  private readonly slots: PageSlots;
  private readonly tracker = new AddressTracker();
  private readonly deltas: readonly number[];
  private nextDelta = 0;
  private views: readonly View[] = [];
  private forecast: AccessForecast | undefined;
  private records: AccessRecord[] | undefined;
  private unchecked: ReadonlySet<PageSlot> = new Set();
  private place = 0;

  /**
   * @param helpers functions that look a page up, where the region is patient
   */
  constructor(
    private readonly f: FunctionBuilder,
    private readonly mode: TierMode,
    private readonly helpers: Helpers,
    nest: LoopNest,
  ) {
    this.deltas = Array.from({ length: VIEWS }, () => f.local());
    this.slots = new PageSlots(f, nest);
  }

  /** Forgets all pages and registers: at the entry, and after anything that may change a mapping. */
  forget(): void {
    this.slots.forget();
    this.views = [];
    this.tracker.begin();
  }

  /**
   * The block that accesses belong to from now on.
   * @param forecast its accesses; undefined to look each up by itself
   */
  beginBlock(place: number, forecast: AccessForecast | undefined): void {
    this.place = place;
    this.forecast = forecast;
    this.views = [];
    this.tracker.begin();
  }

  /** Tells of a register that the block changes. */
  wrote(register: Register): void {
    this.tracker.wrote(register);
  }

  /** Tells that the last change of a register was to move it by a constant. */
  moved(register: Register, by: number): void {
    this.tracker.moved(register, by);
  }

  /** Stages what may be skipped: what it looks up is not there afterwards. */
  perhaps(body: () => void): void {
    const before = this.views;
    body();
    this.views = before.filter((view) => this.views.includes(view));
  }

  /**
   * Host pointer for an access.
   * @param giveUp leaves the region before the instruction
   */
  locate(access: Access, giveUp: () => void): Expr {
    const { f } = this;
    const linear = this.linear(access, giveUp);
    const place = access.parts && this.tracker.place(access.segment, access.parts);
    const low = place?.displacement ?? 0;
    const own: Range = { low, end: low + access.bytes, write: access.write };
    const known = place && this.views.find((view) => view.key === place.key && covers(view, own));
    if (known) return f.let(w.add(linear, f.get(known.delta)));
    const range = (access.parts && this.forecast?.around(access.segment, access.parts, own)) ?? own;
    const slot = this.slots.of(kindOf(access, range), this.place);
    this.record(slot, place, access, range);
    const delta = slot?.delta ?? this.deltas[this.nextDelta++ % VIEWS];
    this.views = this.views.filter((view) => view.delta !== delta);
    if (!slot || !this.unchecked.has(slot)) {
      const start = f.let(w.add(linear, range.low - low));
      const look = () => this.lookUp(start, range, delta, slot, giveUp);
      if (slot) f.if(misses(start, range.end - range.low, f.getAs('i64', slot.tag)), look);
      else look();
    }
    if (place) this.views = [...this.views, { ...range, key: place.key, delta }];
    return f.let(w.add(linear, f.get(delta)));
  }

  /** Stages a block while noting its accesses; gives what `withoutChecks` can cover. */
  recordBlock(body: () => void): AccessGroup[] {
    const records: AccessRecord[] = [];
    this.records = records;
    body();
    this.records = undefined;
    return groupRecords(records);
  }

  /** True if all accesses of the groups go to the pages that are remembered for them. */
  groupsFit(groups: readonly AccessGroup[], register: (index: Register) => Expr): Expr {
    const misfits = groups.map(({ slot, parts, bytes }) => {
      const values = parts.registers.map(({ index, shift }) => w.shl(register(index), shift));
      const sum = values.length > 0 ? values.reduce((a, b) => w.add(a, b)) : w.constant(0);
      return misses(w.add(sum, parts.displacement), bytes, this.f.getAs('i64', slot.tag));
    });
    return w.eqz(misfits.reduce((a, b) => w.or(a, b)));
  }

  /** Stages a body in which the accesses of these groups need no check. */
  withoutChecks(groups: readonly AccessGroup[], body: () => void): void {
    this.unchecked = new Set(groups.map(({ slot }) => slot));
    body();
    this.unchecked = new Set();
  }

  private record(slot: PageSlot | undefined, place: Place | undefined, access: Access, range: Range): void {
    if (!slot) return;
    const told = place?.fromStart && access.parts && this.mode.isFlat(access.segment);
    const parts = told ? { registers: access.parts.registers, displacement: range.low } : undefined;
    this.records?.push({ slot, parts, bytes: range.end - range.low });
  }

  /** Finds out where bytes from a linear address on are. */
  private lookUp(start: Expr, range: Range, delta: number, slot: PageSlot | undefined, giveUp: () => void): void {
    const { f, mode } = this;
    const bytes = range.end - range.low;
    if (this.helpers.locate) {
      const [host, tag] = f.callMany(['i32', 'i64'], this.helpers.locate(bytes, range.write), [start]);
      f.if(w.eqz(host), giveUp);
      f.set(delta, w.sub(host, start));
      if (slot) f.set(slot.tag, tag);
      return;
    }
    const entry = f.let(w.load32(w.shl(w.shrU(start, 12), 2), layout.TLB));
    f.if(w.eqz(w.and(entry, range.write ? mode.writeMask : mode.readMask)), giveUp);
    if (bytes > 1) f.if(w.gtU(w.and(start, 0xfff), 0x1000 - bytes), giveUp);
    f.set(delta, w.and(entry, ~0xfff));
    if (slot) f.set(slot.tag, i64.extendU(w.and(start, ~0xfff)));
  }

  /** Linear address after the checks of the segment. */
  private linear({ segment, offset, bytes, write }: Access, giveUp: () => void): Expr {
    const { f, mode } = this;
    const field = (array: number) => w.load32(array + segment * 4);
    if (mode.isFlat(segment) && !(write && segment === SegmentIndex.CS)) return f.let(offset);
    const at = f.let(offset);
    const rights = f.let(field(layout.SEG_RIGHTS));
    f.if(w.eqz(w.and(rights, write ? layout.SEG_WRITE_FLAT : layout.SEG_READ_FLAT)), () => {
      const needed = write ? layout.SEG_WRITABLE : layout.SEG_READABLE;
      const plain = w.eq(w.and(rights, needed | layout.SEG_EXPAND_DOWN), needed);
      const last = f.let(w.add(at, bytes - 1));
      const within = w.and(w.leU(last, field(layout.SEG_LIMIT)), w.geU(last, at));
      f.if(w.eqz(w.and(plain, within)), giveUp);
    });
    return f.let(w.add(field(layout.SEG_BASE), at));
  }
}

/** Accesses of one kind likely go to one page: those by the same registers in the same direction. */
function kindOf({ segment, parts }: Access, { write }: Range): string {
  const registers = parts && registersKey(parts.registers);
  return `${segment} ${registers || (parts?.displacement ?? 0) >>> 12} ${write ? 'w' : 'r'}`;
}

function covers(range: Range, own: Range): boolean {
  return range.low <= own.low && own.end <= range.end && (range.write || !own.write);
}

/** 1 unless all bytes from a linear address on are within the page of a tag. */
function misses(linear: Expr, bytes: number, tag: Expr64): Expr {
  return i64.gtU(i64.sub(i64.extendU(linear), tag), i64.const(BigInt(0x1000 - bytes)));
}

/** Puts records of the same slot and registers together; a slot that is not told all of beforehand is left out. */
function groupRecords(records: readonly AccessRecord[]): AccessGroup[] {
  const unknown = new Set(records.filter(({ parts }) => !parts).map(({ slot }) => slot));
  const groups = new Map<string, AccessGroup>();
  for (const { slot, parts, bytes } of records) {
    if (!parts || unknown.has(slot)) continue;
    const { registers, displacement } = parts;
    const name = `${slot.tag} ${registersKey(registers)}`;
    const known = groups.get(name);
    const low = Math.min(known?.parts.displacement ?? displacement, displacement);
    const end = Math.max(known ? known.parts.displacement + known.bytes : low, displacement + bytes);
    groups.set(name, { slot, parts: { registers, displacement: low }, bytes: end - low });
  }
  const far = new Set([...groups.values()].filter(({ bytes }) => bytes > 0x1000).map(({ slot }) => slot));
  return [...groups.values()].filter(({ slot }) => !far.has(slot));
}
