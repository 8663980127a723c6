import { CYCLES_PER_SECOND } from '../../clock';
import { memoryMap } from '../../memory/memory-map';
import type { BiosCall } from '../bios-call';
import { type BiosContext, type BiosFunction, byFunction, readPort, unsupported, writePort } from '../bios-context';
import { EBDA_SEGMENT } from '../bios-data';
import { ROM_SEGMENT } from '../rom';

const CYCLES_PER_MICROSECOND = CYCLES_PER_SECOND / 1_000_000;
/** Time passes in steps of 100 µs, between which interrupts are taken. */
const WAIT_STEP = 100 * CYCLES_PER_MICROSECOND;
const SMAP = 0x534d4150;
const MAP_ENTRY_BYTES = 20;
const KEYBOARD_COMMAND = 0x64;
const A20_OFF = 0xdd;
const PORT92 = 0x92;
const PORT92_A20 = 0x02;

/** AH=24h: the A20 gate, by port 0x92. */
const A20_FUNCTIONS: Readonly<Record<number, BiosFunction>> = {
  0x00: (call, { pc }) => {
    // The keyboard controller's gate would keep it open.
    writePort(pc, KEYBOARD_COMMAND, A20_OFF);
    writePort(pc, PORT92, readPort(pc, PORT92) & ~PORT92_A20);
    call.succeed();
  },
  0x01: (call, { pc }) => {
    writePort(pc, PORT92, readPort(pc, PORT92) | PORT92_A20);
    call.succeed();
  },
  0x02: (call, { pc }) => {
    call.succeed();
    call.al = pc.a20.enabled ? 1 : 0;
  },
  0x03: (call) => {
    call.succeed();
    // By keyboard controller and by port 0x92.
    call.bx = 0x0003;
  },
};

/** AH=86h: waits CX:DX microseconds while interrupts go on. */
function wait(call: BiosCall, bios: BiosContext): void {
  const { clock } = bios;
  bios.deadline ??= clock.now + (call.cx * 0x10000 + call.dx) * CYCLES_PER_MICROSECOND;
  const left = bios.deadline - clock.now;
  if (left > 0) {
    clock.charge(Math.min(left, WAIT_STEP));
    call.wait();
    return;
  }
  bios.deadline = undefined;
  call.setCarry(false);
}

/** AH=87h: copies CX words between the segments that the table at ES:SI describes. */
function moveBlock(call: BiosCall): void {
  const base = (offset: number): number => {
    const descriptor = call.es(call.si) + offset;
    const low = call.memory.read(descriptor + 2, 4) & 0xffffff;
    return (low | (call.memory.read(descriptor + 7, 1) << 24)) >>> 0;
  };
  call.memory.poke(base(0x18), call.memory.peek(base(0x10), call.cx * 2));
  call.succeed();
}

/** Kilobytes from 1 MiB on. */
function extendedKilobytes({ target }: BiosContext): number {
  return Math.max(0, (target.memory.ramBytes >>> 10) - 1024);
}

/** AX=E801h: kilobytes between 1 and 16 MiB, and blocks of 64 KiB above. */
const sizes: BiosFunction = (call, bios) => {
  const extended = extendedKilobytes(bios);
  call.ax = call.cx = Math.min(extended, 15 * 1024);
  call.bx = call.dx = Math.max(0, extended - 15 * 1024) >>> 6;
  call.setCarry(false);
};

/** EAX=E820h: one entry of the memory map per call, EBX says which. */
const mapEntry: BiosFunction = (call, { target }) => {
  const map = memoryMap(target.memory.ramBytes);
  const index = call.ebx;
  if (call.edx !== SMAP || call.ecx < MAP_ENTRY_BYTES || index >= map.length) {
    call.fail(0x86);
    return;
  }
  const { base, length, type } = map[index];
  [base, 0, length, 0, type].forEach((value, i) => call.memory.write(call.es(call.di + 4 * i), 4, value));
  call.eax = SMAP;
  call.ecx = MAP_ENTRY_BYTES;
  call.ebx = index + 1 < map.length ? index + 1 : 0;
  call.setCarry(false);
};

const MEMORY_FUNCTIONS: Readonly<Record<number, BiosFunction>> = { 0x01: sizes, 0x20: mapEntry };

/** INT 15h: what does not belong anywhere else. */
export const system = byFunction(
  {
    0x24: (call, bios) => (A20_FUNCTIONS[call.al] ?? unsupported)(call, bios),
    // Keyboard intercept: the key stays as it is.
    0x4f: (call) => call.setCarry(true),
    0x86: wait,
    0x87: moveBlock,
    0x88: (call, bios) => {
      call.ax = Math.min(extendedKilobytes(bios), 0xfc00);
      call.setCarry(false);
    },
    0xc0: (call, { rom }) => {
      call.setEs(ROM_SEGMENT);
      call.bx = rom.configuration;
      call.succeed();
    },
    0xc1: (call) => {
      call.setEs(EBDA_SEGMENT);
      call.setCarry(false);
    },
    0xe8: (call, bios) => (MEMORY_FUNCTIONS[call.al] ?? unsupported)(call, bios),
  },
  unsupported,
);
