import { Fault, Vector } from '../cpu/fault';
import type { CpuState } from '../cpu/state';
import * as layout from '../layout';
import { SegmentIndex } from '../layout';
import type { CpuModel } from './form';
import { LengthDecoder, MAX_INSTRUCTION_LENGTH } from './length';

/** Translates an instruction byte's linear address to a host pointer; 0 where a page fault is left pending. @throws Fault */
export type FetchPage = (linear: number) => number;

/**
 * Finds the bytes that the interpreter executes. Away from page ends it only sets the window in which
 * instructions may start; an instruction near the end of its page (or of CS) is gathered into a buffer, so that
 * a second page is touched, and may fault, only if the instruction really reaches into it.
 */
export class CodeFetch {
  private readonly lengths: LengthDecoder;

  constructor(
    private readonly state: CpuState,
    private readonly fetchPage: FetchPage,
    model: CpuModel,
  ) {
    this.lengths = new LengthDecoder(model);
  }

  /** Makes IP point at the bytes of the instruction at EIP, or leaves a #PF pending. @throws Fault #GP beyond CS.limit, #UD */
  resolve(): void {
    const { state } = this;
    const eip = state.eip;
    state.eip = eip;
    state.set(layout.IP_START, eip);
    const limit = state.segmentLimit(SegmentIndex.CS);
    if (eip > limit) throw new Fault(Vector.GP, 0);
    const linear = (state.segmentBase(SegmentIndex.CS) + eip) >>> 0;
    const host = this.fetchPage(linear);
    if (host === 0) return;
    const pageLeft = 0x1000 - (linear & 0xfff);
    const left = Math.min(pageLeft, limit - eip + 1);
    if (left < MAX_INSTRUCTION_LENGTH) {
      this.gather(eip, linear, host, pageLeft, limit);
      return;
    }
    state.set(layout.IP, host);
    state.set(layout.IP_START, host);
    state.set(layout.IP_DELTA, host - eip);
    state.set(layout.CODE_START, host & ~0xfff);
    state.set(layout.CODE_END, host + left - MAX_INSTRUCTION_LENGTH);
    // A window must not reach below offset 0 of CS: a jump there would be a different page.
    if (eip < (linear & 0xfff)) state.set(layout.CODE_START, host - eip);
  }

  /**
   * Looks at an instruction with LOCK or many prefixes before it goes on.
   * @throws Fault #GP if it is longer than 15 bytes, #UD for LOCK where it is not allowed
   */
  checkPrefixes(): void {
    const start = this.state.get(layout.IP_START);
    const shape = this.lengths.decode((i) => this.state.u8[start + i], this.state.get(layout.CODE_32) !== 0);
    if (shape.length > MAX_INSTRUCTION_LENGTH) throw new Fault(Vector.GP, 0);
    if (shape.badLock) throw new Fault(Vector.UD);
  }

  /** Host pointer of the page behind; what its fault has left pending is thrown, as there is decoding to be given up. */
  private nextPage(linear: number): number {
    const host = this.fetchPage(linear);
    if (host !== 0) return host;
    throw new Fault(this.state.get(layout.FAULT) - 1, this.state.get(layout.FAULT_ERROR) | 0);
  }

  private gather(eip: number, linear: number, host: number, pageLeft: number, limit: number): void {
    const { state } = this;
    let nextPage = 0;
    const byteAt = (index: number): number => {
      if (index >= MAX_INSTRUCTION_LENGTH) return 0;
      if (eip + index > limit) throw new Fault(Vector.GP, 0);
      if (index >= pageLeft && nextPage === 0) nextPage = this.nextPage((linear + pageLeft) >>> 0);
      const byte = index < pageLeft ? state.u8[host + index] : state.u8[nextPage + index - pageLeft];
      state.u8[layout.FETCH_BUFFER + index] = byte;
      return byte;
    };
    const { length } = this.lengths.decode(byteAt, state.get(layout.CODE_32) !== 0);
    for (let i = 0; i < Math.min(length, MAX_INSTRUCTION_LENGTH); i++) byteAt(i);
    state.set(layout.IP, layout.FETCH_BUFFER);
    state.set(layout.IP_START, layout.FETCH_BUFFER);
    state.set(layout.IP_DELTA, layout.FETCH_BUFFER - eip);
    state.set(layout.CODE_START, layout.FETCH_BUFFER);
    state.set(layout.CODE_END, layout.FETCH_BUFFER);
  }
}
