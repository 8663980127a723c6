/**
 * `npm run experiment`: builds the sample guest, bundles the experiment (src/cli/experiment), because it is several times
 * faster that way than when each module is loaded by itself, and runs it. docs/experiment.md tells what it is about.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const outfile = join(root, 'out', 'experiment.mjs');

function node(...args) {
  return spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' }).status ?? 1;
}

process.exitCode = node(join(root, 'scripts', 'build-guests.mjs'), 'paravirt-io');
if (process.exitCode === 0) {
  await build({
    entryPoints: [join(root, 'src', 'cli', 'experiment', 'main.ts')],
    outfile,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
  process.exitCode = node(outfile, ...process.argv.slice(2));
}
