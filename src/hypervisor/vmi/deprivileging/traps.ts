import { FaultVerdict } from '../../../machine/cpu/intercepts';
import { Fault, Vector } from '../../../machine/cpu/fault';
import type { GuestCode } from '../../decoder/guest-code';
import type { PrivilegedInstruction, PrivilegedName } from '../../decoder/privileged-instruction';
import type { ExitEngine } from '../../exit-engine';
import type { VmiMonitor } from '../monitor';
import { emulate, reasonOf } from './instruction-emulation';
import { SegmentWrap } from './segment-wrap';

/** Reasons of exits that are none of an instruction: a descriptor brought up to date, an offset that wraps. */
const DESCRIPTOR = 'DESCRIPTOR';
const SEGMENT_WRAP = 'SEGMENT_WRAP';

/** EXT or IDT in an error code: the fault belongs to the delivery of another event, not to the instruction at EIP. */
const OF_DELIVERY = 3;

/** What IOPL 3 gives to user mode besides ports. */
const USER_INSTRUCTIONS: ReadonlySet<PrivilegedName> = new Set<PrivilegedName>(['CLI', 'STI']);
const PORT_LEVEL_OF_USER = 3;

/**
 * Faults of a deprivileged guest that are exits: the hypervisor fetches and decodes what the kernel has executed raw and
 * carries it out, or brings the guest's tables up to date, and records what it cost. All other faults are the guest's.
 */
export class PrivilegedTraps {
  private readonly wrap: SegmentWrap;

  constructor(
    private readonly monitor: VmiMonitor,
    private readonly engine: ExitEngine,
    private readonly code: GuestCode,
  ) {
    this.wrap = new SegmentWrap(monitor.machine, monitor.levels, code);
  }

  /** Asked by the CPU before an exception is delivered. @throws Fault that an emulated instruction raises instead */
  readonly fault = ({ vector, errorCode }: Fault): FaultVerdict => {
    const { kernelLevel } = this.monitor.levels;
    if (kernelLevel === 0 || (vector !== Vector.GP && vector !== Vector.SS)) return FaultVerdict.Deliver;
    if (errorCode & OF_DELIVERY) return FaultVerdict.Deliver;
    if (vector === Vector.GP) {
      const verdict = this.privilege(errorCode);
      if (verdict !== FaultVerdict.Deliver) return verdict;
    }
    return errorCode === 0 && this.monitor.levels.virtualTop > 0 ? this.wrapped(vector) : FaultVerdict.Deliver;
  };

  readonly afterRestart = (): void => this.wrap.close();

  private privilege(errorCode: number): FaultVerdict {
    const { state, levels } = this.monitor;
    if (state.v86) return FaultVerdict.Deliver;
    const isKernel = state.cpl <= levels.kernelLevel;
    if (!isKernel && levels.portLevel < PORT_LEVEL_OF_USER) return FaultVerdict.Deliver;
    if (isKernel && errorCode !== 0 && this.raised(errorCode)) return FaultVerdict.Restart;
    const instruction = this.decode();
    if (!instruction) return FaultVerdict.Deliver;
    if (isKernel) return this.carryOut(instruction, () => emulate(this.monitor, instruction));
    // User mode always runs with interrupts on: the instruction passes, and has no effect.
    if (!USER_INSTRUCTIONS.has(instruction.name)) return FaultVerdict.Deliver;
    return this.carryOut(instruction, () => {
      state.eip = (state.eipStart + instruction.bytes.length) >>> 0;
    });
  }

  /** Undefined also where the page tables no longer map what the CPU has executed: then the fault is delivered as it is. */
  private decode(): PrivilegedInstruction | undefined {
    try {
      return this.code.decodePrivileged();
    } catch (error) {
      if (error instanceof Fault) return undefined;
      throw error;
    }
  }

  private carryOut(instruction: PrivilegedInstruction, work: () => void): FaultVerdict {
    this.engine.begin('trap', reasonOf(instruction), '');
    this.engine.decoded(instruction.bytes);
    work();
    this.engine.end();
    return FaultVerdict.Emulated;
  }

  /** A selector was refused because its entry was written behind the hypervisor's back, at level 0: it is raised. */
  private raised(selector: number): boolean {
    this.engine.begin('trap', DESCRIPTOR, '');
    if (!this.monitor.tables.raiseEntry(selector)) return false;
    this.engine.end();
    return true;
  }

  private wrapped(vector: Vector): FaultVerdict {
    this.engine.begin('trap', SEGMENT_WRAP, '');
    const verdict = this.wrap.offer(vector);
    if (verdict === FaultVerdict.RestartOnce) this.engine.end();
    return verdict;
  }
}
