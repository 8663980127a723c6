import { type BiosFunction, byFunction } from '../bios-context';
import { Bda } from '../bios-data';

/** AH=00h and 10h: the next key; sleeps until there is one. */
const readKey: BiosFunction = (call, { keys }) => {
  const key = keys.take();
  if (key === undefined) call.wait();
  else call.ax = key;
};

/** AH=01h and 11h: ZF is clear and the key in AX if there is one; it stays in the buffer. */
const peekKey: BiosFunction = (call, { keys }) => {
  const key = keys.peek();
  call.setZero(key === undefined);
  if (key !== undefined) call.ax = key;
};

const shiftFlags: BiosFunction = (call) => {
  call.al = call.memory.read(Bda.ShiftFlags, 1);
};

/** INT 16h: keys. */
export const keyboard = byFunction(
  {
    0x00: readKey,
    0x01: peekKey,
    0x02: shiftFlags,
    0x05: (call, { keys }) => {
      call.al = keys.add(call.cx) ? 0 : 1;
    },
    0x10: readKey,
    0x11: peekKey,
    0x12: shiftFlags,
  },
  () => undefined,
);
