import type { CpuModel } from '../../src/machine/isa/form';
import { compare, type Difference, onlyMemoryDiffers } from './compare/compare';
import type { Reference } from './compare/rules';
import type { Engine } from './engines/engine';
import { type CaseKind, caseOf } from './generate/kinds';
import type { LockstepCase } from './recorder/case';
import type { Outcome } from './recorder/record';

/** A case on which our processor and the reference part. */
export interface Finding {
  readonly test: LockstepCase;
  readonly ours: Outcome;
  readonly theirs: Outcome;
  readonly difference: Difference;
}

export interface Tally {
  readonly cases: number;
  readonly events: number;
  readonly findings: readonly Finding[];
  /** How many cases part in a way that is known, by the name of the rule. */
  readonly explained: ReadonlyMap<string, number>;
}

/** Runs generated cases on both processors and compares what the recorder wrote. */
export class Campaign {
  private cases = 0;
  private events = 0;
  private readonly findings: Finding[] = [];
  private readonly explained = new Map<string, number>();

  constructor(
    private readonly ours: Engine,
    private readonly theirs: Engine,
    private readonly reference: Reference,
    private readonly model: CpuModel,
  ) {}

  get tally(): Tally {
    return { cases: this.cases, events: this.events, findings: this.findings, explained: this.explained };
  }

  /** Runs the cases of `count` seeds from `first` on. */
  async run(kind: CaseKind, first: number, count: number): Promise<void> {
    const cases = Array.from({ length: count }, (_, i) => caseOf(kind, first + i, this.model));
    this.cases += cases.length;
    for (const finding of await this.compareAll(cases)) {
      const rule = finding.difference.rule ?? (await this.leftOver(finding));
      if (rule === undefined) this.findings.push(finding);
      else this.explained.set(rule, (this.explained.get(rule) ?? 0) + 1);
    }
  }

  /** Runs a case alone: if only that makes the reference agree, it was left with something by the cases before. */
  private async leftOver({ test, ours }: Finding): Promise<string | undefined> {
    const [alone, theirs] = [await this.ours.run([test], true), await this.theirs.run([test], true)];
    const same = compare(test, alone[0], ours, OURSELVES) === undefined;
    return same && compare(test, alone[0], theirs[0], this.reference) === undefined ? LEFT_OVER : undefined;
  }

  /** Replaces instructions by NOPs one by one, as long as the two still part. */
  async shrink(finding: Finding): Promise<Finding> {
    let smallest = finding;
    for (;;) {
      const candidates = smallest.test.instructions
        .filter(({ bytes }) => bytes.some((byte) => byte !== NOP))
        .map((instruction) => without(smallest.test, instruction.offset));
      const found = (await this.compareAll(candidates)).filter(({ difference }) => difference.rule === undefined);
      if (found.length === 0) return smallest;
      smallest = found[0];
    }
  }

  private async compareAll(cases: readonly LockstepCase[]): Promise<Finding[]> {
    if (cases.length === 0) return [];
    const [ours, theirs] = [await this.ours.run(cases, false), await this.theirs.run(cases, false)];
    const open = cases.map((_, i) => i).filter((i) => onlyMemoryDiffers(ours[i], theirs[i], this.reference));
    const again = open.map((i) => cases[i]);
    const [oursAgain, theirsAgain] = [await this.ours.run(again, true), await this.theirs.run(again, true)];
    open.forEach((index, i) => {
      ours[index] = oursAgain[i];
      theirs[index] = theirsAgain[i];
    });
    for (const outcome of ours) if (typeof outcome !== 'string') this.events += outcome.events.length;
    return cases.flatMap((test, i) => {
      const difference = compare(test, ours[i], theirs[i], this.reference);
      return difference ? [{ test, ours: ours[i], theirs: theirs[i], difference }] : [];
    });
  }
}

/** Stands for the rule of cases that the reference gets right on their own. */
export const LEFT_OVER = 'left over';

/** What two runs of our own may differ in: nothing. */
const OURSELVES: Reference = { name: 'alone', ignored: {}, ignoredMemory: () => 0, rules: [] };

const NOP = 0x90;

/** The case with NOPs in place of one instruction. */
function without(test: LockstepCase, offset: number): LockstepCase {
  const window = test.window.copy();
  const instructions = test.instructions.map((instruction) => {
    if (instruction.offset !== offset) return instruction;
    const bytes = instruction.bytes.map(() => NOP);
    window.put(offset, bytes);
    return { ...instruction, bytes, mnemonic: 'NOP' };
  });
  return { ...test, window, instructions };
}
