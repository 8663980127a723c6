import { DEVICE_HEAD, DEVICE_LBA } from './registers';

/** The registers that hold a drive's parameters; the `previous` ones are the bytes that were there before (48-bit commands). */
export interface TaskFile {
  features: number;
  count: number;
  low: number;
  mid: number;
  high: number;
  previousCount: number;
  previousLow: number;
  previousMid: number;
  previousHigh: number;
  device: number;
}

/** How a drive divides its sectors into cylinders, heads and sectors per track. */
export interface Geometry {
  readonly cylinders: number;
  readonly heads: number;
  readonly sectors: number;
}

/** The geometry that drives report: 16 heads, 63 sectors, at most 16383 cylinders (ATA/ATAPI-6, annex C). */
export function defaultGeometry(sectors: number): Geometry {
  return translatedGeometry(sectors, 16, 63, 16383);
}

/** Cylinders that fit, at least 1. */
export function translatedGeometry(total: number, heads: number, sectors: number, maxCylinders = 0xffff): Geometry {
  const cylinders = Math.max(1, Math.min(maxCylinders, Math.floor(total / (heads * sectors))));
  return { cylinders, heads, sectors };
}

/** Sectors that the command asks for. */
export function sectorCount(task: TaskFile, ext: boolean): number {
  if (!ext) return task.count || 0x100;
  return (task.previousCount << 8) | task.count || 0x10000;
}

/** The linear address in the registers, or -1 if it is no CHS address of the geometry. */
export function readAddress(task: TaskFile, ext: boolean, geometry: Geometry): number {
  const low24 = (task.high << 16) | (task.mid << 8) | task.low;
  if (ext) return ((task.previousHigh << 16) | (task.previousMid << 8) | task.previousLow) * 2 ** 24 + low24;
  const head = task.device & DEVICE_HEAD;
  if (task.device & DEVICE_LBA) return head * 2 ** 24 + low24;
  const cylinder = (task.high << 8) | task.mid;
  if (task.low < 1 || task.low > geometry.sectors || head >= geometry.heads || cylinder >= geometry.cylinders)
    return -1;
  return (cylinder * geometry.heads + head) * geometry.sectors + task.low - 1;
}

/** Puts a linear address into the registers in the form of the command. */
export function writeAddress(task: TaskFile, ext: boolean, geometry: Geometry, address: number): void {
  const put = (low24: number): void => {
    task.low = low24 & 0xff;
    task.mid = (low24 >> 8) & 0xff;
    task.high = (low24 >> 16) & 0xff;
  };
  const above = Math.floor(address / 2 ** 24);
  if (ext) {
    put(address % 2 ** 24);
    task.previousLow = above & 0xff;
    task.previousMid = (above >> 8) & 0xff;
    task.previousHigh = (above >> 16) & 0xff;
  } else if (task.device & DEVICE_LBA) {
    put(address % 2 ** 24);
    task.device = (task.device & ~DEVICE_HEAD) | (above & DEVICE_HEAD);
  } else {
    const track = Math.floor(address / geometry.sectors);
    const cylinder = Math.floor(track / geometry.heads);
    task.low = (address % geometry.sectors) + 1;
    task.mid = cylinder & 0xff;
    task.high = (cylinder >> 8) & 0xff;
    task.device = (task.device & ~DEVICE_HEAD) | (track % geometry.heads);
  }
}
