import type { Engine, Job, Sample } from './engine';
import { runHost } from './node-process';

/** What the program `ringside-host` is asked. */
export interface RingsideRequest extends Job {
  /** Whether code is compiled or interpreted. */
  readonly compile: boolean;
}

function engine(name: string, compile: boolean): Engine {
  return {
    name,
    kind: compile ? 'compiler in JavaScript' : 'interpreter',
    run: (job) => runHost<Sample[]>('ringside-host', { ...job, compile } satisfies RingsideRequest),
  };
}

export const ringside = engine('Ringside', true);
/** Ringside with its compiler off. */
export const interpreter = engine('interpreter', false);
