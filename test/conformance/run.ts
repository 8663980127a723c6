import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createBareMachine } from './bare-machine';
import { deliberateDifference } from './deliberate-differences';
import { executeTest } from './execute';
import { readMoo } from './moo';
import { undefinedFlags } from './undefined-flags';

/** Every MOO file below a folder. */
function mooFiles(folder: string): string[] {
  return readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const path = join(folder, name);
      if (statSync(path).isDirectory()) return mooFiles(path);
      return /\.moo(\.gz)?$/i.test(name) ? [path] : [];
    });
}

const [folder, ...options] = process.argv.slice(2);
if (!folder) {
  console.error('usage: npm run conformance -- FOLDER [--show N]');
  process.exit(2);
}
const show = options.includes('--show') ? Number(options[options.indexOf('--show') + 1]) : 0;
const machine = createBareMachine('386');
let passed = 0;
let failed = 0;
const rules = new Map<string, number>();
for (const path of mooFiles(resolve(folder))) {
  const bytes = readFileSync(path);
  const file = readMoo(path.endsWith('.gz') ? gunzipSync(bytes) : bytes);
  const opcode = (/([^/]+)\.moo/i.exec(path) as RegExpExecArray)[1];
  let bad = 0;
  let ran = 0;
  for (const test of file.tests) {
    const rule = deliberateDifference(file.cpu, test);
    if (rule !== undefined) {
      rules.set(rule, (rules.get(rule) ?? 0) + 1);
      continue;
    }
    ran++;
    const differences = executeTest(machine, file, test, { undefinedFlags: undefinedFlags(opcode) });
    if (differences.length === 0) continue;
    if (bad++ < show) {
      const hex = test.bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');
      console.log(`  ${opcode} #${test.index} ${hex}: ${differences.join('; ')}`);
    }
  }
  passed += ran - bad;
  failed += bad;
  if (bad > 0) console.log(`${file.cpu} ${opcode}: ${ran - bad} passed, ${bad} failed`);
}
for (const [rule, count] of rules) console.log(`${count} tests left out: ${rule}`);
console.log(`${passed} passed, ${failed} failed`);
