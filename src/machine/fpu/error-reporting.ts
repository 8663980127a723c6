import type { CpuCore } from '../cpu/core';
import { Fault, Vector } from '../cpu/fault';
import * as layout from '../layout';
import { PENDING } from './words';

const CR0_NE = 0x20;

/** The pins by which a PC hears of floating-point errors. */
export interface ErrorPins {
  /** FERR#, or ERROR# of a 387: an error is reported, or is no longer there. */
  setError(active: boolean): void;
  /** IGNNE#: instructions are executed in spite of the error, so that a handler can look at the unit. */
  readonly ignored: boolean;
}

/** Pins that lead nowhere. */
export const NO_PINS: ErrorPins = { setError: () => undefined, ignored: false };

/**
 * How unmasked exceptions reach the operating system (Intel SDM vol. 1, 8.7): with CR0.NE as #MF, without it by an
 * interrupt that the board raises, as on the PC/AT. Either way the next instruction that waits for the unit reports
 * them; the 387 itself raises ERROR# when the exception happens.
 */
export class FpuErrors {
  constructor(
    private readonly core: CpuCore,
    private readonly pins: ErrorPins,
  ) {}

  /**
   * ESC or WAIT with an exception pending.
   * @returns true if the instruction is to be executed all the same; else the processor sleeps before it until an
   *   interrupt comes
   * @throws Fault #MF
   */
  report(): boolean {
    const { state } = this.core;
    if (state.cr(0) & CR0_NE) throw new Fault(Vector.MF);
    if (this.pins.ignored) return true;
    this.pins.setError(true);
    state.set(layout.HALTED, 1);
    state.requestExit(layout.EXIT_HALT);
    return false;
  }

  /** ES has been set or cleared by an instruction. */
  changed(): void {
    const { state, model } = this.core;
    const pending = (state.get(layout.FPU_STATUS) & PENDING) !== 0;
    if (!pending) this.pins.setError(false);
    else if (model.family === 3) this.pins.setError(true);
  }
}
