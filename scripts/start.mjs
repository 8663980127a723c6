/**
 * `npm start`: builds, compares the sample guest's exit costs in every mode, and opens the editor on the sample
 * workspace with the extension loaded.
 *
 *     npm start [-- --no-editor] [-- --browser] [-- --port N]
 *
 * --no-editor  stop after the comparison
 * --browser    open the workbench for a browser even if VS Code is installed
 * --port N     where the workbench for a browser is served (8137; the next free one if it is taken)
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const workspace = join(root, 'samples', 'paravirt-io.code-workspace');
const GUEST = 'dist/guests/paravirt-io.elf';
const DISK = 'dist/guests/paravirt-io.img';
const MODES = 'trap,vtx,vmi,vmi+disable_io_ops';
const PORT = 8137;

/** Runs a step in the foreground. A step that fails ends everything with its status. */
function step(title, args) {
  console.log(`\n\u001b[1m${title}\u001b[0m`);
  const { status, error } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}

/** The desktop editor, if its command is on PATH. */
function installedEditor() {
  const name = process.platform === 'win32' ? 'code.cmd' : 'code';
  const folders = (process.env.PATH ?? '').split(delimiter).filter(Boolean);
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

function openDesktop(code) {
  console.log(`Opening VS Code on ${workspace}`);
  const args = [`--extensionDevelopmentPath=${root}`, workspace];
  const child = spawn(code, args, { stdio: 'inherit', shell: process.platform === 'win32' });
  child.on('error', (error) => {
    console.error(`start: cannot run ${code}: ${error.message}`);
    process.exitCode = 1;
  });
  child.on('exit', (status) => (process.exitCode = status ?? 1));
}

async function openInBrowser(wanted) {
  // Fetched only when it is needed.
  const { startEditorHost } = await import('./editor-host/server.mjs');
  const host = await startEditorHost({
    extension: root,
    workspace,
    data: join(root, '.cache', 'editor-data'),
    port: await usable(wanted),
    settings: { 'ringside.exitCosts.open': 'always' },
  });
  console.log(`\nThe editor is at\n\n  ${host.url}\n\nPress F5 there. Ctrl+C here ends it.`);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => void host.stop().then(() => process.exit(0)));
  }
  await host.exited;
}

/** The wanted port, or a free one if another program has it. */
function usable(port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(undefined));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(port)));
  });
}

function portNumber(text) {
  const port = Number(text);
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw new Error(`--port: expected 1 to 65535, got ${text}`);
  return port;
}

try {
  const { values } = parseArgs({
    options: { 'no-editor': { type: 'boolean' }, browser: { type: 'boolean' }, port: { type: 'string' } },
  });
  const port = values.port === undefined ? PORT : portNumber(values.port);
  step('Building', ['scripts/build.mjs']);
  step(`The same drivers, the same I/O: what it costs by mode`, [
    'dist/cli.js',
    'compare',
    GUEST,
    '--drive',
    DISK,
    '--modes',
    MODES,
  ]);
  if (!values['no-editor']) {
    const code = values.browser ? undefined : installedEditor();
    if (code) openDesktop(code);
    else await openInBrowser(port);
  }
} catch (error) {
  console.error(`start: ${error.message}`);
  process.exitCode = 1;
}
