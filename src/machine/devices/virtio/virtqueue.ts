import type { DmaMemory, Segment } from './dma';

/** Flags of a descriptor (virtio 0.9.5, 2.3.1). */
const DESCRIPTOR_NEXT = 1;
const DESCRIPTOR_WRITE = 2;
const DESCRIPTOR_INDIRECT = 4;
const DESCRIPTOR_BYTES = 16;

/** Flags by which each side spares itself a signal (2.3.2, 2.3.4). */
const AVAIL_NO_INTERRUPT = 1;
const USED_NO_NOTIFY = 1;

/** The used ring starts at a page in the legacy layout, and the queue's address is given in pages. */
const PAGE = 4096;
/** Longest chain taken, indirect descriptors included; drivers stay far below. */
const LONGEST_CHAIN = 1024;
const WRAP = 0xffff;

/** A ring or descriptor that makes no sense: the guest's fault. The message says what is wrong. */
export class VirtqueueError extends Error {}

/** A request that the driver has made available. */
export interface Chain {
  /** Index of its first descriptor, by which it is given back. */
  readonly head: number;
  /** What the device may read, then what it may write, in order. All of it is RAM. */
  readonly readable: readonly Segment[];
  readonly writable: readonly Segment[];
}

/** A chain while it is walked. */
interface OpenChain {
  readonly readable: Segment[];
  readonly writable: Segment[];
  /** Bytes of both. */
  bytes: number;
}

/** Bytes of a list of segments. */
export function totalLength(segments: readonly Segment[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0);
}

/** What a device decides about one of its queues. */
export interface QueueOptions {
  /** For messages and views: `requests`. */
  readonly name: string;
  /** Entries, a power of two that the driver must take as it is. */
  readonly size: number;
  /** Most bytes that a chain may name, so that no request keeps the machine busy for long. */
  readonly largest: number;
}

/** What a queue remembers, besides what is in guest memory. */
export interface VirtqueueState {
  readonly pages: number;
  readonly taken: number;
  readonly used: number;
}

const hex = (value: number): string => `0x${value.toString(16)}`;

/**
 * The device's side of a split virtqueue in the legacy layout: descriptor table, available ring, and the used ring on
 * the next page boundary. Nothing in guest memory is trusted: every index is checked, every address must be RAM, and
 * chains end after a bounded number of steps.
 */
export class Virtqueue {
  /** Address in pages as the driver gave it; 0 while the queue is not in use. */
  private pages = 0;
  /** Entries of the available ring that were taken, and those of the used ring that were filled; modulo 65536. */
  private taken = 0;
  private used = 0;
  /** Set when indirect descriptors were negotiated. */
  indirect = false;

  readonly name: string;
  readonly size: number;
  private readonly largest: number;

  constructor(
    options: QueueOptions,
    private readonly memory: DmaMemory,
  ) {
    this.name = options.name;
    this.size = options.size;
    this.largest = options.largest;
  }

  get pageNumber(): number {
    return this.pages;
  }

  get inUse(): boolean {
    return this.pages !== 0;
  }

  /** Puts the queue at a page, from its beginning; 0 takes it out of use. @throws VirtqueueError if it is not in RAM */
  place(pages: number): void {
    this.pages = 0;
    this.taken = this.used = 0;
    if (pages === 0) return;
    const start = pages * PAGE;
    const length = this.usedOffset + 6 + 8 * this.size;
    if (!this.memory.isRam({ address: start, length })) throw this.error(`its rings at ${hex(start)} are not in RAM`);
    this.pages = pages;
  }

  /**
   * Takes the next request that the driver has made available.
   * @returns undefined if there is none
   * @throws VirtqueueError
   */
  take(): Chain | undefined {
    if (!this.inUse) return undefined;
    this.checkRings();
    const available = this.memory.read16(this.availAddress + 2);
    const waiting = (available - this.taken) & WRAP;
    if (waiting === 0) return undefined;
    if (waiting > this.size) throw this.error(`its available index moved by ${waiting}, past all ${this.size} entries`);
    const head = this.memory.read16(this.availAddress + 4 + 2 * (this.taken % this.size));
    const chain = this.chainAt(head);
    this.taken = (this.taken + 1) & WRAP;
    return chain;
  }

  /** Walks the chain of a request again: one that was taken before. @throws VirtqueueError */
  chainAt(head: number): Chain {
    const chain: OpenChain = { readable: [], writable: [], bytes: 0 };
    this.walk(this.start, this.size, head, chain, true);
    return { head, readable: chain.readable, writable: chain.writable };
  }

