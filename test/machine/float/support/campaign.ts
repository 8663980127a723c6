import { Random } from '../../../differential/support/random';
import type { FloatModule } from './module';
import type { FloatCase, FloatOperation, FloatOutcome } from './operations';

/** Something that knows the right outcome. */
export type Oracle = (operation: FloatOperation, cases: readonly FloatCase[]) => Promise<FloatOutcome[]>;

const hex = (value: bigint | number) => value.toString(16);

function describeOutcome({ flags, result, second }: FloatOutcome): string {
  return `${hex(result)}${second === 0n ? '' : ` and ${hex(second)}`} with flags ${hex(flags)}`;
}

const same = (x: FloatOutcome, y: FloatOutcome): boolean =>
  x.flags === y.flags && x.result === y.result && x.second === y.second;

/** Runs random cases of an operation. @returns a description of each that differs */
export async function differences(
  module: FloatModule,
  oracle: Oracle,
  operation: FloatOperation,
  seed: number,
  count: number,
): Promise<string[]> {
  const random = new Random(seed);
  const cases = Array.from({ length: count }, () => operation.generate(random));
  const expected = await oracle(operation, cases);
  return cases.flatMap((test, i) => {
    const actual = operation.run(module, test);
    if (same(actual, expected[i])) return [];
    const operands = `${operation.name} of ${hex(test.a)} and ${hex(test.b)} under ${hex(test.control)}`;
    return [`${operands}: ${describeOutcome(actual)}, not ${describeOutcome(expected[i])}`];
  });
}
