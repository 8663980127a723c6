import { readdirSync, readFileSync } from 'node:fs';

/** Clock ticks a second of /proc/PID/stat (proc(5)). */
const TICKS = 100;

/** Processor seconds of a process so far, to the nanosecond, in the threads that it has now. */
function ofThreads(pid: number): number {
  const tasks = `/proc/${pid}/task`;
  const nanoseconds = readdirSync(tasks).map((id) =>
    Number(readFileSync(`${tasks}/${id}/schedstat`, 'utf8').split(' ')[0]),
  );
  return nanoseconds.reduce((sum, value) => sum + value, 0) / 1e9;
}

/** Processor seconds of a process so far, by the tick, those of threads that have ended included. */
function ofProcess(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
  // The name, in parentheses, may hold anything. utime and stime are the fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(') ') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
}

/**
 * Processor seconds of another process so far, all its threads together; the clock's seconds where the system does not
 * tell.
 */
export function processSeconds(pid: number): number {
  for (const read of [ofThreads, ofProcess]) {
    try {
      return read(pid);
    } catch {
      // No such file: another system, or a kernel without these figures.
    }
  }
  return performance.now() / 1000;
}

/** The most memory that a process has had at a time, bytes; undefined where the system does not tell. */
function peakMemory(pid: number): number | undefined {
  try {
    const line = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return line ? Number(line[1]) * 1024 : undefined;
  } catch {
    return undefined;
  }
}

/** What a process has used so far. */
export interface Usage {
  readonly seconds: number;
  readonly peakBytes?: number;
}

/** What another process has used so far. */
export function usageOf(pid: number): Usage {
  return { seconds: processSeconds(pid), peakBytes: peakMemory(pid) };
}

/** What this process has used so far. */
export function ownUsage(): Usage {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { seconds: (userCPUTime + systemCPUTime) / 1e6, peakBytes: maxRSS * 1024 };
}
