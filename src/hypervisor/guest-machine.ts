import type { PortBus } from '../machine/bus/port-bus';
import type { Clock } from '../machine/clock';
import type { Cpu } from '../machine/cpu/cpu';
import type { Pc } from '../machine/devices/pc';
import type { ResetCause } from '../machine/devices/system-control';
import type { PhysicalMemory } from '../machine/memory/physical';

/** What a hypervisor works on. */
export interface GuestMachine {
  readonly cpu: Pick<
    Cpu,
    | 'state'
    | 'mmu'
    | 'segmentation'
    | 'model'
    | 'operations'
    | 'atLevelZero'
    | 'returnFromKernel'
    | 'farReturnFromKernel'
  >;
  readonly memory: PhysicalMemory;
  readonly bus: Pick<PortBus, 'access' | 'onDirect'>;
  readonly clock: Clock;
  /** Where the hypervisor's own interrupts arrive; undefined on a board without them. */
  readonly pc?: Pick<Pc, 'timerLine' | 'localApic'>;
  /** Pulls the reset line; undefined on a board without one. */
  requestReset?(by: ResetCause): void;
}
