import type { ExpressionTarget } from '../expressions/scope';
import type { Guest } from '../guest/guest';
import { GuestScope } from '../guest/symbol-scope';
import type { FrameContext } from '../stack/frames';

/** What values are read from: the guest as one frame sees it. */
export interface ValueContext {
  readonly guest: Guest;
  /** Registers are the frame's; memory is what it is now. */
  readonly target: ExpressionTarget;
  readonly scope: GuestScope;
  /** Told when a register, a variable or memory was set. */
  changed(): void;
}

/**
 * The guest as a frame of the call stack sees it; without one, the processor's registers and no locals.
 * @param changed told when a register, a variable or memory was set
 */
export function valueContext(guest: Guest, frame?: FrameContext, changed: () => void = () => undefined): ValueContext {
  return { guest, target: guest.target(frame?.registers), scope: new GuestScope(guest, frame), changed };
}
