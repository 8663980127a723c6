import { RAM_BASE } from '../layout';
import { CodePages } from './code-pages';

/** What answers at a guest-physical page. */
export enum PageKind {
  /** Nobody: reads give ones, writes are lost. */
  None = 0,
  Ram = 1,
  /** Readable and executable, writes are lost. */
  Rom = 2,
  /** A device's registers. */
  Mmio = 3,
}

/** A device in the physical address space. Addresses are guest-physical; widths are 1, 2 or 4 bytes. */
export interface MmioHandler {
  readonly name: string;
  read(address: number, width: 1 | 2 | 4): number;
  write(address: number, width: 1 | 2 | 4, value: number): void;
}

/** Pages of 4 KiB in a 32-bit physical address space. */
const PAGES = 0x100000;

/**
 * The guest-physical address space: which page is RAM, ROM, a device's or nobody's, and where its bytes
 * are in the machine's memory. Accesses that cross a page are split here.
 */
export class PhysicalMemory {
  readonly memory: WebAssembly.Memory;
  readonly u8: Uint8Array;
  /** Where compiled code was made from; told of every write that may change it. */
  readonly code: CodePages;
  private readonly view: DataView;
  private readonly kind = new Uint8Array(PAGES);
  /** Host offset of the page's bytes; meaningful for RAM and ROM. */
  private readonly host = new Uint32Array(PAGES);
  /** 1 where a debugger watches the page, so that no access may take the fast path. */
  private readonly watched = new Uint8Array(PAGES);
  /** Ranges of devices, each with what its pages are beneath it. */
  private mmio: { start: number; end: number; handler: MmioHandler; before: Uint8Array }[] = [];
  /** Pages whose RAM is in front of what is mapped there, by page: what they are without it. */
  private readonly shadowed = new Map<number, { kind: PageKind; host: number }>();
  /** 1 for pages that read from ROM while writes go to the RAM at the same address. */
  private readonly writeThrough = new Uint8Array(PAGES);
  private romCursor: number;

  /** Called once per unassigned address page that is touched. */
  onUnassigned: ((address: number, write: boolean) => void) | undefined;
  /** Called whenever the kind of a page changes: cached translations must be dropped. */
  onRemap: (() => void) | undefined;

  /**
   * @param ramBytes size of guest RAM, a multiple of 4096, at most 2 GiB
   * @param romBytes room kept behind RAM for ROM images
   */
  constructor(
    readonly ramBytes: number,
    romBytes = 1 << 20,
  ) {
    const pages = Math.ceil((RAM_BASE + ramBytes + romBytes) / 65536);
    this.memory = new WebAssembly.Memory({ initial: pages, maximum: pages });
    this.u8 = new Uint8Array(this.memory.buffer);
    this.code = new CodePages(this.u8.length);
    this.view = new DataView(this.memory.buffer);
    this.romCursor = RAM_BASE + ramBytes;
    for (let page = 0; page < ramBytes >>> 12; page++) {
      this.kind[page] = PageKind.Ram;
      this.host[page] = RAM_BASE + page * 4096;
    }
    // A PC's hole between 640 KiB and 1 MiB is not RAM; firmware, option ROMs and video claim parts of it.
    for (let page = 0xa0; page < 0x100; page++) this.kind[page] = PageKind.None;
  }

  kindOf(address: number): PageKind {
    return this.kind[address >>> 12];
  }

  /** Offset in the machine's memory of a physical address in RAM or ROM. */
  hostPointer(address: number): number {
    return this.host[address >>> 12] + (address & 0xfff);
  }

  isWatched(address: number): boolean {
    return this.watched[address >>> 12] !== 0;
  }

  /** Takes a page off the fast path (or puts it back), for data breakpoints. */
  setWatched(address: number, on: boolean): void {
    this.watched[address >>> 12] = on ? 1 : 0;
    this.onRemap?.();
  }

