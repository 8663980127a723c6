import * as layout from '../../layout';
import { type Register, SegmentIndex } from '../../layout';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { type Helpers, NO_PAGE } from './helpers';
import type { TierMode } from './mode';

/** Locals that remember the page of the last access of a kind. */
interface PageLocals {
  /** Linear address of the page, or `NO_PAGE`. */
  readonly tag: number;
  /** Host pointer minus linear address. */
  readonly delta: number;
}

/** Registers and a constant that an address is the sum of, as they were when the block began. */
export interface AddressParts {
  readonly registers: readonly { readonly index: Register; readonly shift: number }[];
  readonly displacement: number;
}

/** One access of a block, in order; `parts` is undefined where the address may have changed within the block. */
interface AccessRecord {
  readonly key: string;
  readonly bytes: number;
  readonly parts: AddressParts | undefined;
}

/** Accesses that one check at the start of a block covers: the same registers, displacements from `low` to `high`. */
export interface AccessGroup {
  readonly key: string;
  readonly registers: AddressParts['registers'];
  readonly low: number;
  readonly high: number;
}

/** How many kinds of accesses remember their page; every one costs two locals that loops carry along. */
const MAX_PAGES = 6;

/**
 * Memory accesses of compiled code. The page of the last access of each kind (same address registers, same direction)
 * is kept in locals, so that the common case is a mask, a compare and the access; then the TLB is read; only then
 * is TypeScript asked. What it refuses is left to the interpreter, before the instruction has had any effect.
 */
export class MemoryAccess {
  private readonly pages = new Map<string, PageLocals>();
  private readonly scratchDelta: number;
  private records: AccessRecord[] | undefined;
  private readonly written = new Set<Register>();
  private unchecked: ReadonlySet<string> = new Set();

  /**
   * @param helpers numbers of the functions that look a page up
   */
  constructor(
    private readonly f: FunctionBuilder,
    private readonly mode: TierMode,
    private readonly helpers: Helpers,
  ) {
    this.scratchDelta = f.local();
    this.noPages = Array.from({ length: MAX_PAGES }, () => ({ tag: f.local(), delta: f.local() }));
  }

  private readonly noPages: PageLocals[];

  /** Forgets all pages: at the entry, and after anything that may change a mapping. */
  forget(): void {
    for (const { tag } of [...this.pages.values(), ...this.noPages]) this.f.set(tag, NO_PAGE);
  }

  /**
   * Host pointer for an access within one page.
   * @param kind accesses of one kind likely go to one page
   * @param giveUp leaves the region before the instruction
   */
  locate(
    access: {
      segment: SegmentIndex;
      offset: Expr;
      bytes: number;
      write: boolean;
      kind: string;
      parts: AddressParts | undefined;
    },
    giveUp: () => void,
  ): Expr {
    const { f } = this;
    const { bytes, write } = access;
    const linear = this.linear(access, giveUp);
    const key = `${access.kind} ${write ? 'w' : 'r'}`;
    const page = this.pageFor(key);
    const parts = access.parts?.registers.some(({ index }) => this.written.has(index)) ? undefined : access.parts;
    this.records?.push({ key, bytes, parts: this.mode.isFlat(access.segment) ? parts : undefined });
    if (page && this.unchecked.has(key)) return f.let(w.add(linear, f.get(page.delta)));
    const delta = page?.delta ?? this.scratchDelta;
    const lookUp = () => {
      const [host, found] = f.callMany(['i32', 'i32'], this.helpers.locate(bytes, write), [linear]);
      f.if(w.eqz(host), giveUp);
      f.set(delta, w.sub(host, linear));
      if (page) f.set(page.tag, found);
    };
    if (page) f.if(misses(linear, bytes, f.get(page.tag)), lookUp);
    else lookUp();
    return f.let(w.add(linear, f.get(delta)));
  }

  /** Stages a block while noting its accesses; gives what `unchecked` can cover. */
  recordBlock(body: () => void): AccessGroup[] {
    const records: AccessRecord[] = [];
    this.records = records;
    this.written.clear();
    body();
    this.records = undefined;
    return groupAccesses(records).filter(({ key }) => this.pages.has(key));
  }

  /** Tells of a register that the block changes. */
  noteWrite(register: Register): void {
    this.written.add(register);
  }

  /** True if all accesses of the groups go to the pages that are remembered for them. */
  groupsFit(groups: readonly AccessGroup[], register: (index: Register) => Expr): Expr {
    const misses = groups.flatMap(({ key, registers, low, high }) => {
      const tag = this.f.get((this.pages.get(key) as PageLocals).tag);
      const parts = registers.map(({ index, shift }) => w.shl(register(index), shift));
      const sum = parts.length > 0 ? parts.reduce((a, b) => w.add(a, b)) : w.constant(0);
      const ends = low === high ? [low] : [low, high];
      return ends.map((end) => w.xor(w.and(w.add(sum, end), ~0xfff), tag));
    });
    return w.eqz(misses.reduce((a, b) => w.or(a, b)));
  }

  /** Stages a body in which the accesses of these groups need no check. */
  withoutChecks(groups: readonly AccessGroup[], body: () => void): void {
    this.unchecked = new Set(groups.map(({ key }) => key));
    body();
    this.unchecked = new Set();
  }

  /** Linear address after the checks of the segment. */
  private linear(
    { segment, offset, bytes, write }: { segment: SegmentIndex; offset: Expr; bytes: number; write: boolean },
    giveUp: () => void,
  ): Expr {
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

  private pageFor(kind: string): PageLocals | undefined {
    let page = this.pages.get(kind);
    if (!page) {
      page = this.noPages.pop();
      if (page) this.pages.set(kind, page);
    }
    return page;
  }
}

/**
 * Not zero if an access may go elsewhere than to one page. What is misaligned does as a rule: it may cross the page. Of 8 bytes
 * both halves are compared: compilers for the i386 align doubles on the stack to 4.
 */
function misses(linear: Expr, bytes: number, tag: Expr): Expr {
  const alignment = Math.min(bytes, 4);
  const differs = (at: Expr) => w.xor(w.and(at, ~0xfff | (alignment - 1)), tag);
  return bytes <= 4 ? differs(linear) : w.or(differs(linear), differs(w.add(linear, 4)));
}

/** Groups the accesses of a block by key; a key with an access that cannot be told beforehand is left out. */
function groupAccesses(records: readonly AccessRecord[]): AccessGroup[] {
  const unknown = new Set(records.filter(({ parts }) => !parts).map(({ key }) => key));
  const groups = new Map<string, AccessGroup>();
  for (const { key, bytes, parts } of records) {
    if (!parts || unknown.has(key)) continue;
    const name = `${key} ${parts.registers.map(({ index, shift }) => `${index}*${shift}`).join('+')}`;
    const known = groups.get(name);
    const low = Math.min(known?.low ?? parts.displacement, parts.displacement);
    const last = parts.displacement + bytes - 1;
    groups.set(name, { key, registers: parts.registers, low, high: Math.max(known?.high ?? last, last) });
  }
  const far = new Set([...groups.values()].filter(({ low, high }) => high - low > 0xfff).map(({ key }) => key));
  return [...groups.values()].filter(({ key }) => !far.has(key));
}
