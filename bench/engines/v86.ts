import type { Engine, Sample } from './engine';
import { runHost } from './node-process';

/** v86 of the development dependencies: always there. */
export const v86: Engine = {
  name: 'v86',
  warmsUp: true,
  run: (job) => runHost<Sample[]>('v86-host', job),
};
