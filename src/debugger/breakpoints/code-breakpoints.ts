import type { Machine } from '../../machine/machine';
import type { Breakpoint } from './breakpoint';

/** A breakpoint at an instruction. */
export interface CodeBreakpoint {
  readonly breakpoint: Breakpoint;
  /** Linear addresses; a source line may have several. */
  readonly addresses: readonly number[];
  /** What a stop says. */
  readonly text: string;
}

/** A stop that the debugger itself wants, e.g. where a step ends. */
export interface TemporaryBreakpoint {
  readonly address: number;
  /** True if the guest has arrived; a recursive call at the same address has not. */
  arrived(): boolean;
}

/** Code breakpoints by address, and the filter that keeps the interpreter from asking about others. */
export class CodeBreakpoints {
  private readonly byAddress = new Map<number, CodeBreakpoint[]>();
  private temporary: readonly TemporaryBreakpoint[] = [];

  constructor(private readonly machine: Pick<Machine, 'setCodeBreakpoints'>) {}

  /** True if there is anything to ask about. */
  get active(): boolean {
    return this.byAddress.size > 0 || this.temporary.length > 0;
  }

  /** Puts breakpoints in force instead of those before. */
  install(breakpoints: readonly CodeBreakpoint[]): void {
    this.byAddress.clear();
    for (const entry of breakpoints) {
      for (const address of entry.addresses) {
        const there = this.byAddress.get(address);
        if (there) there.push(entry);
        else this.byAddress.set(address, [entry]);
      }
    }
    this.writeFilter();
  }

  /** Puts the debugger's own stops in force instead of those before. */
  setTemporary(temporary: readonly TemporaryBreakpoint[]): void {
    if (temporary.length === 0 && this.temporary.length === 0) return;
    this.temporary = temporary;
    this.writeFilter();
  }

  /** Breakpoints at a linear address. */
  at(linear: number): readonly CodeBreakpoint[] {
    return this.byAddress.get(linear) ?? [];
  }

  /** True if one of the debugger's own stops is reached. */
  temporaryAt(linear: number): boolean {
    return this.temporary.some((entry) => entry.address === linear && entry.arrived());
  }

  /** Tells the machine where to ask; to be done again after a reset of the CPU. */
  writeFilter(): void {
    this.machine.setCodeBreakpoints([...this.byAddress.keys(), ...this.temporary.map(({ address }) => address)]);
  }
}
