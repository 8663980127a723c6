/** `npm run bench`: bundles the benchmarks and runs them. Needs `npm run build` first. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runBundled } from './build/bundled.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
process.exitCode = await runBundled(root, 'bench/main.ts', 'out/bench.mjs');
