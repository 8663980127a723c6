import type { PortBus } from '../machine/bus/port-bus';
import type { Clock } from '../machine/clock';
import type { Mmu } from '../machine/cpu/mmu';
import type { CpuState } from '../machine/cpu/state';
import type { PortDirection, PortWidth } from '../machine/devices/device';
import type { SegmentIndex } from '../machine/layout';
import type { PhysicalMemory } from '../machine/memory/physical';

/** A string instruction to be carried out. */
export interface StringAccess {
  readonly direction: PortDirection;
  readonly width: PortWidth;
  /** Segment of the memory operand. */
  readonly segment: SegmentIndex;
  /** Bytes of ECX, ESI and EDI that count. */
  readonly addressSize: 2 | 4;
  readonly repeat: boolean;
}

/**
 * Moves one element.
 * @param value of an `out`: what memory held
 * @param count elements still to do, this one included
 * @returns of an `in`: what goes to memory
 */
export type ElementTransfer = (value: number, count: number) => number;

/** What a hypervisor works on. */
export interface GuestMachine {
  readonly state: CpuState;
  readonly mmu: Pick<Mmu, 'peek' | 'translate' | 'fetchPage'>;
  readonly memory: PhysicalMemory;
  readonly bus: Pick<PortBus, 'access' | 'onDirect'>;
  readonly clock: Clock;
  /**
   * Carries out INS or OUTS on registers and memory, as many elements as the run may still retire; while elements are
   * left, EIP goes back to the instruction.
   * @throws Fault before the element that raises it is transferred
   */
  stringIo(access: StringAccess, transfer: ElementTransfer): void;
}
