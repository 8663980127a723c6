import type { AdapterHost } from '../../../debugAdapter/engine';
import { messageOf } from '../../../debugAdapter/errors';
import type { Inspection } from '../../debugger/inspection/types';
import type { Console } from '../console';
import { UsageError } from '../usage-error';
import { exitCostTable } from './exit-costs';

const GROUPINGS = ['reason', 'port', 'hypercall', 'channel', 'function', 'line'] as const;

/** The rows of every grouping and the totals: what `--exit-costs json` writes. */
function exitCostsJson(inspect: Inspection): string {
  const rows = GROUPINGS.map((groupBy) => [groupBy, inspect.exitCosts({ groupBy }).rows] as const);
  const { totals } = inspect.exitCosts({ groupBy: 'reason' });
  return `${JSON.stringify({ totals, ...Object.fromEntries(rows) }, null, 2)}\n`;
}

/**
 * Writes what the exits of a run cost.
 * @param form `table`, `json`, or a file for the JSON
 * @throws UsageError if the file cannot be written
 */
export async function reportExitCosts(
  form: string,
  inspect: Inspection,
  console: Console,
  host: AdapterHost,
): Promise<void> {
  if (form === 'table') {
    console.out(`\n${exitCostTable('IO Port Access', inspect.exitCosts({ groupBy: 'port' }))}`);
  } else if (form === 'json') {
    console.out(exitCostsJson(inspect));
  } else {
    await host.writeFile(form, new TextEncoder().encode(exitCostsJson(inspect))).catch((error: unknown) => {
      throw new UsageError(`--exit-costs: ${messageOf(error)}.`);
    });
  }
}
