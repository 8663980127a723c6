import type { Job } from './pool';
import { ConformanceSuite } from './suite';

/** A worker process: takes jobs from its parent and answers each with its result, until the parent disconnects. */
const suite = new ConformanceSuite();
process.on('message', (job: Job) => process.send?.(suite.runFile(job.path, job.show)));
process.on('disconnect', () => process.exit(0));
