import type { Results } from './figures';
import { PARTS, timeShares } from './measurement';
import type { Result } from './run-setting';

/** One run, flat: the columns of the CSV file and the members of the JSON file. */
function flat({ profile, workload, world, stretch, guest }: Result): Record<string, string | number> {
  const shares = timeShares(stretch);
  const { operations } = stretch.ports;
  return {
    profile,
    workload: workload.name,
    world: world.id,
    driver: world.driver,
    mode: world.mode,
    portExits: stretch.ports.count,
    otherExits: stretch.others.count,
    ...operations,
    instructions: stretch.instructions,
    waiting: shares.waiting,
    ...Object.fromEntries(PARTS.map((part) => [part, shares[part]])),
    guestCycles: stretch.guestCycles,
    guestSaysCycles: guest.cycles,
    guestSaysAccesses: guest.exits,
    checksum: guest.checksum,
  };
}

export function resultsJson(results: Results): string {
  return `${JSON.stringify(results.all.map(flat), null, 2)}\n`;
}

export function resultsCsv(results: Results): string {
  const rows = results.all.map(flat);
  const lines = [Object.keys(rows[0] ?? {}), ...rows.map((row) => Object.values(row).map(String))];
  return `${lines.map((cells) => cells.join(',')).join('\n')}\n`;
}
