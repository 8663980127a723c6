import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { FileResult } from './suite';
import { countReasons, splitName, total } from './table';

/** Where suites leave what came of them, for the report. A bundle of this file is as deep below the root. */
export const RESULTS_FOLDER = join(import.meta.dirname, '..', '..', '.cache', 'conformance');

/** One line of a suite in the report. */
export interface ResultRow {
  /** What was tried: an opcode family, a program, a mode. */
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** Left out or different on purpose. */
  readonly leftOut: number;
}

/** What came of one suite: the content of `RESULTS_FOLDER/ID.json`. */
export interface SuiteResults {
  /** Heading in the report. */
  readonly suite: string;
  /** What a case is, where it comes from. */
  readonly about: string;
  /** How to run it. */
  readonly command: string;
  readonly rows: readonly ResultRow[];
  /** Why cases were left out or differ, and how many. */
  readonly reasons: readonly { readonly reason: string; readonly count: number }[];
}

/** Keeps a suite's results. @param id name of the file, without extension */
export function writeSuiteResults(id: string, results: SuiteResults): void {
  mkdirSync(RESULTS_FOLDER, { recursive: true });
  writeFileSync(join(RESULTS_FOLDER, `${id}.json`), `${JSON.stringify(results, undefined, 2)}\n`);
}

/** Opcodes by family, in ranges: the row of the report that a file counts in. All others move data. */
const FAMILIES: readonly (readonly [name: string, opcodes: string])[] = [
  ['arithmetic and logic', '00-05 08-0D 10-15 18-1D 20-25 28-2D 30-35 38-3D 40-4F 69 6B 80-85 A8-A9 F6-F7 FE 0FAF'],
  ['decimal adjustment', '27 2F 37 3F D4-D6'],
  ['shifts and rotates', 'C0-C1 D0-D3 0FA4-0FA5 0FAC-0FAD'],
  ['bits', '0FA3 0FAB 0FB3 0FBA-0FBD'],
  ['strings', '6C-6F A4-A7 AA-AF'],
  ['stack', '06-07 0E 16-17 1E-1F 50-61 68 6A 8F 9C-9D C8-C9 0FA0-0FA1 0FA8-0FA9'],
  // INC, DEC and PUSH of group 5 share their opcode with jumps and calls.
  ['branches, calls, interrupts', '62 70-7F 9A C2-C3 CA-CF E0-E3 E8-EB F1 FF 0F80-0F8F'],
  ['ports', 'E4-E7 EC-EF'],
  ['system and flags', '63 9B D8-DF F4-F5 F8-FD 0F00-0F07 0F20-0F26'],
];

function contains(opcodes: string, opcode: number): boolean {
  return opcodes.split(' ').some((range) => {
    const [from, to = from] = range.split('-').map((text) => Number.parseInt(text, 16));
    return opcode >= from && opcode <= to;
  });
}

const OTHER = 'data transfer';

/** Family of a MOO file, by its name. */
export function familyOf(name: string): string {
  const opcode = splitName(name)?.opcode;
  if (opcode === undefined) return 'others';
  return FAMILIES.find(([, opcodes]) => contains(opcodes, opcode))?.[0] ?? OTHER;
}

/** Names of the processors that recordings come from, by the tag in the file. */
const PROCESSORS: Readonly<Record<string, string>> = { C286: '80286', '386E': '80386EX' };

/** Keeps what came of MOO files, one file of results per recorded processor. */
export function writeConformanceResults(results: readonly FileResult[]): void {
  for (const cpu of new Set(results.map((result) => result.cpu))) {
    const own = results.filter((result) => result.cpu === cpu);
    const processor = PROCESSORS[cpu] ?? cpu;
    if (processor === '') continue;
    const families = new Map<string, FileResult[]>();
    for (const result of own) {
      const family = familyOf(result.name);
      families.set(family, [...(families.get(family) ?? []), result]);
    }
    const rows = [...families].sort().map(([name, members]) => {
      const sums = total(members);
      return { name, passed: sums.passed, failed: sums.failed, leftOut: sums.deliberate + sums.revoked };
    });
    writeSuiteResults(`singlesteptests-${processor.toLowerCase()}`, {
      suite: `SingleStepTests, ${processor} in real mode`,
      about: `Registers, flags and memory before and after single instructions, recorded on an ${processor}; files: ${own.length}.`,
      command: 'npm run conformance -- FOLDER',
      rows,
      reasons: countReasons(own).map(([reason, count]) => ({ reason, count })),
    });
  }
}
