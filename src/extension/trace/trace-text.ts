import { ChromeTrace } from '../../cli/trace/chrome-trace';
import { CpuProfile } from '../../cli/trace/cpu-profile';
import { lostExits } from '../../cli/trace/lost-exits';
import { missingExits, type SessionLog } from './session-log';

export type TraceFormat = 'json' | 'cpuprofile';

/**
 * The content of a trace file: `json` in the Trace Event Format with the exits that the log has, `cpuprofile` with all,
 * of which those that the log has lost are known by their sums.
 * @param title what the guest is called
 */
export function traceText(log: SessionLog, format: TraceFormat, title: string): string {
  const pieces: string[] = [];
  const write = (text: string): void => void pieces.push(text);
  const { entries, lines, totals } = log;
  if (format === 'json') {
    const trace = new ChromeTrace(write, title);
    for (const entry of entries) trace.add(entry);
    trace.end(totals);
  } else {
    const profile = new CpuProfile(write, title);
    if (missingExits(log) > 0) for (const lost of lostExits(lines, entries)) profile.addLost(lost);
    for (const entry of entries) profile.add(entry);
    profile.end(totals);
  }
  return pieces.join('');
}

/** `28,377 exits`, and what is missing. */
export function traceSummary(log: SessionLog, format: TraceFormat): string {
  const count = (exits: number): string => `${exits.toLocaleString('en')} exit${exits === 1 ? '' : 's'}`;
  const missing = missingExits(log);
  if (missing === 0) return `${count(log.entries.length)}.`;
  const lost =
    format === 'json'
      ? `the ${count(missing)} before them are not in the log any more`
      : `of the ${count(missing)} before them the profile has the sums by line`;
  return `${count(log.entries.length)}; ${lost}. "ringside run --trace FILE" writes every exit of a run.`;
}
