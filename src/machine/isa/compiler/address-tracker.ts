import type { Register, SegmentIndex } from '../../layout';
import type { AddressParts } from './addresses';
import { REGISTERS } from './helpers';

/** Value of a register: what it was at some point of the block, plus a constant. */
interface Value {
  /** 0 is the block's start; every write that is not understood makes a new one. */
  readonly version: number;
  readonly offset: number;
}

/** An address relative to values that do not change within a block. */
export interface Place {
  /** The same for all places that are a known distance apart. */
  readonly key: string;
  readonly displacement: number;
  /** All registers have their values of the block's start, or those plus constants. */
  readonly fromStart: boolean;
}

const START: Value = { version: 0, offset: 0 };

/** Follows, through a straight run of instructions, which addresses lie at a known distance from each other. */
export class AddressTracker {
  private now: Value[] = [];
  private before: Value[] = [];
  private versions = 0;

  constructor() {
    this.begin();
  }

  /** A block begins, or nothing is known of the registers any more. */
  begin(): void {
    this.now = Array<Value>(REGISTERS).fill(START);
    this.before = Array<Value>(REGISTERS).fill(START);
    this.versions = 0;
  }

  /** A register was written. */
  wrote(register: Register): void {
    this.before[register] = this.now[register];
    this.now[register] = { version: ++this.versions, offset: 0 };
  }

  /** The last write to a register has moved it by a constant. */
  moved(register: Register, by: number): void {
    const { version, offset } = this.before[register];
    this.now[register] = { version, offset: (offset + by) | 0 };
  }

  place(segment: SegmentIndex, { registers, displacement }: AddressParts): Place {
    let whole = displacement;
    let key = `${segment}`;
    let fromStart = true;
    for (const { index, shift } of registers) {
      const { version, offset } = this.now[index];
      whole += offset << shift;
      key += ` ${index}.${version}*${shift}`;
      fromStart &&= version === 0;
    }
    return { key: registers.length > 0 ? key : `${key} ${displacement >>> 12}`, displacement: whole | 0, fromStart };
  }
}
