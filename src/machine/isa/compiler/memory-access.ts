import * as layout from '../../layout';
import { type Register, SegmentIndex } from '../../layout';
import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import { type Helpers, NO_PAGE } from './helpers';
import type { LoopNest } from './loop-nest';
import { type PageSlot, PageSlots, STACK } from './page-slots';
import type { TierMode } from './mode';

/** Registers and a constant that an address is the sum of, as they were when the block began. */
export interface AddressParts {
  readonly registers: readonly { readonly index: Register; readonly shift: number }[];
  readonly displacement: number;
}

/** One access of a block, in order; `parts` is undefined where the address may have changed within the block. */
interface AccessRecord {
  readonly slot: PageSlot;
  readonly bytes: number;
  readonly parts: AddressParts | undefined;
}

/** Accesses that one check at the start of a block covers: the same registers, displacements from `low` to `high`. */
export interface AccessGroup {
  readonly slot: PageSlot;
  readonly registers: AddressParts['registers'];
  readonly low: number;
  readonly high: number;
}

/** An access within one instruction. */
export interface Access {
  readonly segment: SegmentIndex;
  readonly offset: Expr;
  readonly bytes: number;
  readonly write: boolean;
  /** Accesses of one kind likely go to one page. */
  readonly kind: string;
  readonly parts: AddressParts | undefined;
}

/**
 * Memory accesses of compiled code. The page of the last access of a kind (same address registers, same direction) is
 * kept in locals, so that the common case is a subtraction, a compare and the access; else the TLB is read, in place: a call
 * would cost all code around it, which would have to keep its values out of registers. Where the TLB does not allow the access
 * the instruction is left to the interpreter, which fills the TLB, or, in a patient region, TypeScript is asked first.
 */
export class MemoryAccess {
  private readonly slots: PageSlots;
  private readonly scratch: number;
  private records: AccessRecord[] | undefined;
  private readonly written = new Set<Register>();
  private unchecked: ReadonlySet<PageSlot> = new Set();
  private place = 0;

  /**
   * @param helpers functions that look a page up in a patient region
   */
  constructor(
    private readonly f: FunctionBuilder,
    private readonly mode: TierMode,
    private readonly helpers: Helpers,
    nest: LoopNest,
  ) {
    this.scratch = f.local();
    this.slots = new PageSlots(f, nest);
  }

  /** Forgets all pages: at the entry, and after anything that may change a mapping. */
  forget(): void {
    this.slots.forget();
  }

  /** The block that accesses belong to from now on. */
  beginBlock(place: number): void {
    this.place = place;
  }

  /**
   * Host pointer for an access.
   * @param giveUp leaves the region before the instruction
   */
  locate(access: Access, giveUp: () => void): Expr {
    const { f } = this;
    const linear = this.linear(access, giveUp);
    const slot = this.slots.of(access.kind === STACK ? STACK : keyOf(access), this.place);
    const parts = access.parts?.registers.some(({ index }) => this.written.has(index)) ? undefined : access.parts;
    if (slot)
      this.records?.push({ slot, bytes: access.bytes, parts: this.mode.isFlat(access.segment) ? parts : undefined });
    if (!slot) {
      this.lookUp(access, linear, undefined, giveUp);
      return f.let(w.add(linear, f.get(this.scratch)));
    }
    if (!this.unchecked.has(slot)) {
      f.if(misses(linear, access.bytes, f.getAs('i64', slot.tag)), () => this.lookUp(access, linear, slot, giveUp));
    }
    return f.let(w.add(linear, f.get(slot.delta)));
  }

  /** Stages a block while noting its accesses; gives what `withoutChecks` can cover. */
  recordBlock(body: () => void): AccessGroup[] {
    const records: AccessRecord[] = [];
    this.records = records;
    this.written.clear();
    body();
    this.records = undefined;
    return groupAccesses(records);
  }

  /** Tells of a register that the block changes. */
  noteWrite(register: Register): void {
    this.written.add(register);
  }

