/** Runs a mocha suite inside VS Code for the desktop, where that can be downloaded. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runTests } from '@vscode/test-electron';
import { CALM_SETTINGS } from './server.mjs';

/**
 * @param {import('./server.mjs').EditorHostOptions} options `tests` names the index
 * @returns {Promise<{ code: number, output: string }>} as `runSuite` of run-suite.mjs
 */
export async function runDesktopSuite({ extension, folder, tests, settings, env }) {
  const data = await mkdtemp(join(tmpdir(), 'ringside-desktop-'));
  const log = join(data, 'suite.log');
  try {
    await mkdir(join(data, 'User'), { recursive: true });
    await writeFile(join(data, 'User', 'settings.json'), JSON.stringify({ ...CALM_SETTINGS, ...settings }));
    const code = await runTests({
      extensionDevelopmentPath: extension,
      extensionTestsPath: tests,
      launchArgs: [folder, '--disable-extensions', '--user-data-dir', data],
      extensionTestsEnv: { ...env, RINGSIDE_SUITE_LOG: log },
    }).catch((error) => {
      if (error.code === undefined) throw error;
      return error.code;
    });
    return { code, output: await readFile(log, 'utf8').catch(() => '') };
  } finally {
    await rm(data, { recursive: true, force: true, maxRetries: 5 }).catch(() => undefined);
  }
}
