import * as layout from '../layout';
import type { CpuState } from './state';

/**
 * The bitmap that tells the interpreter where a code breakpoint may be: those of the debugger and those of the guest's
 * debug registers. Addresses are linear; those that share their low 16 bits share a bit.
 */
export class CodeFilter {
  private readonly addresses = { debugger: [] as readonly number[], guest: [] as readonly number[] };

  /** Called after every change. */
  onChange: (() => void) | undefined;

  constructor(private readonly state: CpuState) {}

  /** Replaces the addresses of one owner. */
  set(owner: 'debugger' | 'guest', addresses: Iterable<number>): void {
    this.addresses[owner] = [...addresses];
    const bits = this.state.u8.subarray(
      layout.BREAKPOINT_FILTER,
      layout.BREAKPOINT_FILTER + layout.BREAKPOINT_FILTER_BYTES,
    );
    bits.fill(0);
    const all = [...this.addresses.debugger, ...this.addresses.guest];
    for (const address of all) bits[(address & 0xffff) >>> 3] |= 1 << (address & 7);
    this.state.set(layout.BREAKPOINTS_ON, all.length > 0 ? 1 : 0);
    this.onChange?.();
  }
}
