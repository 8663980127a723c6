/**
 * `npm test`: every level of the tests, from types to the real editor, and one closing line with the sums.
 *
 *     npm test [-- --only build,types,lint,unit,editor]
 *
 * Each tool (compiler, linter, bundle budget) counts as one test; suites count their own.
 */
import { spawn } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = (...parts) => join(root, 'node_modules', ...parts);

/** Largest size in bytes that each bundle may have: a jump means that something got in by accident. */
const BUDGET = { 'dist/ringside.js': 1_300_000, 'dist/extension.js': 700_000 };

/** Runs Node with arguments, showing and collecting what it prints. */
function node(args, env = {}) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, args, {
      cwd: root,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
      process.stdout.write(chunk);
    });
    child.on('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** A tool that is right or wrong as a whole. */
const check =
  (...commands) =>
  async () => {
    for (const args of commands) if ((await node(args)).code !== 0) return { passed: 0, failed: 1 };
    return { passed: 1, failed: 0 };
  };

/** A suite that counts; a failure that its summary does not show still counts as one. */
const suite = (args, passedPattern, failedPattern) => async () => {
  const { code, output } = await node(args);
  const number = (pattern) => [...output.matchAll(pattern)].reduce((sum, match) => sum + Number(match[1]), 0);
  const counts = { passed: number(passedPattern), failed: number(failedPattern) };
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
};

function bundleBudget() {
  let failed = 0;
  for (const [file, limit] of Object.entries(BUDGET)) {
    const path = join(root, file);
    const size = existsSync(path) ? statSync(path).size : Infinity;
    if (size <= limit) continue;
    console.log(`${file}: ${size} bytes, the budget is ${limit}`);
    failed++;
  }
  return { passed: Object.keys(BUDGET).length - failed, failed };
}

const STEPS = {
  build: check(['scripts/build.mjs']),
  budget: async () => bundleBudget(),
  types: check([bin('typescript', 'bin', 'tsc'), '--noEmit']),
  lint: check(
    [bin('eslint', 'bin', 'eslint.js'), '.'],
    [bin('dependency-cruiser', 'bin', 'dependency-cruise.mjs'), 'src', 'debugAdapter'],
    [bin('knip', 'bin', 'knip.js')],
    [bin('@biomejs', 'biome', 'bin', 'biome'), 'format'],
  ),
  unit: suite([bin('mocha', 'bin', 'mocha.js')], /^\s*(\d+) passing/gm, /^\s*(\d+) failing/gm),
  editor: suite(['scripts/test-editor.mjs'], /^(?:\w+: )?(\d+) passed/gm, /^(?:\w+: )?\d+ passed, (\d+) failed/gm),
};

const { values } = parseArgs({ options: { only: { type: 'string' } } });
const chosen = values.only ? values.only.split(',') : Object.keys(STEPS);
const unknown = chosen.filter((name) => !(name in STEPS));
if (unknown.length > 0) {
  console.error(`npm test: no step named ${unknown.join(', ')}; there are ${Object.keys(STEPS).join(', ')}`);
  process.exit(2);
}

let passed = 0;
let failed = 0;
const summary = [];
for (const name of chosen) {
  console.log(`\n── ${name}`);
  const counts = await STEPS[name]();
  passed += counts.passed;
  failed += counts.failed;
  summary.push(`${name} ${counts.failed === 0 ? 'ok' : 'FAILED'} (${counts.passed}/${counts.passed + counts.failed})`);
}
console.log(`\n${summary.join(' · ')}`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
