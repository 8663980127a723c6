import { EvaluationError } from '../values/memory';
import type { CpuState } from '../../machine/cpu/state';

/** The general registers and EIP as a frame of the call stack sees them. */
export interface FrameRegisters {
  /** Register 0-7 in encoding order, unsigned. */
  general(index: number): number;
  /** Missing in frames whose registers are only reconstructed. */
  setGeneral?(index: number, value: number): void;
  /** Offset in CS. */
  readonly eip: number;
  setEip?(value: number): void;
}

/** The registers that the CPU holds: those of frame 0. */
export class LiveRegisters implements FrameRegisters {
  constructor(private readonly state: CpuState) {}

  general(index: number): number {
    return this.state.reg(index);
  }

  setGeneral(index: number, value: number): void {
    this.state.setReg(index, value);
  }

  get eip(): number {
    return this.state.eip;
  }

  setEip(value: number): void {
    this.state.eip = value;
  }
}

/** Registers of a calling frame, worked out by unwinding. */
export class UnwoundRegisters implements FrameRegisters {
  /** @param values EAX to EDI in encoding order; undefined where a value is lost */
  constructor(
    private readonly values: readonly (number | undefined)[],
    readonly eip: number,
  ) {}

  general(index: number): number {
    const value = this.values[index];
    if (value === undefined) throw new EvaluationError('the value that this register had here is not known');
    return value >>> 0;
  }
}
