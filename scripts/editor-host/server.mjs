/** Starts and stops VS Code's server with the extension under development loaded. */
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fetchEditorHost } from './fetch.mjs';

const HOST = '127.0.0.1';
const START_LIMIT_MS = 30_000;

/** Settings for a calm first sight: no welcome page, no accounts, no recommendations. */
export const CALM_SETTINGS = {
  'chat.disableAIFeatures': true,
  'extensions.ignoreRecommendations': true,
  'remote.autoForwardPorts': false,
  'security.workspace.trust.enabled': false,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'workbench.secondarySideBar.defaultVisibility': 'hidden',
  'workbench.startupEditor': 'none',
};

/**
 * @typedef {object} EditorHostOptions
 * @property {string} extension folder of the extension under development
 * @property {string} [folder] folder to open
 * @property {string} [workspace] or a .code-workspace file
 * @property {string} [tests] absolute path, without `.js`, of a test index to run in the extension host
 * @property {Record<string, unknown>} [settings] user settings, over CALM_SETTINGS
 * @property {Record<string, string>} [env] more environment for server and extension host
 * @property {string} [data] folder for user data that stays; a temporary one if left out
 * @property {number} [port] a free one if left out
 */

/**
 * Starts the server and waits until it answers.
 * @param {EditorHostOptions} options
 * @returns {Promise<{ url: string, port: number, data: string, stop: () => Promise<void>, exited: Promise<void> }>}
 * @throws Error with the end of the server's own output
 */
export async function startEditorHost(options) {
  const { node, server } = await fetchEditorHost();
  const port = options.port ?? (await freePort());
  const data = options.data ?? (await mkdtemp(join(tmpdir(), 'ringside-editor-')));
  await mkdir(join(data, 'User'), { recursive: true });
  const settings = { ...CALM_SETTINGS, ...options.settings };
  // A data folder that stays keeps the user's own settings.
  await writeFile(join(data, 'User', 'settings.json'), JSON.stringify(settings, undefined, 2), {
    flag: options.data ? 'wx' : 'w',
  }).catch((error) => {
    if (error.code !== 'EEXIST') throw error;
  });

  const child = spawn(
    node,
    [
      server,
      ...['--host', HOST, '--port', String(port), '--without-connection-token', '--accept-server-license-terms'],
      ...['--server-data-dir', data, '--user-data-dir', data, '--extensions-dir', join(data, 'extensions')],
      ...['--telemetry-level', 'off'],
      // Without it the server ignores which extension is under development.
      '--enable-smoke-test-driver',
    ],
    {
      detached: process.platform !== 'win32',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...options.env },
    },
  );
  let output = '';
  const note = (text) => (output = (output + text).slice(-4000));
  child.stdout.on('data', note);
  child.stderr.on('data', note);
  const exited = new Promise((resolve) => child.once('exit', () => resolve()));

  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null) {
      endGroup(child, 'SIGTERM');
      const timer = setTimeout(() => endGroup(child, 'SIGKILL'), 3000);
      await exited;
      clearTimeout(timer);
    }
    if (!options.data) await rm(data, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
  };
  try {
    await answering(port, exited);
  } catch (error) {
    await stop();
    throw new Error(`the editor host did not start: ${error.message}\n${output}`);
  }
  return { url: editorUrl(port, options), port, data, stop, exited };
}

/** Address that opens the workbench with workspace and extension. */
function editorUrl(port, { extension, folder, workspace, tests }) {
  const remote = (path) => `vscode-remote://${HOST}:${port}${path}`;
  const payload = [['extensionDevelopmentPath', remote(extension)]];
  if (tests) payload.push(['extensionTestsPath', remote(tests)], ['skipWelcome', 'true']);
  const query = new URLSearchParams();
  if (workspace) query.set('workspace', workspace);
  else if (folder) query.set('folder', folder);
  query.set('payload', JSON.stringify(payload));
  return `http://${HOST}:${port}/?${query}`;
}

async function answering(port, exited) {
  const limit = Date.now() + START_LIMIT_MS;
  let gone = false;
  void exited.then(() => (gone = true));
  while (Date.now() < limit) {
    if (gone) throw new Error('it ended at once');
    const ok = await fetch(`http://${HOST}:${port}/version`).then(
      (response) => response.ok,
      () => false,
    );
    if (ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`no answer within ${START_LIMIT_MS / 1000} s`);
}

/** Ends the server with the processes that it started: it leads a group of its own. */
function endGroup(child, signal) {
  try {
    if (process.platform === 'win32') child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It has ended already.
  }
}

function freePort() {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, HOST, () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });
}