  /** True if all accesses of the groups go to the pages that are remembered for them. */
  groupsFit(groups: readonly AccessGroup[], register: (index: Register) => Expr): Expr {
    const misfits = groups.map(({ slot, registers, low, high }) => {
      const parts = registers.map(({ index, shift }) => w.shl(register(index), shift));
      const sum = parts.length > 0 ? parts.reduce((a, b) => w.add(a, b)) : w.constant(0);
      return misses(w.add(sum, low), high - low + 1, this.f.getAs('i64', slot.tag));
    });
    return w.eqz(misfits.reduce((a, b) => w.or(a, b)));
  }

  /** Stages a body in which the accesses of these groups need no check. */
  withoutChecks(groups: readonly AccessGroup[], body: () => void): void {
    this.unchecked = new Set(groups.map(({ slot }) => slot));
    body();
    this.unchecked = new Set();
  }

  /** Finds out where an access goes, for the slot or else for `scratch`. */
  private lookUp({ bytes, write, kind }: Access, linear: Expr, slot: PageSlot | undefined, giveUp: () => void): void {
    const { f, mode } = this;
    const delta = slot?.delta ?? this.scratch;
    if (this.helpers.locate) {
      const [host, tag] = f.callMany(['i32', 'i64'], this.helpers.locate(bytes, write), [linear]);
      f.if(w.eqz(host), giveUp);
      f.set(delta, w.sub(host, linear));
      if (slot) f.set(slot.tag, tag);
      return;
    }
    const entry = f.let(w.load32(w.shl(w.shrU(linear, 12), 2), layout.TLB));
    const allowed = w.and(entry, write ? mode.writeMask : mode.readMask);
    const crosses = bytes > 1 ? w.gtU(w.and(linear, 0xfff), 0x1000 - bytes) : 0;
    f.if(w.or(w.eqz(allowed), crosses), giveUp);
    f.set(delta, w.and(entry, ~0xfff));
    if (!slot) return;
    const page = i64.extendU(w.and(linear, ~0xfff));
    // Pushes find the page of the stack where they may write to it only.
    const writable = kind === STACK && !write ? w.and(entry, mode.writeMask) : w.constant(1);
    f.set(slot.tag, writable.constant ? page : i64.select(writable, page, i64.const(NO_PAGE)));
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

function keyOf({ kind, write }: Access): string {
  return `${kind} ${write ? 'w' : 'r'}`;
}

/** 1 unless all bytes from a linear address on are within the page of a tag. */
function misses(linear: Expr, bytes: number, tag: Expr64): Expr {
  return i64.gtU(i64.sub(i64.extendU(linear), tag), i64.const(BigInt(0x1000 - bytes)));
}

/** Groups the accesses of a block by slot; a slot with an access that cannot be told beforehand is left out. */
function groupAccesses(records: readonly AccessRecord[]): AccessGroup[] {
  const unknown = new Set(records.filter(({ parts }) => !parts).map(({ slot }) => slot));
  const groups = new Map<PageSlot, Map<string, AccessGroup>>();
  for (const { slot, bytes, parts } of records) {
    if (!parts || unknown.has(slot)) continue;
    let ofSlot = groups.get(slot);
    if (!ofSlot) groups.set(slot, (ofSlot = new Map<string, AccessGroup>()));
    const name = parts.registers.map(({ index, shift }) => `${index}*${shift}`).join('+');
    const known = ofSlot.get(name);
    const low = Math.min(known?.low ?? parts.displacement, parts.displacement);
    const last = parts.displacement + bytes - 1;
    ofSlot.set(name, { slot, registers: parts.registers, low, high: Math.max(known?.high ?? last, last) });
  }
  return [...groups.values()]
    .map((ofSlot) => [...ofSlot.values()])
    .filter((ofSlot) => ofSlot.every(({ low, high }) => high - low <= 0xfff))
    .flat();
}
