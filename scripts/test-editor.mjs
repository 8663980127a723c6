/**
 * Runs the suites that need the real VS Code: mocha inside its extension host, then the workbench itself by
 * Playwright.
 *
 *     node scripts/test-editor.mjs [--host-only | --ui-only] [--desktop] [--grep TEXT]
 *
 * --desktop runs the first in VS Code for the desktop, which @vscode/test-electron downloads.
 *
 * Takes dist/ as it is: run `npm run build` first.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { runDesktopSuite } from './editor-host/run-desktop.mjs';
import { runSuite } from './editor-host/run-suite.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const HOST_LIMIT_MS = 420_000;
const UI_LIMIT_MS = 1_800_000;

const { values } = parseArgs({
  options: {
    'host-only': { type: 'boolean' },
    'ui-only': { type: 'boolean' },
    desktop: { type: 'boolean' },
    grep: { type: 'string' },
  },
});

/** Passed and failed tests of a mocha summary. */
function counts(output) {
  const number = (pattern) => Number(pattern.exec(output)?.[1] ?? 0);
  return { passed: number(/(\d+) passing/), failed: number(/(\d+) failing/) };
}

/** Bundles the suite: the extension host loads plain CommonJS. */
async function bundleSuite() {
  const source = join(root, 'test', 'extension', 'suite');
  const target = join(root, 'out', 'test', 'extension', 'suite');
  rmSync(target, { recursive: true, force: true });
  await build({
    entryPoints: readdirSync(source)
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(source, name)),
    outdir: target,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    sourcemap: 'inline',
    external: ['vscode', 'mocha'],
    logLevel: 'error',
  });
  return join(target, 'index');
}

async function runHostSuite() {
  const env = { RINGSIDE_ROOT: root, ...(values.grep ? { RINGSIDE_SUITE_GREP: values.grep } : {}) };
  const run = values.desktop ? runDesktopSuite : runSuite;
  const { code, output } = await run({
    extension: root,
    folder: root,
    tests: await bundleSuite(),
    settings: { 'ringside.exitCosts.open': 'never', 'debug.openDebug': 'neverOpen' },
    env,
    limitMs: HOST_LIMIT_MS,
  });
  console.log(output.trimEnd());
  const { passed, failed } = counts(output);
  if (code !== 0 && failed === 0)
    throw new Error(`the suite in the extension host ended with ${code} before it was done`);
  return { passed, failed };
}

/** The Playwright tests are mocha tests in Node; each starts the workbench that it needs. */
function runUiTests() {
  mkdirSync(join(root, 'out', 'screenshots'), { recursive: true });
  const mocha = join(root, 'node_modules', 'mocha', 'bin', 'mocha.js');
  const args = ['--no-config', '--timeout', '120000', '--exit', '--forbid-only', 'test/ui/**/*.test.ts'];
  // A browser, a server and an extension host that are not ours, on a machine that may be busy: two more tries with a
  // fresh workbench tell a slip of theirs from a fault of ours. No other suite of the project tries again.
  args.push('--retries', '2');
  if (values.grep) args.push('--grep', values.grep);
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ['--import', 'tsx', mocha, ...args], {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
      process.stdout.write(data);
    });
    const timer = setTimeout(() => {
      child.kill();
      reject(new Error(`the workbench tests did not end within ${UI_LIMIT_MS / 1000} s`));
    }, UI_LIMIT_MS);
    child.on('close', (code) => {
      clearTimeout(timer);
      const result = counts(output);
      if (code !== 0 && result.failed === 0)
        reject(new Error(`the workbench tests ended with ${code} before they were done`));
      else resolve(result);
    });
  });
}

async function main() {
  for (const file of ['extension.js', 'cli.js', 'guests/paravirt-io.elf']) {
    if (!existsSync(join(root, 'dist', file))) throw new Error(`dist/${file} is missing: run "npm run build" first`);
  }
  const results = [];
  if (!values['ui-only']) results.push(await runHostSuite());
  if (!values['host-only']) results.push(await runUiTests());
  const passed = results.reduce((sum, result) => sum + result.passed, 0);
  const failed = results.reduce((sum, result) => sum + result.failed, 0);
  console.log(`\neditor: ${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0 ? 0 : 1;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(`editor: ${error.message}`);
  process.exitCode = 1;
}