  /** Makes a range plain RAM, e.g. the text frame buffer. Address and length are multiples of 4096 below `ramBytes`. */
  mapRam(address: number, length: number): void {
    for (let page = address >>> 12; page < (address + length) >>> 12; page++) {
      this.setUnshadowed(page, PageKind.Ram, RAM_BASE + page * 4096);
    }
    this.onRemap?.();
  }

  /**
   * Routes reads and writes of a range, each to the RAM behind it or to what is mapped there, as chipsets do with the
   * shadow RAM of firmware. Address and length are multiples of 4096 below `ramBytes`.
   */
  setShadow(address: number, length: number, read: boolean, write: boolean): void {
    for (let page = address >>> 12; page < (address + length) >>> 12; page++) {
      const base = this.shadowed.get(page) ?? { kind: this.kindBeneath(page), host: this.host[page] };
      this.writeThrough[page] = write && !read ? 1 : 0;
      if (read || write) this.shadowed.set(page, base);
      else this.shadowed.delete(page);
      if (read) this.setPage(page, write ? PageKind.Ram : PageKind.Rom, RAM_BASE + page * 4096);
      else this.setPage(page, base.kind, base.host);
    }
    this.onRemap?.();
  }

  /**
   * Maps a ROM image so that it is seen at each of the given physical addresses (page aligned).
   * The image is padded with ones to whole pages.
   * @throws RangeError if the room for ROM images is used up
   */
  mapRom(image: Uint8Array, addresses: readonly number[]): void {
    const size = (image.length + 0xfff) & ~0xfff;
    const at = this.romCursor;
    if (at + size > this.u8.length) throw new RangeError(`no room for a ROM of ${image.length} bytes`);
    this.romCursor += size;
    this.u8.fill(0xff, at, at + size);
    this.u8.set(image, at);
    for (const address of addresses) {
      for (let i = 0; i < size >>> 12; i++) {
        const page = ((address >>> 12) + i) % PAGES;
        this.setUnshadowed(page, PageKind.Rom, at + i * 4096);
      }
    }
    this.onRemap?.();
  }

  /** Gives a physical range (whole pages) to a device. @throws RangeError if another device has a part of it */
  mapMmio(start: number, length: number, handler: MmioHandler): void {
    const end = start + length;
    const other = this.mmio.find((range) => start < range.end && range.start < end);
    if (other) throw new RangeError(`${handler.name} overlaps ${other.handler.name} at 0x${start.toString(16)}`);
    const before = this.kind.slice(start >>> 12, end / 4096);
    this.mmio.push({ start, end, handler, before });
    for (let page = start >>> 12; page < end / 4096; page++) this.kind[page] = PageKind.Mmio;
    this.onRemap?.();
  }

  /** Takes all ranges of a device away: its pages are what they were before. */
  unmapMmio(handler: MmioHandler): void {
    for (const range of this.mmio) if (range.handler === handler) this.kind.set(range.before, range.start >>> 12);
    this.mmio = this.mmio.filter((range) => range.handler !== handler);
    this.onRemap?.();
  }

  /** Reads 1, 2 or 4 bytes as an unsigned number, with the side effects a device may have. */
  read(address: number, width: 1 | 2 | 4): number {
    if ((address & 0xfff) + width > 0x1000) return this.readBytewise(address, width);
    switch (this.kindOf(address)) {
      case PageKind.Ram:
      case PageKind.Rom: {
        const at = this.hostPointer(address);
        if (width === 1) return this.u8[at];
        return width === 2 ? this.view.getUint16(at, true) : this.view.getUint32(at, true);
      }
      case PageKind.Mmio:
        return this.handlerAt(address).read(address, width) >>> 0;
      default:
        this.onUnassigned?.(address, false);
        return width === 4 ? 0xffffffff : (1 << (width * 8)) - 1;
    }
  }

