import { Register, SegmentIndex } from '../../../src/machine/layout';
import type { Patch } from './case';
import {
  CODE,
  CONSTANT,
  DATA,
  LOW,
  SEGMENTS,
  type Segment,
  selectorOf,
  STACK,
  USER_CODE,
  USER_DATA,
  type Window,
} from './layout';
import { interesting, Random } from './random';

/** What both sides have: without the privilege to map low memory there are no 16-bit addresses to try. */
export interface Grounds {
  readonly windows: ReadonlySet<Window>;
  readonly segments: ReadonlySet<Segment>;
}

/** Offsets worth trying around the ends of pages and windows. */
const EDGES_FLAT = [
  ...[-4, -2, -1, 0, 0xffc, 0xffd, 0xffe, 0xfff, 0x1000].map((offset) => DATA.address + offset),
  ...[-4, -3, -2, -1, 0, 1, 0xffc, 0xffe, 0xfff, 0x1000].map((offset) => CONSTANT.address + offset),
  ...[-2, 0, 0x1ffc, 0x1ffe, 0x1fff].map((offset) => STACK.address + offset),
  ...[0, 2, 0xfffffffc, 0xfffffffd, 0xfffffffe, 0xffffffff],
];
const EDGES_LOW = [-2, -1, 0, 0xfff, 0x1000, 0x1ffc, 0x1ffe, 0x1fff].map((offset) => LOW.address + offset);

/** A case in the making: registers get values where operands need them and keep random ones elsewhere. */
export class CaseBuilder {
  readonly registers: number[];
  readonly selectors: number[];
  readonly data: Patch[] = [];
  eflags: number;
  private pinned = 0;

  constructor(
    readonly random: Random,
    readonly grounds: Grounds,
  ) {
    this.registers = Array.from({ length: 8 }, () => interesting(random));
    const flags = [0x1, 0x4, 0x10, 0x40, 0x80, 0x800].reduce((all, flag) => all | (random.chance(0.5) ? flag : 0), 0);
    // IF is always on in user mode; DF and TF now and then.
    this.eflags = 0x202 | flags | (random.chance(0.15) ? 0x400 : 0) | (random.chance(0.05) ? 0x100 : 0);
    const data = this.dataSelectors();
    const other = () => (data.length > 0 && random.chance(0.6) ? random.pick(data) : 0);
    const flatOr = (probability: number) =>
      data.length > 0 && random.chance(probability) ? random.pick(data) : USER_DATA;
    this.selectors = [flatOr(0.05), USER_CODE, USER_DATA, flatOr(0.05), other(), other()];
    this.chooseStack();
  }

  /** True if 16-bit addresses and branches have somewhere to go. */
  get hasLow(): boolean {
    return this.grounds.windows.has(LOW);
  }

  isPinned(register: number): boolean {
    return ((this.pinned >>> register) & 1) !== 0;
  }

  /** Gives a register its value, once. */
  pin(register: Register, value: number): void {
    this.pinned |= 1 << register;
    this.registers[register] = value >>> 0;
  }

  /** The same for the low half; the upper half stays random. */
  pin16(register: Register, value: number): void {
    this.pin(register, (this.registers[register] & 0xffff0000) | (value & 0xffff));
  }

  segmentAt(index: SegmentIndex): Segment | undefined {
    const selector = this.selectors[index];
    return SEGMENTS.find((segment) => selectorOf(segment) === selector);
  }

  /** Linear address of an offset in a segment. */
  linear(index: SegmentIndex, offset: number): number {
    return ((this.segmentAt(index)?.base ?? 0) + offset) >>> 0;
  }

  /** An offset in a segment that is worth an access: mostly valid, sometimes at an edge, rarely anywhere. */
  offset(index: SegmentIndex, addressSize: 16 | 32): number {
    const { random } = this;
    const segment = this.segmentAt(index);
    if (segment?.contents === 'expand-down') {
      return random.chance(0.3) ? random.between(0xffc, 0x1002) : random.between(0x1000, 0x2fff);
    }
    if (segment) {
      const end = segment.limit > 0x2000 ? 0x1fff : segment.limit;
      return random.chance(0.3) ? (end + random.between(-4, 2)) & 0xffff : random.below(end);
    }
    if (addressSize === 16) {
      return random.chance(0.15) ? random.pick(EDGES_LOW) : random.between(LOW.address, LOW.address + LOW.bytes - 4);
    }
    const kind = random.below(100);
    if (kind < 65) return random.between(DATA.address, DATA.address + DATA.bytes - 4);
    if (kind < 80) return random.pick(EDGES_FLAT) >>> 0;
    if (kind < 87) return random.between(STACK.address, STACK.address + STACK.bytes - 4);
    if (kind < 92) return random.between(CONSTANT.address, CONSTANT.address + CONSTANT.bytes - 4);
    if (kind < 97) return random.between(CODE.address, CODE.address + CODE.bytes - 4);
    return interesting(random);
  }

  /** Puts a little-endian value where code will read it, if that can be written. */
  patch(linear: number, bytes: number, value: number): void {
    const writable = [...this.grounds.windows].some(
      (window) => window.writable && linear >= window.address && linear + bytes <= window.address + window.bytes,
    );
    if (!writable) return;
    this.data.push({ address: linear, bytes: Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 0xff) });
  }

  /** Puts a value on the stack, `displacement` bytes above its top. */
  patchStack(displacement: number, bytes: number, value: number): void {
    const mask = this.segmentAt(SegmentIndex.SS)?.big === false ? 0xffff : 0xffffffff;
    const offset = ((this.registers[Register.ESP] + displacement) & mask) >>> 0;
    this.patch(this.linear(SegmentIndex.SS, offset), bytes, value);
  }

  private dataSelectors(): number[] {
    return [...this.grounds.segments]
      .filter((segment) => segment.contents !== 'code' && segment.big && segment.present)
      .map(selectorOf);
  }

  private chooseStack(): void {
    const { random } = this;
    const small = [...this.grounds.segments].find((segment) => !segment.big && segment.contents === 'data');
    if (small && random.chance(0.1)) {
      this.selectors[SegmentIndex.SS] = selectorOf(small);
      const offset = random.chance(0.3) ? random.pick([0, 1, 2, 4, 6, 0x1ffc, 0x1ffe, 0xfffe]) : random.below(0x2000);
      this.pin16(Register.ESP, offset);
      return;
    }
    const edge = [0, 2, 4, 6, 8, 16, 28, 32, 0x1000, 0x1002, 0x1ff0, 0x1ffc, 0x1ffe, 0x2000, 0x2002];
    const offset = random.chance(0.25)
      ? random.pick(edge)
      : random.between(0x200, 0x1e00) & ~(random.chance(0.8) ? 3 : 0);
    this.pin(Register.ESP, STACK.address + offset);
  }
}
