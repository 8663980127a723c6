import type { CodeBreakpoints } from '../breakpoints/code-breakpoints';
import type { Guest } from '../guest/guest';

/** A callee may pop its arguments; a stack pointer further up than this belongs to another stack. */
const STACK_WINDOW = 0x1000;

/** A place that the guest runs to at full speed while it is stepped. */
interface Destination {
  readonly address: number;
  /** Lowest linear stack pointer with which it counts as reached, so that deeper activations do not. */
  readonly stack?: number;
}

/** Runs to a place and no further: a stop that is the debugger's own. */
export class Detour {
  private reached = false;
  private destinations: readonly Destination[] = [];

  constructor(
    private readonly guest: Guest,
    private readonly code: CodeBreakpoints,
  ) {}

  get active(): boolean {
    return this.destinations.length > 0;
  }

  /** Sets out for the first of some places to be reached. */
  begin(...destinations: Destination[]): void {
    this.reached = false;
    this.destinations = destinations;
    this.code.setTemporary(
      destinations.map((destination) => ({
        address: destination.address,
        arrived: () => (this.reached = this.isAt(destination)),
      })),
    );
  }

  /** True, once, if the guest has arrived; the detour is over then. */
  takeArrival(): boolean {
    if (!this.active || !this.reached) return false;
    this.cancel();
    return true;
  }

  cancel(): void {
    this.destinations = [];
    this.reached = false;
    this.code.setTemporary([]);
  }

  private isAt({ stack }: Destination): boolean {
    if (stack === undefined) return true;
    const above = (this.guest.stackPointer - stack) >>> 0;
    return above < STACK_WINDOW;
  }
}
