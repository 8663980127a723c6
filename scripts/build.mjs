/**
 * Builds dist/: bundles of the CLI, the extension and its panels, what they need beside them, and the sample guests.
 *
 *     node scripts/build.mjs [--dev] [--no-guests]
 *
 * --dev        readable bundles with source maps
 * --no-guests  leave dist/guests as it is
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import * as esbuild from 'esbuild';
import { ASSET_PACKAGES, copyAssets } from './build/assets.mjs';
import { listBundles, START } from './build/bundles.mjs';
import { buildCodeCaches } from './build/code-cache.mjs';
import { buildInterpreters } from './build/interpreters.mjs';
import { thirdPartyNotices } from './build/notices.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

async function bundle({ entry, output, options, executable }, development, define) {
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [entry],
    outfile: output,
    bundle: true,
    metafile: true,
    legalComments: 'none',
    minify: !development,
    keepNames: false,
    define,
    sourcemap: development ? 'linked' : false,
    logLevel: 'error',
    ...options,
  });
  if (executable) chmodSync(join(root, output), 0o755);
  console.log(`${output.padEnd(32)} ${(statSync(join(root, output)).size / 1024).toFixed(1).padStart(8)} KB`);
  return metafile;
}

function digest(file) {
  return createHash('sha256')
    .update(readFileSync(join(root, file)))
    .digest('hex')
    .slice(0, 16);
}

function buildGuests() {
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'build-guests.mjs')], { stdio: 'inherit' });
  return status ?? 1;
}

async function main() {
  const { values } = parseArgs({ options: { dev: { type: 'boolean' }, 'no-guests': { type: 'boolean' } } });
  mkdirSync(join(root, 'dist'), { recursive: true });
  const interpreters = await buildInterpreters(root);
  const development = values.dev ?? false;
  const define = { INTERPRETER_FILES: JSON.stringify(interpreters) };
  const metafiles = await Promise.all(listBundles(root).map((item) => bundle(item, development, define)));
  metafiles.push(await bundle(START, development, { PROGRAM_DIGEST: JSON.stringify(digest(START.starts)) }));
  copyAssets(root);
  await buildCodeCaches(root);
  writeFileSync(join(root, 'dist', 'THIRD-PARTY-NOTICES.txt'), thirdPartyNotices(root, metafiles, ASSET_PACKAGES));
  return values['no-guests'] ? 0 : buildGuests();
}

try {
  process.exitCode = await main();
} catch (error) {
  // esbuild has printed its own errors, with file and line.
  if (!Array.isArray(error.errors)) console.error(`build: ${error.message}`);
  process.exitCode = 1;
}
