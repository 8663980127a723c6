import { type BiosContext, type BiosFunction, byFunction, readPort, unsupported, writePort } from '../bios-context';
import { Bda } from '../bios-data';
import { Cmos } from '../../devices/rtc/registers';

/** Timer ticks in a day: 1193182 / 65536 a second (IBM PC/AT Technical Reference). */
const TICKS_PER_DAY = 0x1800b0;
const B_SET = 0x80;

function readClock({ pc }: BiosContext, address: Cmos): number {
  writePort(pc, 0x70, address);
  return readPort(pc, 0x71);
}

function writeClock({ pc }: BiosContext, address: Cmos, value: number): void {
  writePort(pc, 0x70, address);
  writePort(pc, 0x71, value);
}

/** Sets bytes of the clock while it stands still. */
function setClock(bios: BiosContext, values: readonly [Cmos, number][]): void {
  const control = readClock(bios, Cmos.StatusB);
  writeClock(bios, Cmos.StatusB, control | B_SET);
  for (const [address, value] of values) writeClock(bios, address, value);
  writeClock(bios, Cmos.StatusB, control & ~B_SET);
}

/** INT 08h, the timer interrupt: counts ticks. The ROM code then calls INT 1Ch and ends the interrupt. */
export const timerTick: BiosFunction = (call) => {
  const ticks = call.memory.read(Bda.Ticks, 4) + 1;
  call.memory.write(Bda.Ticks, 4, ticks >= TICKS_PER_DAY ? 0 : ticks);
  if (ticks >= TICKS_PER_DAY) call.memory.write(Bda.Midnight, 1, 1);
};

/** INT 1Ah: ticks, and the real-time clock (its bytes as they are: BCD, as the firmware sets it up). */
export const time = byFunction(
  {
    0x00: (call) => {
      const ticks = call.memory.read(Bda.Ticks, 4);
      call.cx = ticks >>> 16;
      call.dx = ticks & 0xffff;
      call.al = call.memory.read(Bda.Midnight, 1);
      call.memory.write(Bda.Midnight, 1, 0);
    },
    0x01: (call) => {
      call.memory.write(Bda.Ticks, 4, call.cx * 0x10000 + call.dx);
      call.memory.write(Bda.Midnight, 1, 0);
    },
    0x02: (call, bios) => {
      call.ch = readClock(bios, Cmos.Hour);
      call.cl = readClock(bios, Cmos.Minute);
      call.dh = readClock(bios, Cmos.Second);
      call.dl = 0;
      call.setCarry(false);
    },
    0x03: (call, bios) => {
      setClock(bios, [
        [Cmos.Hour, call.ch],
        [Cmos.Minute, call.cl],
        [Cmos.Second, call.dh],
      ]);
      call.setCarry(false);
    },
    0x04: (call, bios) => {
      call.ch = readClock(bios, Cmos.Century);
      call.cl = readClock(bios, Cmos.Year);
      call.dh = readClock(bios, Cmos.Month);
      call.dl = readClock(bios, Cmos.Day);
      call.setCarry(false);
    },
    0x05: (call, bios) => {
      setClock(bios, [
        [Cmos.Century, call.ch],
        [Cmos.Year, call.cl],
        [Cmos.Month, call.dh],
        [Cmos.Day, call.dl],
      ]);
      call.setCarry(false);
    },
  },
  unsupported,
);
