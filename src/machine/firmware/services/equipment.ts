import type { BiosFunction } from '../bios-context';
import { Bda } from '../bios-data';

/** INT 11h: the equipment word. */
export const equipment: BiosFunction = (call) => {
  call.ax = call.memory.read(Bda.Equipment, 2);
};

/** INT 12h: kilobytes of conventional memory. */
export const memorySize: BiosFunction = (call) => {
  call.ax = call.memory.read(Bda.MemoryKilobytes, 2);
};

/** INT 17h: no printer is there: AH=01h, time-out. */
export const printer: BiosFunction = (call) => {
  call.ah = 0x01;
};
