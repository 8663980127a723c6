import { type PhysicalMemory, PageKind } from '../../memory/physical';

/** A part of guest-physical memory. */
export interface Segment {
  readonly address: number;
  /** Bytes. */
  readonly length: number;
}

const PAGE = 0x1000;

/**
 * Guest memory as a bus master sees it: RAM only. Everything else is refused before anything is touched, so that no
 * address a guest may put in a descriptor does harm.
 */
export class DmaMemory {
  private readonly view: DataView;

  constructor(private readonly memory: PhysicalMemory) {
    this.view = new DataView(memory.memory.buffer);
  }

  /** True if all bytes of a range are RAM. */
  isRam({ address, length }: Segment): boolean {
    if (address + length > this.memory.ramBytes) return false;
    for (let page = address - (address % PAGE); page < address + length; page += PAGE) {
      if (this.memory.kindOf(page) !== PageKind.Ram) return false;
    }
    return true;
  }

  /** Little-endian numbers at an address that `isRam` has accepted. */
  read16(address: number): number {
    return this.view.getUint16(this.memory.hostPointer(address), true);
  }

  read32(address: number): number {
    return this.view.getUint32(this.memory.hostPointer(address), true);
  }

  write16(address: number, value: number): void {
    this.memory.write(address, 2, value);
  }

  write32(address: number, value: number): void {
    this.memory.write(address, 4, value);
  }

  /** The bytes of a range that `isRam` has accepted; to be read only and only until the guest goes on. */
  bytes({ address, length }: Segment): Uint8Array {
    const at = this.memory.hostPointer(address);
    return this.memory.u8.subarray(at, at + length);
  }

  /** Stores bytes at an address; `isRam` has accepted the range. */
  store(address: number, bytes: Uint8Array): void {
    const host = this.memory.hostPointer(address);
    this.memory.u8.set(bytes, host);
    // Compiled code made of what was there must not be used any more.
    for (let at = 0; at < bytes.length; ) {
      const piece = Math.min(bytes.length - at, PAGE - ((host + at) % PAGE));
      this.memory.code.noteWrite(host + at, piece);
      at += piece;
    }
  }
}
