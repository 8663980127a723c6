/** Runs a mocha suite inside the extension host of VS Code's server. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openBrowser } from './browse.mjs';
import { startEditorHost } from './server.mjs';

/**
 * @param {import('./server.mjs').EditorHostOptions & { limitMs: number }} options `tests` names the index
 * @returns {Promise<{ code: number, output: string }>} 0 if all passed, and what the suite printed
 * @throws Error if the suite does not end in time
 */
export async function runSuite({ limitMs, ...options }) {
  const folder = await mkdtemp(join(tmpdir(), 'ringside-suite-'));
  const log = join(folder, 'suite.log');
  const host = await startEditorHost({ ...options, env: { ...options.env, RINGSIDE_SUITE_LOG: log } });
  try {
    const { page, close } = await openBrowser();
    let timer;
    try {
      const ended = new Promise((resolve) => {
        // The workbench calls these two when a test run logs and when it ends.
        void page.exposeFunction('codeAutomationLog', () => undefined);
        void page.exposeFunction('codeAutomationExit', (code) => resolve(code));
      });
      const late = new Promise((_resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`the suite did not end within ${limitMs / 1000} s`)), limitMs);
      });
      late.catch(() => undefined);
      await page.goto(host.url);
      const code = await Promise.race([ended, late]);
      return { code, output: await readFile(log, 'utf8').catch(() => '') };
    } catch (error) {
      throw new Error(`${error.message}\n${await readFile(log, 'utf8').catch(() => '')}`);
    } finally {
      clearTimeout(timer);
      await close();
    }
  } finally {
    await host.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
