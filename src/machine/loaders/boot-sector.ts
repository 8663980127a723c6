import { Register } from '../layout';
import { setRealMode } from './cpu-setup';
import { hasBootSignature } from './detect';
import { LoadError } from './load-error';
import type { Image, LoadTarget } from './load-target';

const BOOT_ADDRESS = 0x7c00;
const SECTOR = 512;

/**
 * Loads a boot sector as a BIOS does: at 0:7C00 in real mode, the drive's number in DL, the stack below it.
 * The BIOS services must be set up already.
 * @param drive BIOS number of the drive that it came from: 0 for a floppy, 0x80 for the first disk
 * @returns the entry point
 * @throws LoadError if the image does not start with a sector that ends in 55 AA
 */
export function loadBootSector(target: LoadTarget, image: Image, drive: number): number {
  if (!hasBootSignature(image.bytes)) {
    const problem =
      image.bytes.length < SECTOR
        ? `it has ${image.bytes.length} bytes; a boot sector has ${SECTOR}`
        : 'its first sector does not end in 55 AA: it is no boot sector';
    throw new LoadError(image.name, problem);
  }
  target.memory.poke(BOOT_ADDRESS, image.bytes.subarray(0, SECTOR));
  setRealMode(target, 0, BOOT_ADDRESS, BOOT_ADDRESS);
  target.state.setReg(Register.EDX, drive);
  return BOOT_ADDRESS;
}
