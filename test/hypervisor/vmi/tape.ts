import type { Machine } from '../../../src/machine/machine';
import type { Device, DeviceState, PortWidth } from '../../../src/machine/devices/device';

export const TAPE_PORT = 0x300;

/** Gives the bytes 1, 2, 3 … one after the other, whatever the width, and keeps what is written as bytes. */
class Tape implements Device {
  readonly name = 'TAPE';
  readonly registers = [{ port: TAPE_PORT, name: 'DATA', width: 4 as const, doc: 'test' }];
  readonly written: number[] = [];
  /** Accesses in either direction. */
  accesses = 0;
  private next = 1;

  readPort(_port: number, width: PortWidth): number {
    this.accesses++;
    let value = 0;
    for (let i = 0; i < width; i++) value += (this.next++ & 0xff) * 2 ** (8 * i);
    return value;
  }

  writePort(_port: number, width: PortWidth, value: number): void {
    this.accesses++;
    for (let i = 0; i < width; i++) this.written.push((value >>> (8 * i)) & 0xff);
  }

  reset(): void {
    this.next = 1;
    this.accesses = 0;
    this.written.length = 0;
  }

  save(): DeviceState {
    return { version: 1 };
  }

  load(): void {
    this.reset();
  }
}

const tapes = new WeakMap<Machine, Tape>();

/** The tape of a machine, rewound; it gets one if it has none. */
export function tapeOf(machine: Machine): Tape {
  let tape = tapes.get(machine);
  if (!tape) {
    tapes.set(machine, (tape = new Tape()));
    machine.bus.register(tape);
  }
  tape.reset();
  return tape;
}
