import type { Mmu } from '../../machine/cpu/mmu';
import { TLB, TLB_BYTES, TLB_SUPERVISOR_READ } from '../../machine/layout';
import { type PhysicalMemory, PageKind } from '../../machine/memory/physical';
import { EvaluationError, type GuestMemory } from '../values/memory';

const PAGE = 0x1000;

function hex(value: number): string {
  return `0x${(value >>> 0).toString(16)}`;
}

/**
 * Guest memory as the debugger sees it: through the page tables, without permission checks, without side effects on
 * devices, TLB or accessed bits.
 */
export class LinearMemory implements GuestMemory {
  private readonly view: DataView;
  private readonly tlb: Uint32Array;

  constructor(
    private readonly mmu: Pick<Mmu, 'peek'>,
    private readonly physical: PhysicalMemory,
  ) {
    this.view = new DataView(physical.memory.buffer);
    this.tlb = new Uint32Array(physical.memory.buffer, TLB, TLB_BYTES / 4);
  }

  read(linear: number, length: number): Uint8Array {
    const bytes = this.readAvailable(linear, length);
    if (bytes.length < length) {
      throw new EvaluationError(`memory at ${hex(linear + bytes.length)} cannot be read: no page is mapped there`);
    }
    return bytes;
  }

  /** As `read`, but ends where the first page is missing. */
  readAvailable(linear: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let done = 0; done < length; ) {
      const at = (linear + done) >>> 0;
      const physical = this.mmu.peek(at);
      if (physical === undefined) return bytes.slice(0, done);
      const piece = Math.min(length - done, PAGE - (at & (PAGE - 1)));
      bytes.set(this.physical.peek(physical, piece), done);
      done += piece;
    }
    return bytes;
  }

  readNumber(linear: number, width: 1 | 2 | 4): number {
    const at = linear >>> 0;
    // What the guest has read lately is in its TLB, which spares the walk.
    const entry = this.tlb[at >>> 12];
    if (entry & TLB_SUPERVISOR_READ && (at & (PAGE - 1)) + width <= PAGE) {
      const pointer = ((entry & ~(PAGE - 1)) + at) >>> 0;
      if (width === 4) return this.view.getUint32(pointer, true);
      return width === 2 ? this.view.getUint16(pointer, true) : this.view.getUint8(pointer);
    }
    if ((at & (PAGE - 1)) + width <= PAGE) {
      const physical = this.mmu.peek(at);
      if (physical !== undefined) {
        const kind = this.physical.kindOf(physical);
        if (kind === PageKind.Ram || kind === PageKind.Rom) return this.physical.read(physical, width);
      }
    }
    const bytes = this.read(at, width);
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = value * 256 + bytes[i];
    return value;
  }

  write(linear: number, bytes: Uint8Array): void {
    // All pages are looked up first, so that a write is done as a whole or not at all.
    this.read(linear, bytes.length);
    const stored = this.writeAvailable(linear, bytes);
    if (stored < bytes.length) {
      throw new EvaluationError(`memory at ${hex(linear + stored)} cannot be written: there is neither RAM nor ROM`);
    }
  }

  /** Stores as much as has a place; returns how many bytes that were, from the start on. */
  writeAvailable(linear: number, bytes: Uint8Array): number {
    for (let done = 0; done < bytes.length; ) {
      const at = (linear + done) >>> 0;
      const physical = this.mmu.peek(at);
      if (physical === undefined) return done;
      const piece = Math.min(bytes.length - done, PAGE - (at & (PAGE - 1)));
      const stored = this.physical.poke(physical, bytes.subarray(done, done + piece));
      done += stored;
      if (stored < piece) return done;
    }
    return bytes.length;
  }

  readPhysical(address: number, length: number): Uint8Array {
    return this.physical.peek(address, length);
  }

  writePhysical(address: number, bytes: Uint8Array): void {
    if (this.physical.poke(address, bytes) < bytes.length) {
      throw new EvaluationError(`physical memory at ${hex(address)} cannot be written: there is neither RAM nor ROM`);
    }
  }
}
