import type { CpuState } from '../../machine/cpu/state';
import type { SegmentIndex } from '../../machine/layout';
import type { FrameRegisters } from './frame-registers';

/** Writes to system registers, with the checks and side effects of the instructions that do the same. */
export interface SystemWriter {
  /** MOV to a segment register. @throws EvaluationError if the selector is not loadable */
  segment(index: SegmentIndex, selector: number): void;
  /** MOV to CR0, CR2, CR3 or CR4. @throws EvaluationError if the value is not allowed */
  control(index: number, value: number): void;
  debug(index: number, value: number): void;
  /** Interrupts or single-stepping may have been switched on: the run loop must look. */
  flagsChanged(): void;
}

/** What a register is read from and written to. */
export interface RegisterContext {
  readonly state: CpuState;
  readonly frame: FrameRegisters;
  readonly system: SystemWriter;
}

export interface RegisterDefinition {
  /** Lower case, as in expressions: `eax`, `zf`, `cr0`. */
  readonly name: string;
  readonly group: 'general' | 'half' | 'flag' | 'segment' | 'system' | 'x87' | 'vector';
  /** Bytes: 1 for flags too, 10 for the registers of the x87, which read as the nearest double. */
  readonly size: 1 | 2 | 4 | 10;
  readonly doc: string;
  readonly read: (context: RegisterContext) => number;
  /** Missing where the register cannot be set. */
  readonly write?: (context: RegisterContext, value: number) => void;
}
