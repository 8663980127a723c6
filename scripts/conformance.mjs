/**
 * `npm run conformance -- FOLDER`: runs recorded single-step tests. The runner is bundled first, because it is
 * several times faster that way than when each module is loaded by itself.
 */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// As deep below the root as the sources are, so that paths relative to a file mean the same.
const output = join(root, '.cache', 'conformance');

await build({
  absWorkingDir: root,
  entryPoints: ['test/conformance/run.ts', 'test/conformance/worker.ts'],
  outdir: output,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  logLevel: 'warning',
});
const child = spawn(process.execPath, [join(output, 'run.mjs'), ...process.argv.slice(2)], { stdio: 'inherit' });
child.on('close', (code) => (process.exitCode = code ?? 1));