  /**
   * Gives a request back.
   * @param written bytes written to its writable part
   * @returns true if the driver wants to be interrupted
   * @throws VirtqueueError
   */
  push(head: number, written: number): boolean {
    if (!this.inUse) return false;
    this.checkRings();
    const entry = this.usedAddress + 4 + 8 * (this.used % this.size);
    this.memory.write32(entry, head);
    this.memory.write32(entry + 4, written);
    this.used = (this.used + 1) & WRAP;
    this.memory.write16(this.usedAddress + 2, this.used);
    return (this.memory.read16(this.availAddress) & AVAIL_NO_INTERRUPT) === 0;
  }

  /**
   * Tells the driver whether its notifications are wanted: a device that looks at the queue anyway spares it the port
   * access. @throws VirtqueueError
   */
  wantNotifications(wanted: boolean): void {
    if (!this.inUse) return;
    this.checkRings();
    this.memory.write16(this.usedAddress, wanted ? 0 : USED_NO_NOTIFY);
  }

  save(): VirtqueueState {
    return { pages: this.pages, taken: this.taken, used: this.used };
  }

  load({ pages, taken, used }: VirtqueueState): void {
    this.pages = pages;
    this.taken = taken;
    this.used = used;
  }

  private get start(): number {
    return this.pages * PAGE;
  }

  private get availAddress(): number {
    return this.start + DESCRIPTOR_BYTES * this.size;
  }

  private get usedOffset(): number {
    return Math.ceil((DESCRIPTOR_BYTES * this.size + 6 + 2 * this.size) / PAGE) * PAGE;
  }

  private get usedAddress(): number {
    return this.start + this.usedOffset;
  }

  /** The guest may have put something else where its rings are. */
  private checkRings(): void {
    const length = this.usedOffset + 6 + 8 * this.size;
    if (!this.memory.isRam({ address: this.start, length })) {
      throw this.error(`its rings at ${hex(this.start)} are not in RAM any more`);
    }
  }

  /**
   * Walks descriptors from one in a table on.
   * @param top whether the table is the queue's own, where an entry may point to an indirect table
   */
  private walk(table: number, entries: number, first: number, chain: OpenChain, top: boolean): void {
    let index = first;
    for (let steps = 0; ; steps++) {
      if (index >= entries) throw this.error(`descriptor ${index} is beyond the table of ${entries}`);
      if (steps >= entries) throw this.error(`the chain from descriptor ${first} loops`);
      const at = table + DESCRIPTOR_BYTES * index;
      const flags = this.memory.read16(at + 12);
      if (flags & DESCRIPTOR_INDIRECT) {
        this.walkIndirect(at, flags, chain, top);
        return;
      }
      this.addSegment(at, index, (flags & DESCRIPTOR_WRITE) !== 0, chain);
      if (!(flags & DESCRIPTOR_NEXT)) return;
      index = this.memory.read16(at + 14);
    }
  }

  /** An indirect descriptor ends the chain of its table. */
  private walkIndirect(at: number, flags: number, chain: OpenChain, top: boolean): void {
    if (!this.indirect) throw this.error('it uses an indirect descriptor, which the driver has not asked for');
    if (!top) throw this.error('an indirect table has an indirect descriptor in it');
    if (flags & DESCRIPTOR_NEXT) throw this.error('a descriptor is both indirect and continued');
    const table = this.rangeAt(at, 'an indirect table');
    if (table.length === 0 || table.length % DESCRIPTOR_BYTES !== 0) {
      throw this.error(`an indirect table has ${table.length} bytes, not a multiple of ${DESCRIPTOR_BYTES}`);
    }
    const entries = table.length / DESCRIPTOR_BYTES;
    if (entries > LONGEST_CHAIN)
      throw this.error(`an indirect table has ${entries} entries, more than ${LONGEST_CHAIN}`);
    this.walk(table.address, entries, 0, chain, false);
  }

  private addSegment(at: number, index: number, writable: boolean, chain: OpenChain): void {
    const segment = this.rangeAt(at, `descriptor ${index}`);
    chain.bytes += segment.length;
    if (chain.bytes > this.largest) throw this.error(`a chain names more than ${this.largest} bytes`);
    if (writable) chain.writable.push(segment);
    else if (chain.writable.length === 0) chain.readable.push(segment);
    else throw this.error(`descriptor ${index} is to be read by the device and follows one that it writes`);
  }

  /** The range that the descriptor at an address names. */
  private rangeAt(at: number, what: string): Segment {
    const address = this.memory.read32(at + 4) * 2 ** 32 + this.memory.read32(at);
    const length = this.memory.read32(at + 8);
    const segment = { address, length };
    if (length > this.largest) throw this.error(`${what} names ${length} bytes, more than ${this.largest}`);
    if (!this.memory.isRam(segment))
      throw this.error(`${what} names ${length} bytes at ${hex(address)}, which are not RAM`);
    return segment;
  }

  private error(problem: string): VirtqueueError {
    return new VirtqueueError(`queue ${this.name}: ${problem}`);
  }
}
