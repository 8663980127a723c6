import { isUsable, LOW_MEMORY_END, type MemoryRange, memoryMap } from '../memory/memory-map';
import type { PhysicalMemory } from '../memory/physical';
import { hex, LoadError } from './load-error';

interface Placed {
  readonly start: number;
  readonly end: number;
  readonly what: string;
}

/** Below this address live the interrupt vectors and the BIOS data area, and the stack of a boot loader. */
const LOW_START = 0x1000;

/** Guest RAM while an image is loaded: checks that everything fits and that nothing overlaps. */
export class GuestMemory {
  readonly map: readonly MemoryRange[];
  private readonly placed: Placed[] = [];

  /** @param image name of the file, for messages */
  constructor(
    private readonly memory: PhysicalMemory,
    private readonly image: string,
  ) {
    this.map = memoryMap(memory.ramBytes);
  }

  /**
   * Copies bytes to an address and fills up with zeros.
   * @param length bytes in memory, at least `bytes.length`
   * @param what the thing in words, for messages: `segment 2`
   * @throws LoadError if the range is not all RAM or overlaps something loaded before
   */
  load(address: number, bytes: Uint8Array, length: number, what: string): void {
    const range = `${hex(address)}-${hex(address + length - 1)}`;
    if (!isUsable(this.map, address, length)) {
      const hint =
        address + length > this.memory.ramBytes
          ? `the guest has ${this.memory.ramBytes / 0x100000} MiB: raise "memoryMB"`
          : 'RAM is at 0x0-0x9fbff and from 0x100000 on';
      throw new LoadError(this.image, `${what} wants ${range}, which is not all RAM (${hint})`);
    }
    const other = this.placed.find((placed) => address < placed.end && placed.start < address + length);
    if (other) throw new LoadError(this.image, `${what} at ${range} overlaps ${other.what}`);
    this.placed.push({ start: address, end: address + length, what });
    const at = this.memory.hostPointer(address);
    this.memory.u8.set(bytes, at);
    this.memory.u8.fill(0, at + bytes.length, at + length);
  }

  /**
   * First free place in conventional memory, or above everything loaded if there is none.
   * @throws LoadError if no place is left
   */
  findLow(length: number, what: string): number {
    let at = LOW_START;
    for (const { start, end } of [...this.placed].sort((a, b) => a.start - b.start)) {
      if (at < end && start < at + length) at = pageUp(end);
    }
    return at + length <= LOW_MEMORY_END ? at : this.findHigh(length, what);
  }

  /** First page above 1 MiB and everything loaded. @throws LoadError if RAM ends before */
  findHigh(length: number, what: string): number {
    const at = pageUp(Math.max(0x100000, ...this.placed.map((placed) => placed.end)));
    if (at + length > this.memory.ramBytes) {
      const size = this.memory.ramBytes / 0x100000;
      throw new LoadError(
        this.image,
        `${what} (${length} bytes) does not fit in the guest's ${size} MiB: raise "memoryMB"`,
      );
    }
    return at;
  }
}

function pageUp(address: number): number {
  return Math.ceil(address / 4096) * 4096;
}
