import type { Activation, Unwinder } from '../stack/unwinder';
import { type Executed, InstructionwiseStep, type Progress, type SteppingTools } from './step';

/** Number of ESP among unwound registers. */
const ESP = 4;

/** To where the present function returns. */
export class OutStep extends InstructionwiseStep {
  protected readonly overCalls = true;

  constructor(tools: SteppingTools, caller: Activation) {
    super(tools);
    const base = this.guest.stackPointer - this.guest.state.reg(ESP);
    const stack = ((caller.registers[ESP] ?? this.guest.state.reg(ESP)) + base) >>> 0;
    this.detour.begin({ address: caller.pc, stack });
  }

  protected executed(_instruction: Executed): Progress {
    return 'on';
  }
}

/** Out of a function that is inlined: to the first statement of those around it. */
export class OutOfInlineStep extends InstructionwiseStep {
  protected readonly overCalls = true;
  private readonly level: number;

  constructor(tools: SteppingTools) {
    super(tools);
    this.level = this.guest.symbols.inlineFramesAt(this.guest.pc).length;
  }

  protected executed({ kind }: Executed): Progress {
    const { symbols, pc } = this.guest;
    return kind === 'return' || symbols.inlineFramesAt(pc).length < this.level ? 'arrived' : 'on';
  }
}

/** The activation that a step out ends in; undefined at the outermost one. */
export function callerOf(unwinder: Unwinder): Activation | undefined {
  const innermost = unwinder.innermost();
  return unwinder.interrupted(innermost) ?? unwinder.caller(innermost);
}
