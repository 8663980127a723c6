import * as layout from '../../../../src/machine/layout';
import { Register } from '../../../../src/machine/layout';
import type { CpuModel } from '../../../../src/machine/isa/form';
import { setFlatProtectedMode } from '../../../../src/machine/loaders/cpu-setup';
import type { RunEnd } from '../../../../src/machine/run';
import { type BareMachine, createBareMachine } from '../../../conformance/bare-machine';

/** Where test code and data are. */
export const CODE = 0x10000;
export const DATA = 0x20000;
export const STACK = 0x30000;

export type Registers = Partial<Record<'eax' | 'ecx' | 'edx' | 'ebx' | 'esp' | 'ebp' | 'esi' | 'edi', number>>;
const INDEX = {
  eax: Register.EAX,
  ecx: Register.ECX,
  edx: Register.EDX,
  ebx: Register.EBX,
  esp: Register.ESP,
  ebp: Register.EBP,
  esi: Register.ESI,
  edi: Register.EDI,
} as const;

/** A flat 32-bit CPU for single instructions. */
export class Stepper {
  readonly machine: BareMachine;

  constructor(model: CpuModel = 'pentium2') {
    this.machine = createBareMachine(model, 1 << 20);
    const { cpu, memory } = this.machine;
    setFlatProtectedMode({ state: cpu.state, segmentation: cpu.segmentation, memory }, 0, CODE);
  }

  /** Executes instructions from CODE on; the state around them is as given. */
  run(bytes: readonly number[], registers: Registers = {}, flags = 0, instructions = 1): RunEnd {
    const { cpu, memory, loop } = this.machine;
    const { state } = cpu;
    memory.poke(CODE, Uint8Array.from(bytes));
    state.eip = CODE;
    loop.cancelFault();
    state.setReg(Register.ESP, STACK);
    for (const [name, value] of Object.entries(registers)) state.setReg(INDEX[name as keyof typeof INDEX], value);
    state.eflags = flags | 2;
    // A fault stays pending, so that the test can look at it.
    cpu.hooks.exception = () => true;
    return loop.run(instructions);
  }

  get(name: keyof typeof INDEX): number {
    return this.machine.cpu.state.reg(INDEX[name]);
  }

  get flags(): number {
    return this.machine.cpu.state.eflags;
  }

  /** Offset of the next instruction from CODE. */
  get length(): number {
    return this.machine.cpu.state.eip - CODE;
  }

  /** Vector of the exception that stopped the CPU, or -1. */
  get fault(): number {
    return this.machine.cpu.state.get(layout.FAULT) - 1;
  }

  read(address: number, width: 1 | 2 | 4): number {
    return this.machine.memory.read(address, width);
  }

  write(address: number, width: 1 | 2 | 4, value: number): void {
    this.machine.memory.write(address, width, value);
  }
}
