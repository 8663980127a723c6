import type { ExitCostRow, ExitCostsResponse, ExitLogEntry } from '../../../debugAdapter/protocol';
import type { RingsideSession } from '../sessions/ringside-session';

/** Most entries in one answer to `ringside/exitLog`. */
const PAGE = 10_000;

/** What a trace is made of: exits in full, and the sums of all, which know of more than the log keeps. */
export interface SessionLog {
  entries: ExitLogEntry[];
  /** Costs by line. */
  lines: ExitCostRow[];
  totals: ExitCostsResponse['totals'];
}

/** Exits that are missing in the log. */
export function missingExits({ entries, totals }: SessionLog): number {
  return Math.max(0, totals.samples - entries.length);
}

/**
 * Asks a session for all exits that it has in full, page by page: the guest may go on meanwhile.
 * @throws Error with the adapter's message
 */
export async function fetchSessionLog(session: RingsideSession): Promise<SessionLog> {
  const { rows, totals } = await session.request('ringside/exitCosts', { groupBy: 'line' });
  const entries: ExitLogEntry[] = [];
  // Exits that come while this is on its way would be in the log and not in the sums.
  const end = totals.nextSequence;
  for (let start = 0; start < end; ) {
    const page = await session.request('ringside/exitLog', { start, count: PAGE });
    const wanted = page.entries.filter(({ sequence }) => sequence < end);
    entries.push(...wanted);
    if (page.entries.length < PAGE || wanted.length < page.entries.length) break;
    start = page.entries[page.entries.length - 1].sequence + 1;
  }
  return { entries, lines: rows, totals };
}
