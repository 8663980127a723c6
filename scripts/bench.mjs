/** `npm run bench -- [PART…] [OPTIONS]`: bundles the benchmarks and runs them. Needs `npm run build` first. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleProgram, runBundled } from './build/bundled.mjs';
import { buildInterpreters } from './build/interpreters.mjs';

/** Programs that the benchmarks start in processes of their own. */
const HOSTS = ['ringside-host', 'v86-host', 'v86-linux-host'];

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// The staged interpreters lie in dist, as they do for the product.
const define = {
  INTERPRETER_FILES: JSON.stringify(await buildInterpreters(root)),
  __dirname: JSON.stringify(join(root, 'dist')),
};
for (const host of HOSTS) await bundleProgram(root, `bench/engines/${host}.ts`, `out/bench/${host}.mjs`, define);
process.exitCode = await runBundled(root, 'bench/main.ts', 'out/bench/main.mjs', process.argv.slice(2));
