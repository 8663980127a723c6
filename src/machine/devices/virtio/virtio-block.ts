import type { Timer } from '../../clock';
import type { BitField } from '../device';
import { defaultGeometry } from '../ide/address';
import { type BlockStore, SECTOR_BYTES } from '../ide/block-store';
import type { Segment } from './dma';
import { REQUEST_CYCLES, SECTOR_CYCLES } from './latency';
import { type BlockRegister, LegacyPort } from './legacy-registers';
import { type VirtioHost, VirtioFunction } from './virtio-function';
import { type Chain, totalLength, type Virtqueue, VirtqueueError } from './virtqueue';

/** Kinds of requests (virtio 0.9.5, appendix D). */
enum RequestType {
  In = 0,
  Out = 1,
  Flush = 4,
  GetId = 8,
}

/** Status byte of a request. */
const DONE = 0;
const IO_ERROR = 1;
const UNSUPPORTED = 2;

/** Type, priority and first sector, before the data. */
const HEADER_BYTES = 16;
const ID_BYTES = 20;
const QUEUE_SIZE = 128;
/** Far more than drivers ask for at once. */
const LARGEST_REQUEST = 32 << 20;
const PORTS = 64;

const FEATURES: readonly BitField[] = [
  { name: 'SEG_MAX', low: 2, high: 2, doc: 'SEG_MAX holds the most segments of a request.' },
  { name: 'GEOMETRY', low: 4, high: 4, doc: 'The geometry registers are valid.' },
  { name: 'BLK_SIZE', low: 6, high: 6, doc: 'BLK_SIZE is valid.' },
  { name: 'FLUSH', low: 9, high: 9, doc: 'Flush requests are understood.' },
];

const CONFIGURATION: readonly BlockRegister[] = [
  { at: LegacyPort.Config, width: 4, name: 'CAPACITY', direction: 'in', doc: 'Sectors of 512 bytes, low half.' },
  {
    at: LegacyPort.Config + 4,
    width: 4,
    name: 'CAPACITY_HIGH',
    direction: 'in',
    doc: 'Sectors of 512 bytes, high half.',
  },
  {
    at: LegacyPort.Config + 8,
    width: 4,
    name: 'SIZE_MAX',
    direction: 'in',
    doc: 'Largest segment; not offered, reads 0.',
  },
  { at: LegacyPort.Config + 12, width: 4, name: 'SEG_MAX', direction: 'in', doc: 'Most data segments of a request.' },
  { at: LegacyPort.Config + 16, width: 2, name: 'CYLINDERS', direction: 'in', doc: 'Geometry: cylinders.' },
  { at: LegacyPort.Config + 18, width: 1, name: 'HEADS', direction: 'in', doc: 'Geometry: heads.' },
  { at: LegacyPort.Config + 19, width: 1, name: 'SECTORS', direction: 'in', doc: 'Geometry: sectors of a track.' },
  { at: LegacyPort.Config + 20, width: 4, name: 'BLK_SIZE', direction: 'in', doc: 'Bytes of a block.' },
];

export interface VirtioBlockOptions {
  readonly name: string;
  readonly slot: number;
  readonly store: BlockStore;
  /** Answer to a request for the name of the disk, at most 20 characters. */
  readonly id: string;
}

/** Bytes of segments put together. */
function gather(segments: readonly Segment[], bytesOf: (segment: Segment) => Uint8Array): Uint8Array {
  const bytes = new Uint8Array(totalLength(segments));
  let at = 0;
  for (const segment of segments) {
    bytes.set(bytesOf(segment), at);
    at += segment.length;
  }
  return bytes;
}

/**
 * A virtio disk (virtio 0.9.5, appendix D). Requests are done one after the other; each takes its time on the virtual
 * clock, and the data moves when it is over.
 */
export class VirtioBlock extends VirtioFunction {
  private readonly timer: Timer;
  /** First descriptor of the request under way. */
  private active: number | undefined;

  constructor(
    host: VirtioHost,
    private readonly options: VirtioBlockOptions,
  ) {
    super(host, {
      name: options.name,
      slot: options.slot,
      device: 0x1001,
      kind: 2,
      classCode: 0x010000,
      queues: [{ name: 'requests', size: QUEUE_SIZE, largest: LARGEST_REQUEST }],
      features: FEATURES,
      configuration: CONFIGURATION,
      ports: PORTS,
    });
    this.timer = host.clock.timer(`${options.name}.request`, () => this.transfer(() => this.complete()));
  }

  protected override notified(): void {
    this.startNext();
  }

  protected override forget(): void {
    this.active = undefined;
    this.timer.disarm();
  }

  protected override saveDevice(): unknown {
    return { active: this.active, due: this.timer.due, store: this.options.store.save?.() };
  }

