/**
 * Makes ringside-VERSION.vsix: the bundles, assets, grammars and the sample guest with its sources, as .vscodeignore
 * names them.
 *
 *     npm run package [-- --no-build]
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createVSIX, listFiles, PackageManager } from '@vscode/vsce';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stage = join(root, '.cache', 'package');
const SAMPLE = join('samples', 'paravirt-io.code-workspace');
/** Larger, and something is in it that should not be. */
const LIMIT = 2.5 * 1024 * 1024;

function build() {
  const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs')], { cwd: root, stdio: 'inherit' });
  if (status !== 0) throw new Error('the build failed');
}

/** Copies the files of the package, so that some can be changed on the way. */
async function fillStage() {
  rmSync(stage, { recursive: true, force: true });
  mkdirSync(stage, { recursive: true });
  for (const file of await listFiles({ cwd: root, packageManager: PackageManager.None })) {
    cpSync(join(root, file), join(stage, file), { recursive: true });
  }
  // What only development needs would be noise to those who install it.
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  for (const key of ['devDependencies', 'scripts', 'private']) delete manifest[key];
  writeFileSync(join(stage, '.vscodeignore'), '');
  writeFileSync(join(stage, 'package.json'), JSON.stringify(manifest, undefined, 2));
  mapSources();
}

/** The debug information of the sample names folders of this machine: elsewhere they are in the extension. */
function mapSources() {
  const file = join(stage, SAMPLE);
  const sourceMap = JSON.stringify({ [root]: '${workspaceFolder:paravirt-io}/../..' });
  const text = readFileSync(file, 'utf8').replaceAll(
    /"request": "launch",/g,
    `$&\n        "sourceMap": ${sourceMap.replaceAll('$', '$$$$')},`,
  );
  writeFileSync(file, text);
}

try {
  const { values } = parseArgs({ options: { 'no-build': { type: 'boolean' } } });
  if (!values['no-build']) build();
  await fillStage();
  const { name, version } = JSON.parse(readFileSync(join(stage, 'package.json'), 'utf8'));
  const packagePath = join(root, `${name}-${version}.vsix`);
  await createVSIX({
    cwd: stage,
    packagePath,
    dependencies: false,
    allowMissingRepository: true,
    rewriteRelativeLinks: false,
  });
  const { size } = statSync(packagePath);
  const megabytes = (size / 1024 / 1024).toFixed(2);
  if (size > LIMIT) throw new Error(`${packagePath} has ${megabytes} MB; the limit is ${LIMIT / 1024 / 1024} MB`);
  console.log(`${packagePath} (${megabytes} MB)`);
} catch (error) {
  console.error(`package: ${error.message}`);
  process.exitCode = 1;
}
