export const SECTOR_BYTES = 512;

/** The sectors of a disk. Numbers of sectors are below `sectors`; a sector is 512 bytes. */
export interface BlockStore {
  readonly sectors: number;
  /** Bytes of a sector, to be read only and only until the next write. */
  read(sector: number): Uint8Array;
  /** Takes a copy of the bytes. */
  write(sector: number, bytes: Uint8Array): void;
  /** What a snapshot of the machine must hold so that `load` brings this very content back; absent if it can't. */
  save?(): unknown;
  load?(state: unknown): void;
}

/** A disk image in memory. An image that does not end with a sector is filled up with zeros. */
export class MemoryBlockStore implements BlockStore {
  readonly sectors: number;
  /** The image as it is now: whole sectors. */
  readonly bytes: Uint8Array;
  /** True once something was written: the image has to go back to its file. */
  dirty = false;

  /** @param image used in place, where it ends with a sector */
  constructor(image: Uint8Array) {
    this.sectors = Math.ceil(image.length / SECTOR_BYTES);
    this.bytes = image;
    if (image.length % SECTOR_BYTES !== 0) {
      this.bytes = new Uint8Array(this.sectors * SECTOR_BYTES);
      this.bytes.set(image);
    }
  }

  read(sector: number): Uint8Array {
    return this.bytes.subarray(sector * SECTOR_BYTES, (sector + 1) * SECTOR_BYTES);
  }

  write(sector: number, bytes: Uint8Array): void {
    this.bytes.set(bytes.subarray(0, SECTOR_BYTES), sector * SECTOR_BYTES);
    this.dirty = true;
  }
}

/** A disk whose writes stay in memory, over an image that is never changed: `snapshot: true` in the launch configuration. */
export class OverlayBlockStore implements BlockStore {
  private written = new Map<number, Uint8Array>();

  constructor(private readonly base: BlockStore) {}

  get sectors(): number {
    return this.base.sectors;
  }

  read(sector: number): Uint8Array {
    return this.written.get(sector) ?? this.base.read(sector);
  }

  write(sector: number, bytes: Uint8Array): void {
    this.written.set(sector, bytes.slice(0, SECTOR_BYTES));
  }

  /** Sectors are never changed in place, so a snapshot shares them. */
  save(): ReadonlyMap<number, Uint8Array> {
    return new Map(this.written);
  }

  load(state: unknown): void {
    this.written = new Map(state as ReadonlyMap<number, Uint8Array>);
  }

  /** Drops all writes. */
  discard(): void {
    this.written.clear();
  }
}