  protected override loadDevice(state: unknown): void {
    const { active, due, store } = state as { active: number | undefined; due: number; store: unknown };
    this.active = active;
    if (due === Infinity) this.timer.disarm();
    else this.timer.arm(due);
    if (store !== undefined) this.options.store.load?.(store);
  }

  protected override readConfiguration(at: number): number {
    const { sectors } = this.options.store;
    const geometry = defaultGeometry(sectors);
    switch (at - LegacyPort.Config) {
      case 0:
        return sectors % 2 ** 32;
      case 4:
        return Math.floor(sectors / 2 ** 32);
      case 12:
        // Header and status take two descriptors.
        return QUEUE_SIZE - 2;
      case 16:
        return geometry.cylinders;
      case 18:
        return geometry.heads;
      case 19:
        return geometry.sectors;
      case 20:
        return SECTOR_BYTES;
      default:
        return 0;
    }
  }

  private get queue(): Virtqueue {
    return this.queues[0];
  }

  private startNext(): void {
    if (this.active !== undefined) return;
    const chain = this.queue.take();
    // The queue is looked at again when a request is done.
    this.queue.wantNotifications(chain === undefined);
    if (!chain) return;
    this.active = chain.head;
    const sectors = Math.ceil((totalLength(chain.readable) + totalLength(chain.writable)) / SECTOR_BYTES);
    this.timer.arm(this.virtioHost.clock.now + REQUEST_CYCLES + sectors * SECTOR_CYCLES);
  }

  /** The request under way is done; what the driver changed in its descriptors meanwhile counts. */
  private complete(): void {
    if (this.active === undefined) return;
    const chain = this.queue.chainAt(this.active);
    this.active = undefined;
    this.finish(this.queue, chain.head, this.perform(chain));
    this.startNext();
  }

  /** Carries a request out. @returns bytes written to guest memory */
  private perform({ readable, writable }: Chain): number {
    const room = totalLength(writable) - 1;
    if (totalLength(readable) < HEADER_BYTES)
      throw new VirtqueueError(`a request has no header of ${HEADER_BYTES} bytes`);
    if (room < 0) throw new VirtqueueError('a request has no room for its status');
    const sent = gather(readable, (segment) => this.memory.bytes(segment));
    const header = new DataView(sent.buffer);
    const type = header.getUint32(0, true);
    const sector = header.getUint32(8, true) + header.getUint32(12, true) * 2 ** 32;
    const answer = this.answer(type, sector, sent.subarray(HEADER_BYTES), room);
    this.scatter(writable, answer.data, room, answer.status);
    return answer.data.length + 1;
  }

  private answer(type: number, sector: number, data: Uint8Array, room: number): { status: number; data: Uint8Array } {
    const nothing = new Uint8Array(0);
    switch (type as RequestType) {
      case RequestType.In:
        return this.inRange(sector, room)
          ? { status: DONE, data: this.readSectors(sector, room / SECTOR_BYTES) }
          : { status: IO_ERROR, data: nothing };
      case RequestType.Out:
        if (!this.inRange(sector, data.length)) return { status: IO_ERROR, data: nothing };
        this.writeSectors(sector, data);
        return { status: DONE, data: nothing };
      case RequestType.Flush:
        // A write is on the disk when it is done.
        return { status: DONE, data: nothing };
      case RequestType.GetId: {
        const id = new Uint8Array(Math.min(room, ID_BYTES));
        for (let i = 0; i < Math.min(id.length, this.options.id.length); i++) id[i] = this.options.id.charCodeAt(i);
        return { status: DONE, data: id };
      }
      default:
        return { status: UNSUPPORTED, data: nothing };
    }
  }

  /** True if so many bytes from a sector on are whole sectors of the disk. */
  private inRange(sector: number, bytes: number): boolean {
    return bytes % SECTOR_BYTES === 0 && sector + bytes / SECTOR_BYTES <= this.options.store.sectors;
  }

  private readSectors(first: number, count: number): Uint8Array {
    const data = new Uint8Array(count * SECTOR_BYTES);
    for (let i = 0; i < count; i++) data.set(this.options.store.read(first + i), i * SECTOR_BYTES);
    return data;
  }

  private writeSectors(first: number, data: Uint8Array): void {
    for (let at = 0; at < data.length; at += SECTOR_BYTES) {
      this.options.store.write(first + at / SECTOR_BYTES, data.subarray(at, at + SECTOR_BYTES));
    }
  }

  /** Stores data from the beginning of the writable segments, and the status in their very last byte. */
  private scatter(segments: readonly Segment[], data: Uint8Array, room: number, status: number): void {
    let at = 0;
    for (const { address, length } of segments) {
      const end = Math.min(at + length, data.length);
      if (end > at) this.memory.store(address, data.subarray(at, end));
      if (at <= room && room < at + length) this.memory.store(address + (room - at), Uint8Array.of(status));
      at += length;
    }
  }
}