  /** Writes 1, 2 or 4 bytes; writes to ROM and to nobody are lost. */
  write(address: number, width: 1 | 2 | 4, value: number): void {
    if ((address & 0xfff) + width > 0x1000) {
      for (let i = 0; i < width; i++) this.write((address + i) >>> 0, 1, (value >>> (i * 8)) & 0xff);
      return;
    }
    switch (this.kindOf(address)) {
      case PageKind.Ram:
        this.store(this.hostPointer(address), width, value);
        return;
      case PageKind.Mmio:
        this.handlerAt(address).write(address, width, value);
        return;
      case PageKind.Rom:
        if (this.writeThrough[address >>> 12]) this.store(RAM_BASE + address, width, value);
        return;
      default:
        if (this.writeThrough[address >>> 12]) this.store(RAM_BASE + address, width, value);
        else this.onUnassigned?.(address, true);
    }
  }

  /** Copies bytes out without side effects: devices and unassigned pages read as ones. */
  peek(address: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    this.forEachPage(address, length, (host, at, count) => {
      if (host === undefined) bytes.fill(0xff, at, at + count);
      else bytes.set(this.u8.subarray(host, host + count), at);
    });
    return bytes;
  }

  /** An aligned dword without side effects: devices and unassigned pages read as ones. */
  peekDword(address: number): number {
    const kind = this.kindOf(address);
    if (kind !== PageKind.Ram && kind !== PageKind.Rom) return 0xffffffff;
    return this.view.getUint32(this.hostPointer(address), true);
  }

  /** Stores bytes into RAM and ROM (as a debugger or a loader does). Returns how many bytes had a place. */
  poke(address: number, bytes: Uint8Array): number {
    let stored = 0;
    this.forEachPage(address, bytes.length, (host, at, count) => {
      if (host === undefined) return;
      this.u8.set(bytes.subarray(at, at + count), host);
      this.code.noteWrite(host, count);
      stored += count;
    });
    return stored;
  }

  /** Splits a range at the ends of pages; `host` is undefined where there is neither RAM nor ROM, `at` an offset in the range. */
  private forEachPage(
    address: number,
    length: number,
    visit: (host: number | undefined, at: number, count: number) => void,
  ): void {
    for (let at = 0; at < length; ) {
      const from = (address + at) >>> 0;
      const count = Math.min(length - at, 0x1000 - (from & 0xfff));
      const kind = this.kindOf(from);
      visit(kind === PageKind.Ram || kind === PageKind.Rom ? this.hostPointer(from) : undefined, at, count);
      at += count;
    }
  }

  private store(at: number, width: 1 | 2 | 4, value: number): void {
    if (width === 1) this.u8[at] = value;
    else if (width === 2) this.view.setUint16(at, value & 0xffff, true);
    else this.view.setUint32(at, value, true);
    this.code.noteWrite(at, width);
  }

  /** Sets what a page is where no shadow RAM is in front of it. */
  private setUnshadowed(page: number, kind: PageKind, host: number): void {
    if (this.shadowed.has(page)) this.shadowed.set(page, { kind, host });
    else this.setPage(page, kind, host);
  }

  /** Sets what a page is, beneath a device that may be there. */
  private setPage(page: number, kind: PageKind, host: number): void {
    this.host[page] = host;
    const range = this.rangeOf(page);
    if (range) range.before[page - (range.start >>> 12)] = kind;
    else this.kind[page] = kind;
  }

  private kindBeneath(page: number): PageKind {
    const range = this.rangeOf(page);
    return range ? range.before[page - (range.start >>> 12)] : this.kind[page];
  }

  private rangeOf(page: number): { start: number; before: Uint8Array } | undefined {
    return this.mmio.find(({ start, end }) => page >= start >>> 12 && page < end / 4096);
  }

  private readBytewise(address: number, width: number): number {
    let value = 0;
    for (let i = 0; i < width; i++) value += this.read((address + i) >>> 0, 1) * 2 ** (8 * i);
    return value;
  }

  private handlerAt(address: number): MmioHandler {
    const range = this.mmio.find((candidate) => address >= candidate.start && address < candidate.end);
    if (!range) throw new RangeError(`no device at 0x${address.toString(16)}`);
    return range.handler;
  }
}
