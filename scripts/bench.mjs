/** `npm run bench -- [PART…] [OPTIONS]`: bundles the benchmarks and runs them. Needs `npm run build` first. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleProgram, runBundled } from './build/bundled.mjs';

/** Programs that the benchmarks start in processes of their own. */
const HOSTS = ['ringside-host', 'v86-host', 'v86-linux-host'];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
for (const host of HOSTS) await bundleProgram(root, `bench/engines/${host}.ts`, `out/bench/${host}.mjs`);
process.exitCode = await runBundled(root, 'bench/main.ts', 'out/bench/main.mjs', process.argv.slice(2));
