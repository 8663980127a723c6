import type { Disassembler } from '../disassembly/disassembler';
import { Flow } from '../disassembly/iced';

/** What a step has to know of an instruction before it is executed. */
export interface SteppedInstruction {
  readonly kind: 'plain' | 'call' | 'return' | 'repeat';
  readonly length: number;
}

const KINDS: Readonly<Partial<Record<Flow, SteppedInstruction['kind']>>> = {
  [Flow.Call]: 'call',
  [Flow.IndirectCall]: 'call',
  [Flow.Interrupt]: 'call',
  [Flow.Return]: 'return',
};

/** Tells instructions apart. What it has seen it remembers, so it must not outlive one step: code may change. */
export class InstructionKinds {
  private readonly seen = new Map<number, SteppedInstruction>();

  constructor(private readonly disassembler: Disassembler) {}

  /** @param address linear */
  at(address: number): SteppedInstruction {
    const known = this.seen.get(address);
    if (known) return known;
    const decoded = this.disassembler.at(address);
    const repeated = decoded !== undefined && /^rep/.test(decoded.text);
    const kind = decoded ? (KINDS[decoded.flow] ?? (repeated ? 'repeat' : 'plain')) : 'plain';
    const instruction = { kind, length: decoded?.length ?? 1 };
    this.seen.set(address, instruction);
    return instruction;
  }
}
