import { RunEnd } from '../../machine/run';
import { onlyAccessorsAt } from '../stack/io-accessors';
import { Unwinder } from '../stack/unwinder';
import { callerOf, OutStep } from './out-step';
import type { Step, SteppingTools } from './step';

/**
 * A step from a stop at a port or a hypercall. The user sees the line of the driver, but the guest stands inside the
 * accessor that the line has called: first the accessors are left, then the step begins as if from that line.
 */
export class LeaveAccessorsStep implements Step {
  private inner: Step | undefined;
  private leaving = true;

  /**
   * @param byLine the step ends at the next line, which the way out may reach already
   * @param then makes the step that was asked for; undefined if there is none from where the guest then stands
   */
  constructor(
    private readonly tools: SteppingTools,
    private readonly byLine: boolean,
    private readonly then: () => Step | undefined,
  ) {
    this.inner = this.next();
  }

  readonly hooks: Step['hooks'] = {
    exception: (vector, errorCode) => this.inner?.hooks.exception?.(vector, errorCode) ?? false,
    interrupt: (line, vector) => this.inner?.hooks.interrupt?.(line, vector) ?? false,
  };

  advance(budget: number): RunEnd | 'arrived' {
    if (!this.inner) return 'arrived';
    const outcome = this.inner.advance(budget);
    if (outcome !== 'arrived' || !this.leaving) return outcome;
    this.inner.finish();
    this.inner = this.next();
    return this.inner ? RunEnd.Budget : 'arrived';
  }

  finish(): void {
    this.inner?.finish();
  }

  /** The way out of one more accessor, or the step itself. */
  private next(): Step | undefined {
    const unwinder = new Unwinder(this.tools.guest);
    const caller = this.inAccessor(unwinder) ? callerOf(unwinder) : undefined;
    if (caller) return new OutStep(this.tools, caller);
    this.leaving = false;
    return this.byLine && this.inner && this.callEndedItsLine() ? undefined : this.then();
  }

  /** True if the call that the guest has returned from was the last instruction of its line. */
  private callEndedItsLine(): boolean {
    const { pc, symbols } = this.tools.guest;
    const line = symbols.lineAt(pc);
    return line !== undefined && line.isStmt && line.start === pc && symbols.lineAt(pc - 1)?.line !== line.line;
  }

  private inAccessor(unwinder: Unwinder): boolean {
    const { pc, symbols } = this.tools.guest;
    return unwinder.isStub(pc) || onlyAccessorsAt(pc, symbols);
  }
}
