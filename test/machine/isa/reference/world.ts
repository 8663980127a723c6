import { FLAG_CF, FLAGS_ARITHMETIC } from '../../../../src/machine/layout';
import type { Place } from '../generated/encode';

/** A processor's state as plain values, for reference functions that share nothing with the emulator. */
export class World {
  readonly registers: number[];
  flags: number;
  eip: number;
  private readonly changed = new Map<number, number>();

  constructor(
    start: { readonly registers: readonly number[]; readonly eflags: number },
    /** Offset behind the instruction. */
    eip: number,
    private readonly before: (address: number) => number,
  ) {
    this.registers = [...start.registers];
    this.flags = start.eflags;
    this.eip = eip;
  }

  register(size: 8 | 16 | 32, index: number): number {
    if (size === 32) return this.registers[index] >>> 0;
    if (size === 16) return this.registers[index] & 0xffff;
    return (this.registers[index & 3] >>> (index > 3 ? 8 : 0)) & 0xff;
  }

  setRegister(size: 8 | 16 | 32, index: number, value: number): void {
    const [target, shift] = size === 8 ? [index & 3, index > 3 ? 8 : 0] : [index, 0];
    const mask = size === 32 ? 0xffffffff : ((1 << size) - 1) << shift;
    this.registers[target] = ((this.registers[target] & ~mask) | ((value << shift) & mask)) >>> 0;
  }

  read(address: number, bytes: number): number {
    let value = 0;
    for (let i = 0; i < bytes; i++) value += (this.changed.get(address + i) ?? this.before(address + i)) * 2 ** (8 * i);
    return value;
  }

  write(address: number, bytes: number, value: number): void {
    for (let i = 0; i < bytes; i++) this.changed.set(address + i, (value >>> (8 * i)) & 0xff);
  }

  /** Bytes written, by address. */
  get writes(): ReadonlyMap<number, number> {
    return this.changed;
  }

  get(place: Place): number {
    if (place.kind === 'constant') return place.value;
    return place.kind === 'register'
      ? this.register(place.size, place.index)
      : this.read(place.address, place.size / 8);
  }

  set(place: Place, value: number): void {
    if (place.kind === 'register') this.setRegister(place.size, place.index, value);
    else if (place.kind === 'memory') this.write(place.address, place.size / 8, value);
  }

  get carry(): number {
    return this.flags & FLAG_CF;
  }

  /** The arithmetic flags of `mask` become those of `value`. */
  setFlags(value: number, mask = FLAGS_ARITHMETIC): void {
    this.flags = (this.flags & ~mask) | (value & mask);
  }

  flag(mask: number): boolean {
    return (this.flags & mask) !== 0;
  }

  push(bytes: 2 | 4, value: number): void {
    const esp = (this.registers[4] - bytes) >>> 0;
    this.write(esp, bytes, value);
    this.registers[4] = esp;
  }

  pop(bytes: 2 | 4): number {
    const value = this.read(this.registers[4], bytes);
    this.registers[4] = (this.registers[4] + bytes) >>> 0;
    return value;
  }
}

/** What an instruction does besides changing a World. */
export interface Effects {
  /** Arithmetic flags that the manual leaves undefined. */
  readonly undefinedFlags?: number;
  /** Vector of an exception: nothing has changed. */
  readonly fault?: number;
  /** The result itself is undefined: only that the instruction ends is sure. */
  readonly undefinedResult?: boolean;
}

/** An instruction as reference functions see it. */
export interface Subject {
  readonly world: World;
  readonly mnemonic: string;
  readonly operandSize: 16 | 32;
  readonly addressSize: 16 | 32;
  readonly places: readonly Place[];
  /** Address of the memory operand, also where it is in no place (XLAT, string instructions). */
  readonly address: number;
}

/** Carries an instruction out on the World. */
export type Reference = (subject: Subject) => Effects | undefined;
