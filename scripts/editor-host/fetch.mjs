/**
 * Fetches VS Code's server out of npm packages into `.cache/editor-host`, once. Fetching twice is free; a fetch that
 * was interrupted leaves nothing that a later one would take for complete.
 */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { npm } from './npm.mjs';
import { CODE_SERVER, cutManifest, DROPPED_EXTENSIONS, NODE, nodePackage } from './versions.mjs';

const run = promisify(execFile);
export const CACHE = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '.cache', 'editor-host');

/**
 * @param {(line: string) => void} log
 * @returns {Promise<{ node: string, server: string }>} Paths of Node's binary and of the server's entry script
 * @throws Error that says why this machine cannot have it
 */
export async function fetchEditorHost(log = console.error) {
  const root = join(CACHE, `server-${CODE_SERVER}-node-${NODE}-${process.platform}-${process.arch}`);
  const result = {
    node: join(root, 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node'),
    server: join(root, 'vscode', 'out', 'server-main.js'),
  };
  if (existsSync(result.server)) return result;

  const node = nodePackage();
  if (!node) throw new Error(`the editor host has no Node build for ${process.platform}-${process.arch}`);
  log(`Fetching VS Code's server (about 100 MB, once, into ${CACHE}) ...`);
  await mkdir(CACHE, { recursive: true });
  const work = await mkdtemp(join(CACHE, 'fetch-'));
  try {
    await npm(['pack', '--silent', `code-server@${CODE_SERVER}`, `${node}@${NODE}`], work);
    await unpack(work, `code-server-${CODE_SERVER}.tgz`, 'package/lib/vscode');
    await rename(join(work, 'package', 'lib', 'vscode'), join(work, 'vscode'));
    await rm(join(work, 'package'), { recursive: true });
    await unpack(work, `${node}-${NODE}.tgz`, 'package/bin');
    await rename(join(work, 'package'), join(work, 'node'));

    const server = join(work, 'vscode');
    await Promise.all(
      DROPPED_EXTENSIONS.map((name) => rm(join(server, 'extensions', name), { recursive: true, force: true })),
    );
    const manifest = join(server, 'package.json');
    await writeFile(manifest, JSON.stringify(cutManifest(JSON.parse(await readFile(manifest, 'utf8')))));
    await rm(join(server, 'npm-shrinkwrap.json'), { force: true });
    await rm(join(server, 'package-lock.json'), { force: true });
    log('Installing the modules it loads ...');
    await npm(['install', '--omit=dev', '--ignore-scripts', '--no-package-lock'], server);
    await publish(work, root, ['vscode', 'node']);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return result;
}

/** Extracts one folder of a tarball. */
async function unpack(folder, tarball, member) {
  await run('tar', ['-xzf', tarball, member], { cwd: folder }).catch((error) => {
    throw new Error(`cannot unpack ${tarball} with tar: ${error.message}`);
  });
  await rm(join(folder, tarball));
}

/** Moves finished folders to their final place in one rename. Another process may have been faster: then it wins. */
async function publish(work, root, names) {
  const ready = `${work}-ready`;
  await mkdir(ready);
  for (const name of names) await rename(join(work, name), join(ready, name));
  await rename(ready, root).catch(async (error) => {
    await rm(ready, { recursive: true, force: true });
    if (!existsSync(root)) throw error;
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  fetchEditorHost().then(
    (host) => console.log(host.server),
    (error) => {
      console.error(error.message);
      process.exitCode = 1;
    },
  );
}
