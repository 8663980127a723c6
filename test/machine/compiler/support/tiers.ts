import { CompiledTier, type TierOptions } from '../../../../src/machine/isa/compiler/tier';
import * as layout from '../../../../src/machine/layout';
import type { CpuModel } from '../../../../src/machine/isa/form';
import type { PortAccess } from '../../../../src/machine/bus/port-access';
import { Cpu } from '../../../../src/machine/cpu/cpu';
import { CpuState } from '../../../../src/machine/cpu/state';
import { PhysicalMemory } from '../../../../src/machine/memory/physical';
import { RunLoop } from '../../../../src/machine/run-loop';
import { VirtualClock } from '../../../../src/machine/virtual-clock';

/** Compiles everything at its first execution. */
export const EAGER: TierOptions = { threshold: 1, followCold: true };

/** A CPU with RAM, an interrupt line that a test pulls, and ports that read the number of accesses so far. */
export interface TieredMachine {
  readonly cpu: Cpu;
  readonly memory: PhysicalMemory;
  readonly clock: VirtualClock;
  readonly loop: RunLoop;
  readonly tier: CompiledTier | undefined;
  /** The interrupt controller: `vector` is what it has to say while `pending`; being asked lets the line go. */
  readonly interrupts: { pending: boolean; vector: number };
}

export function tieredMachine(
  options: TierOptions | 'off',
  model: CpuModel = 'pentium2',
  ramBytes = 2 << 20,
): TieredMachine {
  const memory = new PhysicalMemory(ramBytes);
  const clock = new VirtualClock(new CpuState(memory.memory), 0);
  let accesses = 0;
  const bus = {
    access(access: PortAccess): void {
      accesses++;
      if (access.direction === 'in') access.value = accesses & 0xff;
    },
  };
  const cpu = new Cpu({ memory, bus, clock, model });
  const interrupts = {
    pending: false,
    vector: 0,
    acknowledge: () => {
      interrupts.pending = false;
      return interrupts.vector;
    },
    lineOf: () => -1,
  };
  const loop = new RunLoop(cpu, clock, interrupts);
  if (options === 'off') return { cpu, memory, clock, loop, interrupts, tier: undefined };
  const { state, mmu } = cpu;
  const tier = new CompiledTier({ state, memory, mmu, model, interpreter: loop.interpreter }, options);
  loop.tier = tier;
  cpu.codeFilter.onChange = () => tier.breakpointsChanged();
  return { cpu, memory, clock, loop, interrupts, tier };
}

/** Everything of the CPU that a guest can see, in words that a failing test can print. */
export function visibleState({ cpu }: { readonly cpu: Cpu }): Record<string, string> {
  const { state } = cpu;
  const words: Record<string, number> = { eip: state.eip, eflags: state.eflags };
  for (const [i, name] of ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'].entries())
    words[name] = state.reg(i);
  for (let segment = 0; segment < 8; segment++) words[`segment ${segment}`] = state.selector(segment);
  for (const i of [0, 2, 3, 4]) words[`cr${i}`] = state.cr(i);
  words.cpl = state.cpl;
  words.fault = state.get(layout.FAULT);
  return Object.fromEntries(Object.entries(words).map(([name, value]) => [name, (value >>> 0).toString(16)]));
}

/** A number that changes with the contents of RAM. */
export function ramHash({ memory }: { readonly memory: PhysicalMemory }): number {
  const words = new Int32Array(memory.memory.buffer, layout.RAM_BASE, memory.ramBytes >> 2);
  let hash = 0;
  for (const word of words) hash = (Math.imul(hash, 31) + word) | 0;
  return hash;
}
