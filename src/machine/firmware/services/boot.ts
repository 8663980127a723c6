import { hasBootSignature } from '../../loaders/detect';
import { loadBootSector } from '../../loaders/boot-sector';
import type { BiosFunction } from '../bios-context';

const NOTHING_TO_BOOT = 'No bootable disk: no drive starts with a sector that ends in 55 AA.\r\n';

/** INT 18h: nothing could be booted. Says so; the ROM code then halts for good. */
export const bootFailure: BiosFunction = (_call, { screen }) => {
  for (const character of NOTHING_TO_BOOT) screen.teletype(screen.activePage, character.charCodeAt(0));
};

/** INT 19h: loads the boot sector of the first drive that has one and goes there. */
export const bootstrap: BiosFunction = (_call, { disks, target }) => {
  const disk = disks.find(({ store }) => store.sectors > 0 && hasBootSignature(store.read(0)));
  if (disk) loadBootSector(target, { name: `drive ${disk.number}`, bytes: disk.store.read(0) }, disk.number);
};
