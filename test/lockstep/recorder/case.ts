import { CASE_HAS_CR4 } from './layout';
import type { Window } from './window';

/** One generated instruction: where it lies in the code page, and what it is. */
export interface PlacedInstruction {
  /** Offset in the window. */
  readonly offset: number;
  readonly bytes: readonly number[];
  readonly mnemonic: string;
}

/** A program and the world that it starts in. */
export interface LockstepCase {
  /** Kind and seed make the case anew. */
  readonly kind: string;
  readonly seed: number;
  readonly window: Window;
  readonly cr0: number;
  /** Undefined where the model has no CR4. */
  readonly cr4?: number;
  /** The case ends after so many events at the latest. */
  readonly maxEvents: number;
  readonly instructions: readonly PlacedInstruction[];
}

/** The case as the recorder reads it: a header, and what differs from the template in runs of u32. */
export function encodeCase(test: LockstepCase, template: Window): Uint32Array {
  const words = [test.cr0, test.cr4 ?? 0, test.maxEvents, test.cr4 === undefined ? 0 : CASE_HAS_CR4];
  const from = new Uint32Array(template.bytes.buffer);
  const to = new Uint32Array(test.window.bytes.buffer);
  for (let i = 0; i < to.length; i++) {
    if (to[i] === from[i]) continue;
    let end = i + 1;
    while (end < to.length && to[end] !== from[end]) end++;
    words.push(i * 4, end - i, ...to.subarray(i, end));
    i = end;
  }
  words.push(0, 0);
  return new Uint32Array(words);
}
