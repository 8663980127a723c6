import { Hypervisor } from '../src/hypervisor/hypervisor';
import * as layout from '../src/machine/layout';
import { loadImage } from '../src/machine/loaders/load-image';
import { Machine, type MachineOptions } from '../src/machine/machine';
import { RunEnd } from '../src/machine/run';
import type { Mode } from './engines/engine';

/** Parts of the CPU state that a guest can see and that are the same however it was run: `[from, to)` in bytes. */
const VISIBLE: readonly (readonly [number, number])[] = [
  [layout.REGS, layout.REGS + 32],
  [layout.SEG_SELECTOR, layout.SEG_SELECTOR + 4 * layout.SEGMENT_COUNT],
  [layout.SEG_BASE, layout.SEG_BASE + 4 * layout.SEGMENT_COUNT],
  [layout.SEG_LIMIT, layout.SEG_LIMIT + 4 * layout.SEGMENT_COUNT],
  [layout.SEG_ATTRIBUTES, layout.SEG_ATTRIBUTES + 4 * layout.SEGMENT_COUNT],
  [layout.GDTR_BASE, layout.GDTR_BASE + 16],
  [layout.CR, layout.CR + 20],
  [layout.DR, layout.DR + 32],
  [layout.CPL, layout.CPL + 4],
  [layout.HALTED, layout.HALTED + 4],
  [layout.MSR_SYSENTER, layout.MSR_SYSENTER + 12],
  [layout.FPU_CONTROL, layout.FPU_CONTROL + 4],
  [layout.FPU_STATUS, layout.FPU_STATUS + 4],
  [layout.FPU_TOP, layout.FPU_TOP + 4],
  [layout.FPU_EMPTY, layout.FPU_EMPTY + 4],
  [layout.FPU_IP, layout.FPU_IP + 4],
  [layout.FPU_CS, layout.FPU_CS + 4],
  [layout.FPU_OPCODE, layout.FPU_OPCODE + 4],
  [layout.FPU_DP, layout.FPU_DP + 4],
  [layout.FPU_DS, layout.FPU_DS + 4],
  [layout.XMM_REGS, layout.XMM_REGS + 8 * layout.VECTOR_STRIDE],
  [layout.MXCSR, layout.MXCSR + 4],
];
/** Bytes of an x87 register. */
const EXTENDED = 10;

const mix = (hash: number, value: number): number => Math.imul(hash ^ value, 0x01000193);

/** A number that changes with everything that a guest can see of its processor, its memory and its time. */
export function stateHash({ cpu, memory, clock }: Machine): number {
  const { state } = cpu;
  let hash = [state.eip, state.eflags, clock.instructions, clock.instructions / 2 ** 32, clock.now].reduce(
    mix,
    0x811c9dc5,
  );
  for (const [from, to] of VISIBLE) for (let at = from; at < to; at += 4) hash = mix(hash, state.get(at));
  for (let register = 0; register < 8; register++)
    for (let byte = 0; byte < EXTENDED; byte++)
      hash = mix(hash, state.u8[layout.FPU_REGS + register * layout.VECTOR_STRIDE + byte]);
  for (const word of new Int32Array(memory.memory.buffer, layout.RAM_BASE, memory.ramBytes >> 2))
    hash = mix(hash, word);
  return hash >>> 0;
}

export interface ComparedRun {
  readonly elf: Uint8Array;
  readonly commandLine: string;
  readonly mode: Mode;
  /** Instructions between two checkpoints. */
  readonly slice: number;
  /** Checkpoints at most. */
  readonly checkpoints: number;
  readonly tier: MachineOptions['tier'];
}

/** What comparing a run in both tiers gave. */
export interface Comparison {
  /** Checkpoints at which the states were the same. */
  readonly same: number;
  /** Instruction count of the first checkpoint at which they were not. */
  readonly differsAt?: number;
  /** Pieces of code that the compiled tier has compiled. */
  readonly compilations: number;
}

function boot({ elf, commandLine, mode }: ComparedRun, tier: MachineOptions['tier']): Machine {
  const machine = new Machine({ cpu: 'pentium3', memoryMB: 32, startTime: 0, tier });
  if (mode !== 'none') machine.cpu.intercepts = new Hypervisor(machine, { mode });
  const { memory, cpu } = machine;
  const image = { name: 'kernels', bytes: elf };
  loadImage({ memory, state: cpu.state, segmentation: cpu.segmentation }, image, { commandLine });
  return machine;
}

/** Runs a guest in both tiers and compares their states at checkpoints of exact instruction counts, and at its end. */
export function compareTiers(run: ComparedRun): Comparison {
  const plain = boot(run, 'off');
  const compiled = boot(run, run.tier);
  let end = RunEnd.Budget;
  let same = 0;
  for (; same < run.checkpoints && end === RunEnd.Budget; same++) {
    end = plain.run(run.slice);
    if (compiled.run(run.slice) !== end || stateHash(compiled) !== stateHash(plain))
      return { same, differsAt: plain.clock.instructions, compilations: compiled.compilations };
  }
  return { same, compilations: compiled.compilations };
}
