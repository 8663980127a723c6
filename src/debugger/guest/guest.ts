import type { PortNames } from '../../machine/bus/port-names';
import type { CpuState } from '../../machine/cpu/state';
import { CODE_32, IDTR_BASE, IDTR_LIMIT, SegmentIndex, STACK_32 } from '../../machine/layout';
import type { Machine } from '../../machine/machine';
import type { SymbolTable } from '../../symbols/symbol-table';
import type { ExpressionTarget } from '../expressions/scope';
import { type FrameRegisters, LiveRegisters } from '../registers/frame-registers';
import { LinearMemory } from './linear-memory';
import { NO_STUBS, type StubNames } from './stub-names';
import { CpuSystemWriter } from './system-writer';

/** The guest as all parts of the debugger see it: its machine, and what is known of its program and its ports. */
export class Guest {
  readonly state: CpuState;
  readonly memory: LinearMemory;
  readonly live: FrameRegisters;
  private readonly system: CpuSystemWriter;

  constructor(
    readonly machine: Machine,
    readonly symbols: SymbolTable,
    readonly ports: PortNames,
    private readonly stubs: StubNames = NO_STUBS,
  ) {
    const { cpu } = machine;
    this.state = cpu.state;
    this.memory = new LinearMemory(cpu.mmu, machine.memory);
    this.live = new LiveRegisters(cpu.state);
    this.system = new CpuSystemWriter(cpu);
  }

  /** Linear address of the next instruction. */
  get pc(): number {
    return (this.codeBase + this.state.eip) >>> 0;
  }

  /** Linear address of the instruction that is being executed. */
  get executing(): number {
    return (this.codeBase + this.state.eipStart) >>> 0;
  }

  get codeBase(): number {
    return this.state.segmentBase(SegmentIndex.CS);
  }

  /** Linear address of the top of the stack. */
  get stackPointer(): number {
    const { state } = this;
    const pointer = this.usesWideStack ? state.reg(4) : state.reg16(4);
    return (state.segmentBase(SegmentIndex.SS) + pointer) >>> 0;
  }

  /** Linear address and limit of the interrupt descriptor table. */
  get idt(): { base: number; limit: number } {
    return { base: this.state.get(IDTR_BASE), limit: this.state.get(IDTR_LIMIT) & 0xffff };
  }

  /** SS.B: pushes use ESP rather than SP. */
  get usesWideStack(): boolean {
    return this.state.get(STACK_32) !== 0;
  }

  /** CS.D: code is 32-bit. */
  get codeBits(): 16 | 32 {
    return this.state.get(CODE_32) !== 0 ? 32 : 16;
  }

  /** What expressions read and write, with the registers of some frame. */
  target(frame: FrameRegisters = this.live): ExpressionTarget {
    const { state, memory, system } = this;
    const { clock } = this.machine;
    return { state, memory, system, frame, instructions: () => clock.instructions };
  }

  /** False for a stub of the hypervisor's ROM that is jumped to: it has no caller. */
  hasCaller(address: number): boolean {
    const physical = this.machine.cpu.mmu.peek(address);
    return physical === undefined || this.stubs.isCalled(physical);
  }

  /** `uart_putc+0x1c`, `VMI OUTB` for a stub of the hypervisor's ROM, or the address where no name is known. */
  nameAt(address: number): string {
    const symbol = this.symbols.symbolAt(address)?.text;
    if (symbol !== undefined) return symbol;
    const physical = this.machine.cpu.mmu.peek(address);
    const stub = physical === undefined ? undefined : this.stubs.nameAt(physical);
    return stub ?? `0x${address.toString(16).padStart(8, '0')}`;
  }
}
