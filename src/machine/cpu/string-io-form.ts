import type { PortDirection, PortWidth } from '../devices/device';
import type { Register, SegmentIndex } from '../layout';
import type { Mmu } from './mmu';
import type { Segmentation } from './segmentation';
import type { CpuState } from './state';

/** The parts of a CPU that a string instruction works on. */
export interface StringIoCpu {
  readonly state: CpuState;
  readonly mmu: Mmu;
  readonly segmentation: Segmentation;
}

/** One INS or OUTS, decoded. */
export interface StringIoForm {
  readonly direction: PortDirection;
  readonly width: PortWidth;
  /** Segment of the source of OUTS. The destination of INS is always in ES. */
  readonly segment: SegmentIndex;
  /** 2: SI, DI and CX; 4: ESI, EDI and ECX. */
  readonly addressSize: 2 | 4;
  readonly repeat: boolean;
  /** Register that counts a repeated form; ECX unless a hypercall says otherwise. */
  readonly counter?: Register;
}
