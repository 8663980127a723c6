import type { StepGranularity, StepKind } from '../types';
import { Unwinder } from '../stack/unwinder';
import { InstructionStep } from './instruction-step';
import { callerOf, OutOfInlineStep, OutStep } from './out-step';
import { SourceStep } from './source-step';
import type { Step, SteppingTools } from './step';

/**
 * The step that a user asks for where the guest stands. Code without lines is stepped by instructions, except that a
 * stub in ROM is stepped out of.
 * @returns undefined for a step out of the outermost function
 */
export function createStep(tools: SteppingTools, kind: StepKind, granularity: StepGranularity): Step | undefined {
  const { guest } = tools;
  const { symbols, pc } = guest;
  const unwinder = new Unwinder(guest);
  const out = kind === 'out' || (granularity !== 'instruction' && unwinder.isStub(pc));
  if (out) {
    if (symbols.inlineFramesAt(pc)[0]?.inlined) return new OutOfInlineStep(tools);
    const caller = callerOf(unwinder);
    if (caller) return new OutStep(tools, caller);
    if (kind === 'out') return undefined;
  }
  const over = kind !== 'in';
  if (granularity === 'instruction' || !symbols.lineAt(pc)) return new InstructionStep(tools, over);
  return new SourceStep(tools, over ? 'over' : 'in');
}
