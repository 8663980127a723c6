import type { Form } from '../../../src/machine/isa/form';
import { undefinedFlags } from '../../conformance/undefined-flags';
import type { Grounds } from './builder';
import { codePatch, type TestCase } from './case';
import { isComparable } from './comparable';
import { differences } from './compare';
import { type EmulatedOutcome, EmulatedProcessor } from './emulated';
import { CANDIDATES, caseOf, DEFINE_FLAGS } from './generator';
import type { NativeProcessor } from './native';
import { Random } from './random';

/** A case on which the two sides disagree. */
export interface Finding {
  readonly seed: number;
  readonly test: TestCase;
  readonly differences: readonly string[];
}

export interface Tally {
  readonly compared: number;
  /** Cases without a defined outcome, not shown to the processor. */
  readonly leftOut: number;
  /** How often each mnemonic was compared, and by which exception cases ended. */
  readonly mnemonics: ReadonlyMap<string, number>;
  readonly vectors: ReadonlyMap<number, number>;
  readonly findings: readonly Finding[];
}

const BATCH = 256;

const count = <K>(map: Map<K, number>, key: K) => map.set(key, (map.get(key) ?? 0) + 1);

/** Runs generated cases on both sides. Every case has its own seed: `first`, `first + 1` and so on. */
export class Campaign {
  private readonly emulated: EmulatedProcessor;
  private readonly grounds: Grounds;
  private compared = 0;
  private leftOut = 0;
  private readonly mnemonics = new Map<string, number>();
  private readonly vectors = new Map<number, number>();
  private readonly findings: Finding[] = [];

  constructor(
    private readonly native: NativeProcessor,
    private readonly forms: readonly Form[] = CANDIDATES,
  ) {
    this.grounds = { windows: native.windows, segments: native.segments };
    this.emulated = new EmulatedProcessor(native.windows, native.segments);
  }

  /** Runs the cases of `cases` seeds from `first` on. */
  async run(first: number, cases: number): Promise<Tally> {
    for (let done = 0; done < cases; done += BATCH) {
      await this.batch(first + done, Math.min(BATCH, cases - done));
    }
    return this.tally;
  }

  get tally(): Tally {
    const { compared, leftOut, mnemonics, vectors, findings } = this;
    return { compared, leftOut, mnemonics, vectors, findings };
  }

  /** Leaves out instructions of a sequence one by one, as long as the two sides still disagree. */
  async shrink(finding: Finding): Promise<Finding> {
    let smallest = finding;
    for (let i = 0; i < smallest.test.code.length && smallest.test.code.length > 1; ) {
      const test = without(smallest.test, i);
      const found = isDefined(test) ? await this.compare(test) : [];
      if (found.length > 0) smallest = { ...smallest, test, differences: found };
      else i++;
    }
    return smallest;
  }

  private async batch(first: number, cases: number): Promise<void> {
    const kept: { seed: number; test: TestCase; emulated: EmulatedOutcome }[] = [];
    for (let seed = first; seed < first + cases; seed++) {
      const test = caseOf(new Random(seed), this.grounds, this.forms);
      const emulated = this.emulated.run(test);
      if (isComparable(test, emulated)) kept.push({ seed, test, emulated });
      else this.leftOut++;
    }
    const outcomes = await this.native.run(kept.map(({ test }) => test));
    for (const [i, { seed, test, emulated }] of kept.entries()) {
      this.compared++;
      for (const { mnemonic } of test.code) count(this.mnemonics, mnemonic);
      count(this.vectors, outcomes[i].trap);
      const found = differences(test, outcomes[i], emulated);
      if (found.length > 0) this.findings.push({ seed, test, differences: found });
    }
  }

  private async compare(test: TestCase): Promise<string[]> {
    const emulated = this.emulated.run(test);
    if (!isComparable(test, emulated)) return [];
    const [native] = await this.native.run([test]);
    return differences(test, native, emulated);
  }
}

/** True if flags that an instruction leaves undefined are defined before the next one sees them. */
function isDefined({ code }: TestCase): boolean {
  return code.every(({ name }, i) => {
    return undefinedFlags(name) === 0 || i === code.length - 1 || code[i + 1].name === DEFINE_FLAGS.name;
  });
}

/** The case without one of its instructions; those after it move up. */
function without(test: TestCase, index: number): TestCase {
  const code = test.code.filter((_, i) => i !== index);
  const place = test.patches[test.patches.length - 1];
  return { ...test, code, patches: [...test.patches.slice(0, -1), codePatch(place.address, code)] };
}
