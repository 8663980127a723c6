import { Random } from '../../../../differential/support/random';
import { NO_TRAP, type VectorCase } from './case';
import { describeCase, differences } from './compare';
import { EmulatedVectors } from './emulated';
import { type Candidate, caseOf } from './generator';
import type { NativeVectors } from './native';

const XMM = Array.from({ length: 8 }, (_, i) => `xmm${i}`);
const X87_STATE = ['status', 'tags'];

/** Parts of a result in which processors differ from one another. */
function differsByProcessor({ form, mod }: Candidate, trap: number): readonly string[] {
  // The approximations have their error bounded, not their bits.
  if (/^(RCP|RSQRT)/.test(form.mnemonic)) return XMM;
  // AMD's processors go over to MMX state before a fault of the same instruction.
  if (trap !== NO_TRAP && form.prefix !== 'F3') return X87_STATE;
  // Intel's go over to it for an operand in memory too.
  if (form.mnemonic === 'CVTPI2PS' && mod === 'memory') return X87_STATE;
  return [];
}

/** What came of comparing cases of one candidate. */
export interface Tally {
  readonly compared: number;
  readonly differing: readonly string[];
  /** How often each exception came up. */
  readonly traps: ReadonlyMap<number, number>;
}

/** Runs generated cases of a candidate on both sides. */
export function compareCases(
  native: NativeVectors,
  emulated: EmulatedVectors,
  candidate: Candidate,
  count: number,
  seed: number,
): Tally {
  const random = new Random(seed);
  const cases: VectorCase[] = Array.from({ length: count }, () => caseOf(random, candidate));
  const traps = new Map<number, number>();
  const differing: string[] = [];
  for (const [i, expected] of native.run(cases).entries()) {
    traps.set(expected.trap, (traps.get(expected.trap) ?? 0) + 1);
    const found = differences(expected, emulated.run(cases[i]), differsByProcessor(candidate, expected.trap));
    if (found.length > 0) differing.push(`${describeCase(cases[i])}\n    ${found.join('\n    ')}`);
  }
  return { compared: count, differing, traps };
}
