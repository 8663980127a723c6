import type { CpuState } from '../../machine/cpu/state';
import { BREAKPOINT_FILTER, BREAKPOINT_FILTER_BYTES, BREAKPOINTS_ON } from '../../machine/layout';
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

/** Addresses that are told apart by the filter. */
const FILTER_MASK = BREAKPOINT_FILTER_BYTES * 8 - 1;

/** Code breakpoints by address, and the filter that keeps the interpreter from asking about others. */
export class CodeBreakpoints {
  private readonly byAddress = new Map<number, CodeBreakpoint[]>();
  private temporary: readonly TemporaryBreakpoint[] = [];

  constructor(private readonly state: CpuState) {}

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

  /** Fills the filter in the machine's memory; to be done again after a reset of the CPU state. */
  writeFilter(): void {
    const { state } = this;
    const filter = state.u8.subarray(BREAKPOINT_FILTER, BREAKPOINT_FILTER + BREAKPOINT_FILTER_BYTES);
    filter.fill(0);
    for (const address of this.byAddress.keys()) mark(filter, address);
    for (const { address } of this.temporary) mark(filter, address);
    state.set(BREAKPOINTS_ON, this.active ? 1 : 0);
  }
}

function mark(filter: Uint8Array, address: number): void {
  const bit = address & FILTER_MASK;
  filter[bit >>> 3] |= 1 << (bit & 7);
}
