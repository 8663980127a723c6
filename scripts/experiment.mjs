/**
 * `npm run experiment`: builds the sample guest, bundles the experiment (src/cli/experiment), because it is several times
 * faster that way than when each module is loaded by itself, and runs it. docs/experiment.md tells what it is about.
 */
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runBundled } from './build/bundled.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const builder = [join(root, 'scripts', 'build-guests.mjs'), 'paravirt-io'];
const built = spawnSync(process.execPath, builder, { cwd: root, stdio: 'inherit' }).status ?? 1;
process.exitCode =
  built || (await runBundled(root, 'src/cli/experiment/main.ts', 'out/experiment.mjs', process.argv.slice(2)));
