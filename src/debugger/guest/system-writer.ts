import type { Cpu } from '../../machine/cpu/cpu';
import { Fault } from '../../machine/cpu/fault';
import { EXIT_RECHECK, type SegmentIndex } from '../../machine/layout';
import type { SystemWriter } from '../registers/table';
import { EvaluationError } from '../values/memory';

/**
 * Sets system registers through the operations of the CPU, so that descriptors are loaded and the TLB is flushed. Control and
 * debug registers can be set whatever the level of the program.
 */
export class CpuSystemWriter implements SystemWriter {
  constructor(private readonly cpu: Cpu) {}

  segment(index: SegmentIndex, selector: number): void {
    this.attempt(() => this.cpu.operations.loadSegment(index, selector), `selector 0x${selector.toString(16)}`);
  }

  control(index: number, value: number): void {
    const { cpu } = this;
    this.attempt(
      () => cpu.atLevelZero(() => cpu.operations.writeControl(index, value)),
      `CR${index} = 0x${value.toString(16)}`,
    );
  }

  debug(index: number, value: number): void {
    const { cpu } = this;
    this.attempt(
      () => cpu.atLevelZero(() => cpu.operations.writeDebug(index, value)),
      `DR${index} = 0x${value.toString(16)}`,
    );
  }

  flagsChanged(): void {
    this.cpu.state.requestExit(EXIT_RECHECK);
  }

  private attempt(change: () => void, what: string): void {
    try {
      change();
    } catch (error) {
      if (error instanceof Fault)
        throw new EvaluationError(`${what} is refused by the processor with ${error.message}`);
      throw error;
    }
  }
}
