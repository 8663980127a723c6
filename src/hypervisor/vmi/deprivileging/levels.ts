import type { RingCompression } from '../../../machine/cpu/ring-compression';
import type { MonitorPart } from '../part';

interface LevelsState {
  readonly kernelLevel: number;
  readonly stackInTask: boolean;
  readonly stackSelector: number;
  readonly stackPointer: number;
  readonly portLevel: number;
}

/** The levels of the guest since VMI_Init: the part of ring compression that the CPU consults. */
export class GuestLevels implements RingCompression, MonitorPart {
  readonly name = 'levels';
  kernelLevel = 0;
  /** Until UpdateKernelStack names a stack: a guest that does without the call keeps its TSS up to date, as on hardware. */
  stackInTask = false;
  stackSelector = 0;
  stackPointer = 0;
  portLevel = 0;
  readonly flatLimit: number;

  /** @param virtualTop lowest linear address that the hypervisor keeps for itself; 0 is none */
  constructor(readonly virtualTop: number) {
    this.flatLimit = virtualTop === 0 ? 0xffffffff : virtualTop - 1;
  }

  reset(): void {
    this.kernelLevel = 0;
    this.stackInTask = false;
    this.stackSelector = 0;
    this.stackPointer = 0;
    this.portLevel = 0;
  }

  save(): LevelsState {
    const { kernelLevel, stackInTask, stackSelector, stackPointer, portLevel } = this;
    return { kernelLevel, stackInTask, stackSelector, stackPointer, portLevel };
  }

  load(state: unknown): void {
    Object.assign(this, state as LevelsState);
  }
}
