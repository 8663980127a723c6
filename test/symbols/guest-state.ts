import type { LocationContext } from '../../src/symbols/location';

/** A made-up state of a guest: registers by DWARF number and sparse memory in words. */
export class GuestState implements LocationContext {
  readonly registers = new Map<number, number>();
  readonly memory = new Map<number, number>();

  constructor(
    public address: number,
    private readonly frameAddress?: number,
  ) {}

  register(number: number): number | undefined {
    return this.registers.get(number);
  }

  cfa(): number | undefined {
    return this.frameAddress;
  }

  store(address: number, value: number): void {
    for (let i = 0; i < 4; i++) this.memory.set(address + i, (value >>> (8 * i)) & 0xff);
  }

  readMemory(address: number, size: number): Uint8Array | undefined {
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
      const byte = this.memory.get(address + i);
      if (byte === undefined) return undefined;
      bytes[i] = byte;
    }
    return bytes;
  }
}
