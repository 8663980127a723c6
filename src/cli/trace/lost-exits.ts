import type { ExitCostRow, ExitLogEntry } from '../../../debugAdapter/protocol';
import type { LostExits } from './cpu-profile';
import { exitCycles } from './exits';

/**
 * What the log has lost: the log keeps the last exits in full, the sums are of all.
 * @param rows of `ringside/exitCosts` by line
 * @param entries that the log still has
 */
export function lostExits(rows: readonly ExitCostRow[], entries: readonly ExitLogEntry[]): LostExits[] {
  const rest = new Map<string, LostExits>();
  for (const { key, source, samples, totalCycles } of rows) {
    const place = source ? `${source.path}:${source.line}` : key;
    const known = rest.get(place);
    if (known) {
      known.exits += samples;
      known.cycles += totalCycles;
    } else rest.set(place, { source, name: key, exits: samples, cycles: totalCycles });
  }
  for (const entry of entries) {
    const { source, symbol, site } = entry;
    // Without a line, a row is called after the symbol or the address.
    const row = source ? rest.get(`${source.path}:${source.line}`) : (rest.get(symbol) ?? rest.get(site));
    if (!row) continue;
    row.exits--;
    row.cycles -= exitCycles(entry);
  }
  return [...rest.values()].filter(({ exits }) => exits > 0);
}
