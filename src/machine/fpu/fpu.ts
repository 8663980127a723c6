import type { CpuCore } from '../cpu/core';
import type { OperandSize } from '../cpu/operations';
import type { SegmentIndex } from '../layout';
import { type ErrorPins, FpuErrors } from './error-reporting';
import { computeTranscendental } from './functions';
import { type FxImagePart, FxState } from './fxsave';
import { FpuRegisters } from './registers';
import { StateImages } from './state-images';

/**
 * The parts of the x87 that the instruction table leaves to TypeScript: state images, transcendental functions and
 * what becomes of unmasked exceptions.
 */
export class Fpu {
  readonly registers: FpuRegisters;
  private readonly images: StateImages;
  private readonly fx: FxState;
  private readonly errors: FpuErrors;

  /** @param parts what FXSAVE and FXRSTOR move besides the x87 */
  constructor(
    private readonly core: CpuCore,
    pins: ErrorPins,
    parts: readonly FxImagePart[] = [],
  ) {
    this.registers = new FpuRegisters(core.state);
    this.images = new StateImages(core, this.registers);
    this.fx = new FxState(core, this.registers, parts);
    this.errors = new FpuErrors(core, pins);
  }

  /** ESC or WAIT with an exception pending; see `FpuErrors.report`. @throws Fault #MF */
  reportError(): boolean {
    return this.errors.report();
  }

  /** ES has been set or cleared. */
  errorChanged(): void {
    this.errors.changed();
  }

  /** RESET. */
  reset(): void {
    this.registers.reset();
    this.errors.changed();
  }

  /** FNINIT. */
  initialize(): void {
    this.registers.initialize();
    this.errors.changed();
  }

  /** @throws Fault #GP(0), #SS(0), #PF, as all images do */
  storeEnvironment(segment: SegmentIndex, offset: number, size: OperandSize): void {
    this.images.storeEnvironment(segment, offset, size);
    this.errors.changed();
  }

  loadEnvironment(segment: SegmentIndex, offset: number, size: OperandSize): void {
    this.images.loadEnvironment(segment, offset, size);
    this.errors.changed();
  }

  save(segment: SegmentIndex, offset: number, size: OperandSize): void {
    this.images.save(segment, offset, size);
    this.errors.changed();
  }

  restore(segment: SegmentIndex, offset: number, size: OperandSize): void {
    this.images.restore(segment, offset, size);
    this.errors.changed();
  }

  fxSave(segment: SegmentIndex, offset: number): void {
    this.fx.save(segment, offset);
  }

  fxRestore(segment: SegmentIndex, offset: number): void {
    this.fx.restore(segment, offset);
    this.errors.changed();
  }

  /** See `computeTranscendental`. */
  transcendental(number: number, st0: number, st1: number): number {
    return computeTranscendental(this.core.state, number, st0, st1);
  }
}
