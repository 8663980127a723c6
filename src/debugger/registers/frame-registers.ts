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
  /** @param values EAX to EDI in encoding order */
  constructor(
    private readonly values: ArrayLike<number>,
    readonly eip: number,
  ) {}

  general(index: number): number {
    return this.values[index] >>> 0;
  }
}
