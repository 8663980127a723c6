import { Cpu } from '../../../src/machine/cpu/cpu';
import type { LoadTarget } from '../../../src/machine/loaders/load-target';
import { PhysicalMemory } from '../../../src/machine/memory/physical';
import { FakeClock } from './fake-clock';

/** A CPU with memory and nothing else. */
export function makeLoadTarget(megabytes = 4): LoadTarget & { cpu: Cpu } {
  const memory = new PhysicalMemory(megabytes << 20);
  const cpu = new Cpu({ memory, bus: { access: () => undefined }, clock: new FakeClock(), model: 'pentium' });
  return { cpu, memory, state: cpu.state, segmentation: cpu.segmentation };
}
