import type { PortAccess } from '../../src/machine/bus/port-access';
import { Cpu } from '../../src/machine/cpu/cpu';
import { CpuState } from '../../src/machine/cpu/state';
import type { CpuModel } from '../../src/machine/isa/form';
import * as layout from '../../src/machine/layout';
import { PhysicalMemory } from '../../src/machine/memory/physical';
import { RunLoop } from '../../src/machine/run-loop';
import { VirtualClock } from '../../src/machine/virtual-clock';

/** What single instructions are tried on: a CPU alone, all memory RAM, ports that read ones. */
export interface BareMachine {
  readonly cpu: Cpu;
  readonly memory: PhysicalMemory;
  readonly loop: RunLoop;
  /** All of RAM, by guest-physical address. */
  readonly ram: Uint8Array;
}

/**
 * A CPU with RAM everywhere, no interrupts and ports that read all ones.
 *
 * @param ramBytes size of RAM, a power of two; addresses above wrap around, as where those address lines are not connected
 */
export function createBareMachine(model: CpuModel, ramBytes = 16 << 20): BareMachine {
  const memory = new PhysicalMemory(ramBytes);
  memory.mapRam(0xa0000, 0x60000);
  const clock = new VirtualClock(new CpuState(memory.memory), 0);
  const bus = {
    access(access: PortAccess): void {
      if (access.direction === 'in') access.value = access.width === 4 ? 0xffffffff : (1 << (access.width * 8)) - 1;
    },
  };
  const cpu = new Cpu({ memory, bus, clock, model });
  cpu.state.set(layout.A20_MASK, ramBytes - 1);
  cpu.reset();
  const loop = new RunLoop(cpu, clock, { pending: false, acknowledge: () => 0, lineOf: () => -1 });
  const ram = memory.u8.subarray(layout.RAM_BASE, layout.RAM_BASE + ramBytes);
  return { cpu, memory, loop, ram };
}
