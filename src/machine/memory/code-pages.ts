const PAGE_SHIFT = 12;
const LINE_SHIFT = 6;
const LINES = 1 << (PAGE_SHIFT - LINE_SHIFT);

/**
 * Which bytes of the machine's memory compiled code was made from, by pages and lines of 64 bytes, so that writes to
 * them are noticed. Addresses are host pointers.
 */
export class CodePages {
  /** 1 for each host page with compiled code. */
  readonly marked: Uint8Array;
  /** Called after a write to a line with compiled code; `host` is its first byte. */
  onWrite: ((host: number, bytes: number) => void) | undefined;
  private readonly lines = new Map<number, Uint8Array>();

  constructor(memoryBytes: number) {
    this.marked = new Uint8Array(memoryBytes >>> PAGE_SHIFT);
  }

  /** Marks the lines of a range within one page; true if the page had none before. */
  mark(host: number, bytes: number): boolean {
    const page = host >>> PAGE_SHIFT;
    const first = this.marked[page] === 0;
    this.marked[page] = 1;
    let lines = this.lines.get(page);
    if (!lines) this.lines.set(page, (lines = new Uint8Array(LINES)));
    lines.fill(1, lineOf(host), lineOf(host + bytes - 1) + 1);
    return first;
  }

  /** Forgets all marks of the page that holds a host pointer. */
  unmark(host: number): void {
    this.marked[host >>> PAGE_SHIFT] = 0;
    this.lines.delete(host >>> PAGE_SHIFT);
  }

  clear(): void {
    this.marked.fill(0);
    this.lines.clear();
  }

  /** True if a range within one page has a byte in a marked line. */
  touches(host: number, bytes: number): boolean {
    const lines = this.lines.get(host >>> PAGE_SHIFT);
    if (!lines) return false;
    const last = lineOf(host + bytes - 1);
    for (let line = lineOf(host); line <= last; line++) if (lines[line]) return true;
    return false;
  }

  /** Tells of a write within one page. Cheap where there is no code. */
  noteWrite(host: number, bytes: number): void {
    if (this.marked[host >>> PAGE_SHIFT] && this.touches(host, bytes)) this.onWrite?.(host, bytes);
  }
}

function lineOf(host: number): number {
  return (host & 0xfff) >>> LINE_SHIFT;
}
