import type { CpuState } from '../cpu/state';
import * as layout from '../layout';
import { classify, type Float80, Float80Class } from './float80';
import { CONTROL_FIXED, CONTROL_INITIAL, CONTROL_RESET, CONTROL_WRITABLE, EXCEPTIONS, PENDING } from './words';

/** The two-bit tags of the tag word (Intel SDM vol. 1, figure 8-7). */
export enum Tag {
  Valid,
  Zero,
  Special,
  Empty,
}

const TOP_SHIFT = 11;
const TOP_MASK = 7 << TOP_SHIFT;

/** Host pointer of a physical register. */
export function registerPointer(physical: number): number {
  return layout.FPU_REGS + (physical & 7) * layout.VECTOR_STRIDE;
}

/** Reads a value at a host pointer. */
export function readFloat80(state: CpuState, pointer: number): Float80 {
  const low = BigInt(state.get(pointer));
  const high = BigInt(state.get(pointer + 4));
  return { mantissa: (high << 32n) | low, exponent: state.u16[(pointer + 8) >>> 1] };
}

export function writeFloat80(state: CpuState, pointer: number, value: Float80): void {
  state.set(pointer, Number(value.mantissa & 0xffffffffn));
  state.set(pointer + 4, Number(value.mantissa >> 32n));
  state.u16[(pointer + 8) >>> 1] = value.exponent;
}

/** The registers of the x87, as programs see them. Holds no state of its own (Intel SDM vol. 1, 8.1). */
export class FpuRegisters {
  constructor(private readonly state: CpuState) {}

  get control(): number {
    return this.state.get(layout.FPU_CONTROL);
  }

  /** Reserved bits are as the chip has them; ES and B follow what is now masked. */
  set control(value: number) {
    this.state.set(layout.FPU_CONTROL, (value & CONTROL_WRITABLE) | CONTROL_FIXED);
    this.summarize();
  }

  /** Physical number of ST(0). */
  get top(): number {
    return this.state.get(layout.FPU_TOP);
  }

  set top(value: number) {
    this.state.set(layout.FPU_TOP, value & 7);
  }

  /** The status word with TOP. */
  get status(): number {
    return this.state.get(layout.FPU_STATUS) | (this.top << TOP_SHIFT);
  }

  /** ES and B are not taken from the value: they follow from its exceptions and the control word. */
  set status(value: number) {
    this.top = (value & TOP_MASK) >>> TOP_SHIFT;
    this.state.set(layout.FPU_STATUS, value & 0xffff & ~TOP_MASK);
    this.summarize();
  }

  /** The tag word, its tags worked out from what the registers hold. */
  get tags(): number {
    let word = 0;
    for (let physical = 0; physical < 8; physical++) word |= this.tag(physical) << (physical * 2);
    return word;
  }

  /** Only whether a tag is `Empty` counts. */
  set tags(word: number) {
    let empty = 0;
    for (let physical = 0; physical < 8; physical++) {
      if (((word >>> (physical * 2)) & 3) === (Tag.Empty as number)) empty |= 1 << physical;
    }
    this.state.set(layout.FPU_EMPTY, empty);
  }

  tag(physical: number): Tag {
    if ((this.state.get(layout.FPU_EMPTY) >>> physical) & 1) return Tag.Empty;
    const kind = classify(this.physical(physical));
    if (kind === Float80Class.Zero) return Tag.Zero;
    return kind === Float80Class.Normal ? Tag.Valid : Tag.Special;
  }

  /** A physical register, whether it is empty or not. */
  physical(number: number): Float80 {
    return readFloat80(this.state, registerPointer(number));
  }

  setPhysical(number: number, value: Float80): void {
    writeFloat80(this.state, registerPointer(number), value);
  }

  /** Makes a physical register one that is not empty. */
  markUsed(number: number): void {
    this.state.set(layout.FPU_EMPTY, this.state.get(layout.FPU_EMPTY) & ~(1 << number));
  }

  /** Physical number of ST(i). */
  indexOf(i: number): number {
    return (this.top + i) & 7;
  }

  /** What FNINIT does. The values of the registers stay, though they are empty. */
  initialize(): void {
    const { state } = this;
    state.set(layout.FPU_CONTROL, CONTROL_INITIAL);
    state.set(layout.FPU_STATUS, 0);
    state.set(layout.FPU_TOP, 0);
    state.set(layout.FPU_EMPTY, 0xff);
    for (const field of [layout.FPU_IP, layout.FPU_CS, layout.FPU_OPCODE, layout.FPU_DP, layout.FPU_DS]) {
      state.set(field, 0);
    }
  }

  /** What RESET does: all registers are valid zeroes and no exception is masked (Intel SDM vol. 3A, table 9-1). */
  reset(): void {
    this.initialize();
    this.state.u8.fill(0, layout.FPU_REGS, layout.FPU_REGS + 8 * layout.VECTOR_STRIDE);
    this.state.set(layout.FPU_CONTROL, CONTROL_RESET);
    this.state.set(layout.FPU_EMPTY, 0);
  }

  private summarize(): void {
    const status = this.state.get(layout.FPU_STATUS);
    const unmasked = status & ~this.control & EXCEPTIONS;
    this.state.set(layout.FPU_STATUS, unmasked ? status | PENDING : status & ~PENDING);
  }
}
