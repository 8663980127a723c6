import { SERIAL_PORT_BASES } from '../../devices/pc';
import type { BiosCall } from '../bios-call';
import { type BiosContext, type BiosFunction, byFunction, readPort, writePort } from '../bios-context';

/** Divisors of the rates in AL bits 7-5: 110 to 9600 bits a second. */
const DIVISORS = [1047, 768, 384, 192, 96, 48, 24, 12];
const LSR = 5;
const LSR_READY = 0x01;
const LSR_EMPTY = 0x20;
const TIME_OUT = 0x80;
/** How long a byte is waited for, and the pace of looking: a second and 50 µs, in cycles. */
const PATIENCE = 1_000_000_000;
const PACE = 50_000;

function withPort(run: (call: BiosCall, bios: BiosContext, base: number) => void): BiosFunction {
  return (call, bios) => {
    const base = SERIAL_PORT_BASES[call.dx];
    if (base === undefined) call.ah = TIME_OUT;
    else run(call, bios, base);
  };
}

function readStatus(call: BiosCall, bios: BiosContext, base: number): void {
  call.ah = readPort(bios.pc, base + LSR);
  call.al = readPort(bios.pc, base + 6);
}

/** Waits for a line status bit. @returns true when it is set; else the caller leaves: it is called again, or has timed out */
function ready(call: BiosCall, bios: BiosContext, base: number, bit: number): boolean {
  const status = readPort(bios.pc, base + LSR);
  const { clock } = bios;
  bios.deadline ??= clock.now + PATIENCE;
  const late = clock.now >= bios.deadline;
  if (!(status & bit) && !late) {
    clock.charge(PACE);
    call.wait();
    return false;
  }
  bios.deadline = undefined;
  call.ah = status & bit ? status & ~TIME_OUT : status | TIME_OUT;
  return (status & bit) !== 0;
}

/** INT 14h: serial ports, by DX. */
export const serial = byFunction(
  {
    0x00: withPort((call, bios, base) => {
      const divisor = DIVISORS[call.al >> 5];
      writePort(bios.pc, base + 3, 0x80);
      writePort(bios.pc, base, divisor & 0xff);
      writePort(bios.pc, base + 1, divisor >> 8);
      // Parity, stop and length bits are in the places of the LCR.
      writePort(bios.pc, base + 3, call.al & 0x1f);
      writePort(bios.pc, base + 1, 0);
      writePort(bios.pc, base + 4, 0x03);
      readStatus(call, bios, base);
    }),
    0x01: withPort((call, bios, base) => {
      if (ready(call, bios, base, LSR_EMPTY)) writePort(bios.pc, base, call.al);
    }),
    0x02: withPort((call, bios, base) => {
      if (ready(call, bios, base, LSR_READY)) call.al = readPort(bios.pc, base);
    }),
    0x03: withPort(readStatus),
  },
  (call) => {
    call.ah = TIME_OUT;
  },
);
