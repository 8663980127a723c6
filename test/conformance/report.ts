import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CPU_MODELS, existsOn } from '../../src/machine/isa/form';
import { allForms } from '../../src/machine/isa/table';
import { RESULTS_FOLDER, type ResultRow, type SuiteResults } from './results';

/**
 * `npm run conformance:report`: writes docs/conformance.md from what the suites left in RESULTS_FOLDER. Nothing in it is
 * written by hand; a suite that has not been run here is not in it.
 */

const OUTPUT = join(import.meta.dirname, '..', '..', 'docs', 'conformance.md');

const number = (value: number) => value.toLocaleString('en-US');

interface Sums {
  readonly cases: number;
  readonly passed: number;
  readonly failed: number;
  readonly leftOut: number;
}

/** Sums over the rows of a suite. */
export function sumRows(rows: readonly ResultRow[]): Sums {
  const of = (pick: (row: ResultRow) => number) => rows.reduce((sum, row) => sum + pick(row), 0);
  const [passed, failed, leftOut] = [of((row) => row.passed), of((row) => row.failed), of((row) => row.leftOut)];
  return { cases: passed + failed + leftOut, passed, failed, leftOut };
}

function tableLine(name: string, { cases, passed, failed, leftOut }: Sums): string {
  return `| ${[name, ...[cases, passed, failed, leftOut].map(number)].join(' | ')} |`;
}

const HEAD = (first: string) => [
  `| ${first} | cases | passed | failed | left out or different on purpose |`,
  '|---|--:|--:|--:|--:|',
];

function suiteSection(results: SuiteResults): string[] {
  const rows = results.rows.map((row) => tableLine(row.name, sumRows([row])));
  const reasons = results.reasons.map(({ reason, count }) => `* ${number(count)}: ${reason}.`);
  return [
    `## ${results.suite}`,
    '',
    `${results.about} Run it with \`${results.command}\`.`,
    '',
    ...HEAD('what'),
    ...rows,
    ...(rows.length > 1 ? [tableLine('**all**', sumRows(results.rows))] : []),
    ...(reasons.length > 0 ? ['', 'What is left out or differs on purpose, and why:', '', ...reasons] : []),
    '',
  ];
}

/** How many forms of the table each processor has; the generated tests of test/machine/isa execute every one of them. */
function formsSection(): string[] {
  const counts = CPU_MODELS.map(
    (model) => `| ${model} | ${allForms().filter((form) => existsOn(form, model)).length} |`,
  );
  return [
    '## The instruction table',
    '',
    `The table has ${allForms().length} forms. \`test/machine/isa\` compares it with an opcode map of its own for every processor, and`,
    'executes every form in every operand size, address size and kind of operand: length, LOCK, privilege, #UD before its',
    'processor, restart after a page fault, and, for integer instructions, results and defined flags against plain',
    'reference functions. `npm test` runs all of that.',
    '',
    '| processor | forms |',
    '|---|--:|',
    ...counts,
    '',
  ];
}

/** The whole page. */
export function renderReport(suites: readonly SuiteResults[]): string {
  return [
    '# Conformance',
    '',
    'How far the processor behaves as real ones do. `npm run conformance:report` writes this page from what the suites left',
    'behind when they were last run; a suite that was not run is not here. The suites of others are not part of this',
    'repository: each section says how to run one that you have.',
    '',
    ...HEAD('suite'),
    ...suites.map((results) => tableLine(results.suite, sumRows(results.rows))),
    '',
    ...formsSection(),
    ...suites.flatMap(suiteSection),
  ]
    .join('\n')
    .replace(/\n+$/, '\n');
}

/** Results of all suites, by name. @throws SyntaxError if a file is no JSON */
export function readResults(folder = RESULTS_FOLDER): SuiteResults[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as SuiteResults)
    .sort((a, b) => (a.suite < b.suite ? -1 : 1));
}

function main(): void {
  const suites = readResults();
  if (suites.length === 0) {
    console.error(
      `There are no results in ${RESULTS_FOLDER}: run a suite first, such as npm run conformance -- FOLDER`,
    );
    process.exitCode = 1;
    return;
  }
  writeFileSync(OUTPUT, renderReport(suites));
  console.log(`docs/conformance.md: ${suites.map(({ suite }) => suite).join(', ')}`);
}

if (process.argv[1] === import.meta.filename) main();
