import * as layout from '../../layout';
import { SegmentIndex } from '../../layout';
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
    access: { segment: SegmentIndex; offset: Expr; bytes: number; write: boolean; kind: string },
    giveUp: () => void,
  ): Expr {
    const { f } = this;
    const { bytes, write } = access;
    const linear = this.linear(access, giveUp);
    const page = this.pageFor(`${access.kind} ${write ? 'w' : 'r'}`);
    const delta = page?.delta ?? this.scratchDelta;
    const lookUp = () => {
      const [host, found] = f.callMany(['i32', 'i32'], this.helpers.locate(bytes, write), [linear]);
      f.if(w.eqz(host), giveUp);
      f.set(delta, w.sub(host, linear));
      if (page) f.set(page.tag, found);
    };
    // A misaligned access never compares equal: it may cross the page.
    if (page) f.if(w.ne(w.and(linear, ~0xfff | (bytes - 1)), f.get(page.tag)), lookUp);
    else lookUp();
    return f.let(w.add(linear, f.get(delta)));
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
