import { type Executed, InstructionwiseStep, type Progress, type SteppingTools } from './step';

/** One instruction; a repeated string instruction counts as one, and so does a call that is stepped over. */
export class InstructionStep extends InstructionwiseStep {
  constructor(
    tools: SteppingTools,
    protected readonly overCalls: boolean,
  ) {
    super(tools);
  }

  protected executed(_instruction: Executed): Progress {
    return 'arrived';
  }
}
