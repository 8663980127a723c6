import type { IoQualification } from '../../machine/cpu/intercepts';
import type { PortWidth } from '../../machine/devices/device';
import { Register } from '../../machine/layout';
import { accumulator, setAccumulator } from '../accumulator';
import type { GuestCode } from '../decoder/guest-code';
import type { IoInstruction } from '../decoder/io-instruction';
import type { ExitEngine } from '../exit-engine';
import type { GuestMachine } from '../guest-machine';

/** Name that `perf kvm stat` has for the exit of a port access. */
const REASON = 'IO';

/** Carries out a guest's IN, OUT, INS and OUTS after an exit. */
export class IoEmulation {
  constructor(
    private readonly machine: GuestMachine,
    private readonly engine: ExitEngine,
    private readonly code: GuestCode,
  ) {}

  /** Knows nothing but the guest's registers and memory: fetches, decodes and emulates. */
  readonly byDecoding = (): void => {
    this.engine.begin('trap', REASON, '');
    this.emulateDecoded();
  };

  /** Knows the exit qualification, which lacks the segment and address size of INS and OUTS: these are decoded. */
  readonly byQualification = (qualification: IoQualification): void => {
    this.engine.begin('vtx', REASON, '');
    if (qualification.string) this.emulateDecoded();
    else this.single(qualification.direction === 'in', qualification.width, qualification.port);
  };

  private emulateDecoded(): void {
    const instruction = this.decode();
    const port = instruction.immediate >= 0 ? instruction.immediate : this.machine.cpu.state.reg16(Register.EDX);
    if (instruction.string) this.engine.string(instruction, port, () => void this.decode());
    else this.single(instruction.direction === 'in', instruction.width, port);
  }

  private decode(): IoInstruction {
    const instruction = this.code.decode();
    this.engine.decoded(this.code.bytes);
    return instruction;
  }

  private single(input: boolean, width: PortWidth, port: number): void {
    const { state } = this.machine.cpu;
    if (input) setAccumulator(state, width, this.engine.port('in', width, port, 0));
    else this.engine.port('out', width, port, accumulator(state, width));
    this.engine.end();
  }
}
