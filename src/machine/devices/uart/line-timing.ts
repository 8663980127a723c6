import { CYCLES_PER_SECOND } from '../../clock';
import { LCR_PARITY, LCR_STOP } from './registers';

/** The UART's crystal in a PC; a bit takes 16 * divisor of its cycles. */
const CRYSTAL_HERTZ = 1843200;

/** Data bits of a frame, 5-8. */
export function wordLength(lcr: number): number {
  return 5 + (lcr & 3);
}

/**
 * Cycles that one byte takes on the line: start, data, parity and stop bits. The divisor 0, which the datasheet does not
 * allow, counts as 1.
 */
export function byteTime(lcr: number, divisor: number): number {
  const word = wordLength(lcr);
  const stop = lcr & LCR_STOP ? (word === 5 ? 1.5 : 2) : 1;
  const bits = 1 + word + (lcr & LCR_PARITY ? 1 : 0) + stop;
  return Math.round((bits * Math.max(divisor, 1) * 16 * CYCLES_PER_SECOND) / CRYSTAL_HERTZ);
}
