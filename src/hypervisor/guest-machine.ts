import type { PortBus } from '../machine/bus/port-bus';
import type { Clock } from '../machine/clock';
import type { Cpu } from '../machine/cpu/cpu';
import type { PhysicalMemory } from '../machine/memory/physical';

/** What a hypervisor works on. */
export interface GuestMachine {
  readonly cpu: Pick<Cpu, 'state' | 'mmu' | 'segmentation'>;
  readonly memory: PhysicalMemory;
  readonly bus: Pick<PortBus, 'access' | 'onDirect'>;
  readonly clock: Clock;
}
