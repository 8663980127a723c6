import { type BlockStore, SECTOR_BYTES } from '../devices/ide/block-store';
import type { Geometry } from '../devices/ide/address';

/** A drive as INT 13h numbers it: floppies from 0, disks from 0x80. */
export interface BiosDisk {
  readonly number: number;
  readonly store: BlockStore;
  readonly geometry: Geometry;
}

/** Floppy formats by their number of sectors: cylinders, heads, sectors per track, drive type of INT 13h AH=08h. */
const FLOPPY_FORMATS: readonly [number, number, number, number, number][] = [
  [320, 40, 1, 8, 1],
  [360, 40, 1, 9, 1],
  [640, 40, 2, 8, 1],
  [720, 40, 2, 9, 1],
  [1440, 80, 2, 9, 3],
  [2400, 80, 2, 15, 2],
  [2880, 80, 2, 18, 4],
  [5760, 80, 2, 36, 6],
];

function floppyFormat(sectors: number): [number, number, number, number, number] {
  return FLOPPY_FORMATS.find(([size]) => sectors <= size) ?? FLOPPY_FORMATS[FLOPPY_FORMATS.length - 1];
}

/** Drive type of a floppy as INT 13h AH=08h tells it. */
export function floppyType(disk: BiosDisk): number {
  return floppyFormat(disk.store.sectors)[4];
}

/** The geometry that the BIOS gives a drive: heads doubled until there are no more than 1024 cylinders. */
function biosGeometry(number: number, sectors: number): Geometry {
  if (number < 0x80) {
    const [, cylinders, heads, perTrack] = floppyFormat(sectors);
    return { cylinders, heads, sectors: perTrack };
  }
  let heads = 16;
  while (heads < 255 && sectors > 1024 * heads * 63) heads = Math.min(255, heads * 2);
  return { cylinders: Math.max(1, Math.min(1024, Math.floor(sectors / (heads * 63)))), heads, sectors: 63 };
}

/** True if an image has the size of a floppy disk: boot sectors on it expect to be on drive 0. */
export function isFloppySize(bytes: number): boolean {
  return FLOPPY_FORMATS.some(([sectors]) => sectors * SECTOR_BYTES === bytes);
}

/** A drive for INT 13h. */
export function biosDisk(number: number, store: BlockStore): BiosDisk {
  return { number, store, geometry: biosGeometry(number, store.sectors) };
}

/** Numbers disks from 0x80 in the order of the IDE positions, holes left out. */
export function numberDisks(stores: readonly (BlockStore | undefined)[]): BiosDisk[] {
  return stores.filter((store) => store !== undefined).map((store, i) => biosDisk(0x80 + i, store));
}
