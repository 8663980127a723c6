import type { PortAccess } from '../../src/machine/bus/port-access';
import { Cpu } from '../../src/machine/cpu/cpu';
import { CpuState } from '../../src/machine/cpu/state';
import type { CpuModel } from '../../src/machine/isa/form';
import { PhysicalMemory } from '../../src/machine/memory/physical';
import { RunLoop } from '../../src/machine/run-loop';
import { VirtualClock } from '../../src/machine/virtual-clock';
import type { BareMachine } from './execute';

/** A CPU with RAM everywhere, no interrupts and ports that read all ones. */
export function createBareMachine(model: CpuModel, ramBytes = 17 << 20): BareMachine {
  const memory = new PhysicalMemory(ramBytes);
  memory.mapRam(0xa0000, 0x60000);
  const clock = new VirtualClock(new CpuState(memory.memory), 0);
  const bus = {
    access(access: PortAccess): void {
      if (access.direction === 'in') access.value = access.width === 4 ? 0xffffffff : (1 << (access.width * 8)) - 1;
    },
  };
  const cpu = new Cpu({ memory, bus, clock, model });
  cpu.reset();
  const loop = new RunLoop(cpu, clock, { pending: false, acknowledge: () => 0, lineOf: () => -1 });
  return { cpu, memory, loop };
}
