import * as layout from '../layout';
import { SegmentIndex } from '../layout';
import type { CpuCore } from './core';
import { Fault, Vector } from './fault';
import type { Intercepts } from './intercepts';

/**
 * Answers VMCALLs of a firmware image, with EIP past the instruction and `eipStart` at it.
 * @returns false where it does not know the call: then the hypervisor is asked
 */
export type FirmwareCall = () => boolean;

interface FirmwareRange {
  readonly start: number;
  readonly end: number;
  readonly call: FirmwareCall;
}

/** VMCALL: the way out of the firmware's and the hypervisor's ROMs. */
export class MonitorCalls {
  private readonly firmware: FirmwareRange[] = [];

  constructor(
    private readonly core: CpuCore,
    private readonly intercepts: () => Intercepts,
  ) {}

  /**
   * Lets a firmware image answer the VMCALLs inside it.
   * @param start guest-physical address of the image
   * @param length its size in bytes
   */
  register(start: number, length: number, call: FirmwareCall): void {
    this.firmware.push({ start, end: start + length, call });
  }

  /** @throws Fault #UD where nobody answers; whatever the handler throws */
  execute(): void {
    if (this.firmware.length > 0 && this.askFirmware()) return;
    if (!this.intercepts().monitorCall?.()) throw new Fault(Vector.UD);
    // The call may have taken level 0 from the guest: its gates are no longer what they seem.
    if (this.core.segmentation.rings.kernelLevel !== 0) this.core.state.set(layout.EVENTS_STAGED, 0);
  }

  private askFirmware(): boolean {
    const { state, mmu } = this.core;
    const physical = mmu.peek(state.segmentBase(SegmentIndex.CS) + state.eipStart) ?? -1;
    for (const { start, end, call } of this.firmware) if (physical >= start && physical < end) return call();
    return false;
  }
}
