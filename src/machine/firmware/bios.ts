import type { Clock } from '../clock';
import type { MonitorCalls } from '../cpu/monitor-calls';
import type { DeviceState } from '../devices/device';
import { PIT_HERTZ } from '../devices/pit/pit8254';
import { type Pc, SERIAL_PORT_BASES } from '../devices/pc';
import { SegmentIndex } from '../layout';
import { setRealMode } from '../loaders/cpu-setup';
import type { LoadTarget } from '../loaders/load-target';
import { BiosCall } from './bios-call';
import { type BiosContext, type BiosFunction, writePort } from './bios-context';
import { initializeBiosData, initializeVectors } from './bios-data';
import type { BiosDisk } from './bios-disk';
import { KeyBuffer, keyOf } from './key-buffer';
import { initializePci } from './pci-setup';
import { buildRom, ROM_ADDRESS, ROM_BYTES, ROM_SEGMENT } from './rom';
import { bootFailure, bootstrap } from './services/boot';
import { disk } from './services/disk';
import { equipment, memorySize, printer } from './services/equipment';
import { keyboard } from './services/keyboard';
import { serial } from './services/serial';
import { system } from './services/system';
import { time, timerTick } from './services/time';
import { video } from './services/video';
import { TextScreen } from './text-screen';

/** Services by interrupt. */
const SERVICES: Readonly<Record<number, BiosFunction>> = {
  0x08: timerTick,
  0x10: video,
  0x11: equipment,
  0x12: memorySize,
  0x13: disk,
  0x14: serial,
  0x15: system,
  0x16: keyboard,
  0x17: printer,
  0x18: bootFailure,
  0x19: bootstrap,
  0x1a: time,
};

/** What the firmware programs at power on: port and value, in this order. */
const PORT_SETUP: readonly [number, number][] = [
  // Both 8259: vectors 08h and 70h, cascade, 8086 mode; timer, keyboard and cascade open.
  [0x20, 0x11],
  [0x21, 0x08],
  [0x21, 0x04],
  [0x21, 0x01],
  [0xa0, 0x11],
  [0xa1, 0x70],
  [0xa1, 0x02],
  [0xa1, 0x01],
  [0x21, 0xf8],
  [0xa1, 0xff],
  // 8254: 18.2 Hz, refresh, speaker.
  [0x43, 0x36],
  [0x40, 0x00],
  [0x40, 0x00],
  [0x43, 0x54],
  [0x41, 0x12],
  [0x43, 0xb6],
  [0x42, 0x00],
  [0x42, 0x00],
  // Serial ports: eight data bits, no parity, one stop bit.
  ...SERIAL_PORT_BASES.map((base): [number, number] => [base + 3, 0x03]),
];

const STACK_TOP = 0x7c00;

export interface BiosOptions {
  readonly target: LoadTarget;
  readonly monitorCalls: MonitorCalls;
  readonly clock: Clock;
  readonly pc: Pc;
  /** Drives of INT 13h, in the order in which they are tried for booting. */
  readonly disks: readonly BiosDisk[];
  /** A character that the guest wrote to the screen as to a teletype. */
  onTeletype(byte: number): void;
}

/**
 * The built-in BIOS. Its ROM holds short 16-bit handlers that call back with VMCALL; what they do is TypeScript over the
 * caller's registers. Entry at F000:FFF0 boots from the first drive; loaders that need no boot sector call `initialize`.
 */
export class Bios {
  private readonly context: BiosContext;
  private readonly call: BiosCall;

  /** Maps the ROM at F0000h and below 4 GiB, and the text frame buffer. */
  constructor(options: BiosOptions) {
    const { target, monitorCalls, clock, pc, disks } = options;
    const { memory, state } = target;
    const screen = new TextScreen(memory, (byte) => options.onTeletype(byte));
    const keys = new KeyBuffer(memory);
    this.context = { target, clock, pc, screen, keys, disks, rom: buildRom(), deadline: undefined };
    this.call = new BiosCall(state, target.segmentation, memory);
    memory.mapRom(this.context.rom.bytes, [ROM_ADDRESS, ROM_ADDRESS + 0xfff00000]);
    screen.map();
    monitorCalls.register(ROM_ADDRESS, ROM_BYTES, () => this.answer());
  }

  /** The power-on self test: interrupt vectors, BIOS data area, screen, interrupt controller, timer and PCI. */
  initialize(): void {
    const { target, pc, screen, rom, disks } = this.context;
    const { memory } = target;
    const { hour, minute, second } = pc.rtc.time;
    initializeVectors(memory, ROM_SEGMENT, rom.handlers);
    initializeBiosData(memory, {
      serialPorts: SERIAL_PORT_BASES,
      floppies: disks.filter(({ number }) => number < 0x80).length,
      disks: disks.filter(({ number }) => number >= 0x80).length,
      ticks: Math.floor(((hour * 60 + minute) * 60 + second) * (PIT_HERTZ / 0x10000)),
    });
    screen.setMode(3, false);
    for (const [port, value] of PORT_SETUP) writePort(pc, port, value);
    initializePci(pc);
    this.context.deadline = undefined;
  }

  /**
   * Types an ASCII character on the keyboard that INT 16h reads.
   * @returns false if the buffer is full
   */
  type(byte: number): boolean {
    return this.context.keys.add(keyOf(byte));
  }

  /** What the guest's memory does not hold: a wait under way. */
  save(): DeviceState {
    return { version: 1, deadline: this.context.deadline };
  }

  load(state: DeviceState): void {
    this.context.deadline = state.deadline as number | undefined;
  }

  /** A VMCALL in the ROM. @returns false if it is at none of the entry points */
  private answer(): boolean {
    const { target, rom } = this.context;
    const offset = (target.state.segmentBase(SegmentIndex.CS) + target.state.eipStart) & (ROM_BYTES - 1);
    if (offset === rom.post) {
      const next = target.state.eip;
      this.initialize();
      setRealMode(target, ROM_SEGMENT, next, STACK_TOP);
      return true;
    }
    const vector = rom.services.get(offset);
    if (vector === undefined) return false;
    SERVICES[vector](this.call, this.context);
    return true;
  }
}
