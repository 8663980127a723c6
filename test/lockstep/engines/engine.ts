import type { LockstepCase } from '../recorder/case';
import type { Outcome } from '../recorder/record';

/** A processor that runs batches of recorded cases. */
export interface Engine {
  readonly name: string;
  /**
   * Runs the cases in order.
   * @param dump also gives the window after each case
   */
  run(cases: readonly LockstepCase[], dump: boolean): Promise<Outcome[]>;
}

/** One start of the recorder: it runs from a case on until the batch, or the machine, ends. */
export interface Stretch {
  readonly records: ReadonlyMap<number, Exclude<Outcome, string>>;
  /** Index of the case that did not come to its end, and how; undefined when all did. */
  readonly broken?: { readonly index: number; readonly how: Extract<Outcome, string> };
}

/** Runs all cases, starting again behind each one that hangs or shuts the machine down. */
export async function runAll(count: number, start: (first: number) => Promise<Stretch>): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  while (outcomes.length < count) {
    const { records, broken } = await start(outcomes.length);
    for (let record = records.get(outcomes.length); record; record = records.get(outcomes.length))
      outcomes.push(record);
    if (broken) outcomes.push(broken.how);
    else if (outcomes.length < count) throw new Error(`the recorder gave no record of case ${outcomes.length}`);
  }
  return outcomes;
}
