import type { PciFunction } from '../../../../src/machine/devices/pci/pci-function';
import type { VirtioHost } from '../../../../src/machine/devices/virtio/virtio-function';
import { FakeClock } from '../../support/fake-clock';
import { PciBench } from '../pci/bench';

/** Offsets of the legacy registers, written down again from the specification. */
export const REG = {
  deviceFeatures: 0x00,
  driverFeatures: 0x04,
  queuePfn: 0x08,
  queueSize: 0x0c,
  queueSelect: 0x0e,
  queueNotify: 0x10,
  status: 0x12,
  isr: 0x13,
  config: 0x14,
} as const;

export const NEXT = 1;
export const WRITE = 2;
export const INDIRECT = 4;

export const BASE = 0xc000;
/** Slot of the device under test; its pin A is wired to PIRQC#, which is routed to IRQ 11. */
export const SLOT = 7;
/** More than any request takes. */
const LONG = 100_000_000;

/** A piece of a request. */
export interface Piece {
  readonly address: number;
  readonly length: number;
  readonly write?: boolean;
}

/** A driver in a test's hands: it lays rings out in memory and touches the ports. */
export class Driver {
  readonly clock = new FakeClock();
  readonly bench: PciBench;
  /** Guest memory from address 0. */
  readonly memory: DataView;
  /** Queue size that the device told, by queue. */
  readonly sizes: number[] = [];

  constructor(card: (host: VirtioHost) => PciFunction) {
    this.bench = new PciBench((pci, memory) => [card({ pci, clock: this.clock, memory })]);
    const { memory } = this.bench;
    this.memory = new DataView(memory.memory.buffer, memory.hostPointer(0), memory.ramBytes);
    this.bench.write(1, 0, 0x62, 1, 11);
    this.bench.write(SLOT, 0, 0x10, 4, BASE);
    this.bench.write(SLOT, 0, 0x04, 2, 5);
    this.bench.take();
  }

  get(register: number, width: 1 | 2 | 4): number {
    return this.bench.in(BASE + register, width);
  }

  set(register: number, width: 1 | 2 | 4, value: number): void {
    this.bench.out(BASE + register, value, width);
  }

  /** Does what a driver does to bring a device up; queue `i` is at (i + 1) * 64 KiB. */
  start(queues: number, features = 0): void {
    this.set(REG.status, 1, 0);
    this.set(REG.status, 1, 1);
    this.set(REG.status, 1, 3);
    this.set(REG.driverFeatures, 4, features);
    for (let i = 0; i < queues; i++) {
      this.set(REG.queueSelect, 2, i);
      this.sizes[i] = this.get(REG.queueSize, 2);
      this.bytes(this.table(i), 0x10000).fill(0);
      this.set(REG.queuePfn, 4, this.table(i) >>> 12);
    }
    this.set(REG.status, 1, 7);
  }

  table(queue: number): number {
    return (queue + 1) * 0x10000;
  }

  avail(queue: number): number {
    return this.table(queue) + 16 * this.sizes[queue];
  }

  used(queue: number): number {
    return Math.ceil((this.avail(queue) + 6 + 2 * this.sizes[queue]) / 4096) * 4096;
  }

  /** Writes a descriptor into a table anywhere. */
  descriptor(table: number, index: number, address: number, length: number, flags: number, next = 0): void {
    const at = table + 16 * index;
    this.memory.setUint32(at, address % 2 ** 32, true);
    this.memory.setUint32(at + 4, Math.floor(address / 2 ** 32), true);
    this.memory.setUint32(at + 8, length, true);
    this.memory.setUint16(at + 12, flags, true);
    this.memory.setUint16(at + 14, next, true);
  }

  /** Writes a chain into consecutive descriptors of a table. */
  chain(table: number, first: number, pieces: readonly Piece[]): void {
    pieces.forEach(({ address, length, write }, i) => {
      const last = i === pieces.length - 1;
      this.descriptor(
        table,
        first + i,
        address,
        length,
        (write ? WRITE : 0) | (last ? 0 : NEXT),
        last ? 0 : first + i + 1,
      );
    });
  }

  /** Puts a head into the available ring. */
  offer(queue: number, head: number): void {
    const avail = this.avail(queue);
    const index = this.memory.getUint16(avail + 2, true);
    this.memory.setUint16(avail + 4 + 2 * (index % this.sizes[queue]), head, true);
    this.memory.setUint16(avail + 2, index + 1, true);
  }

  notify(queue: number): void {
    this.set(REG.queueNotify, 2, queue);
  }

  usedIndex(queue: number): number {
    return this.memory.getUint16(this.used(queue) + 2, true);
  }

  /** Head and length of an entry of the used ring. */
  usedEntry(queue: number, index: number): [number, number] {
    const at = this.used(queue) + 4 + 8 * (index % this.sizes[queue]);
    return [this.memory.getUint32(at, true), this.memory.getUint32(at + 4, true)];
  }

  /** Lets every request end. */
  wait(): void {
    this.clock.advance(LONG);
  }

  /** Bytes of guest memory. */
  bytes(address: number, length: number): Uint8Array {
    return new Uint8Array(this.memory.buffer, this.memory.byteOffset + address, length);
  }
}
