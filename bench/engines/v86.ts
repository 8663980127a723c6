import type { Engine, Job, Sample } from './engine';
import type { GuestProcess } from './guest-process';
import { hostProgram, runHost } from './node-process';

/** v86 of the development dependencies: always there. */
export const v86: Engine = {
  name: 'v86',
  kind: 'compiler in JavaScript',
  run: (job) => runHost<Sample[]>('v86-host', job),
};

/** v86 as a process whose standard output is the guest's debug console. */
export function v86Process(job: Job): GuestProcess {
  return { program: process.execPath, args: [hostProgram('v86-host'), JSON.stringify(job)] };
}
