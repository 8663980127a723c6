import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { createBareMachine } from './bare-machine';
import { deliberateDifference } from './deliberate-differences';
import { TestRunner } from './execute';
import { decodeRecorded, formName, mooName } from './instruction';
import { type MooFile, type MooTest, readMoo } from './moo';
import { findOpcodeList, type FlagMasks, listedUndefinedFlags } from './opcode-list';
import { undefinedFlags } from './undefined-flags';

/** What came of one MOO file. */
export interface FileResult {
  readonly path: string;
  /** `C286`, `386E`; '' if the file cannot be read. */
  readonly cpu: string;
  /** The file's name without extensions, in upper case. */
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** Tests that differ on purpose, by reason. */
  readonly deliberate: Readonly<Record<string, number>>;
  /** Tests that the suite's authors have withdrawn. */
  readonly revoked: number;
  /** The first failures, one line each. */
  readonly failures: readonly string[];
  /** Why the file cannot be read, if so; that counts as a failure. */
  readonly error?: string;
}

/** Every MOO file below a folder (or the one file named), sorted by path. */
export function findMooFiles(path: string): string[] {
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path)
    .sort()
    .map((name) => join(path, name))
    .flatMap((child) => {
      if (statSync(child).isDirectory()) return findMooFiles(child);
      return mooName(child) === undefined ? [] : [child];
    });
}

/** Hashes of withdrawn tests: `revocation_list.txt` in the file's folder or one of the two above. */
function readRevocations(mooFile: string): ReadonlySet<string> {
  let folder = dirname(mooFile);
  for (let up = 0; up < 3; up++, folder = dirname(folder)) {
    const path = join(folder, 'revocation_list.txt');
    if (!existsSync(path)) continue;
    const lines = readFileSync(path, 'utf8').split(/\r?\n/);
    return new Set(lines.map((line) => line.trim().toLowerCase()).filter((line) => /^[0-9a-f]{40}$/.test(line)));
  }
  return new Set();
}

const cached = <T>(read: (path: string) => T): ((path: string) => T) => {
  const byFolder = new Map<string, T>();
  return (path) => {
    const folder = dirname(path);
    const known = byFolder.get(folder);
    if (known !== undefined || byFolder.has(folder)) return known as T;
    const value = read(path);
    byFolder.set(folder, value);
    return value;
  };
};

const hexBytes = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

/** Runs MOO files one after the other on a 386. */
export class ConformanceSuite {
  private readonly runner = new TestRunner(createBareMachine('386'));
  private readonly opcodeLists = cached(findOpcodeList);
  private readonly revocations = cached(readRevocations);

  /** @param show how many failures are described */
  runFile(path: string, show: number): FileResult {
    const name = mooName(path) ?? path;
    let file: MooFile;
    try {
      const bytes = readFileSync(path);
      file = readMoo(bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes);
    } catch (error) {
      const message = `${path} cannot be read: ${(error as Error).message}`;
      const nothing = { passed: 0, failed: 1, deliberate: {}, revoked: 0, failures: [] };
      return { path, cpu: '', name, ...nothing, error: message };
    }
    return this.runTests(path, name, file, show);
  }

  private runTests(path: string, name: string, file: MooFile, show: number): FileResult {
    const { runner } = this;
    const list = file.wide ? this.opcodeLists(path) : undefined;
    const revoked = this.revocations(path);
    const deliberate: Record<string, number> = {};
    const failures: string[] = [];
    let [passed, failed, withdrawn] = [0, 0, 0];
    for (const test of file.tests) {
      if (revoked.has(test.hash)) {
        withdrawn++;
        continue;
      }
      const instruction = decodeRecorded(test.bytes, file.wide);
      const outcome = runner.run(file, test, flagsLeftUndefined(list, formName(instruction)));
      if (outcome.differences.length === 0) {
        passed++;
        continue;
      }
      runner.wipeRealMode();
      const reason = deliberateDifference(file, test, instruction, outcome);
      if (reason !== undefined) {
        deliberate[reason] = (deliberate[reason] ?? 0) + 1;
        continue;
      }
      failed++;
      if (failures.length < show) failures.push(describe(test, outcome.differences));
    }
    const stray = runner.findStrayBytes();
    if (stray.length > 0) {
      failed++;
      const where = stray.slice(0, 4).map((at) => at.toString(16));
      failures.push(`wrote to ${stray.length} bytes that no recording names, such as ${where.join(', ')}`);
      runner.wipe();
    }
    return { path, cpu: file.cpu, name, passed, failed, deliberate, revoked: withdrawn, failures };
  }
}

function flagsLeftUndefined(list: FlagMasks | undefined, form: string): number {
  return (list && listedUndefinedFlags(list, form)) ?? undefinedFlags(form);
}

function describe(test: MooTest, differences: readonly string[]): string {
  return `#${test.index} ${hexBytes(test.bytes)}: ${differences.join('; ')}`;
}
