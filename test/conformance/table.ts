import { allForms } from '../../src/machine/isa/table';
import type { FileResult } from './suite';

/** Sums over files. */
export interface Totals {
  passed: number;
  failed: number;
  deliberate: number;
  revoked: number;
}

export function total(results: readonly FileResult[]): Totals {
  const sums: Totals = { passed: 0, failed: 0, deliberate: 0, revoked: 0 };
  for (const result of results) {
    sums.passed += result.passed;
    sums.failed += result.failed;
    sums.deliberate += Object.values(result.deliberate).reduce((sum, count) => sum + count, 0);
    sums.revoked += result.revoked;
  }
  return sums;
}

/** A file's name taken apart: size prefixes, opcode, digit of a group. */
export interface NameParts {
  readonly prefixes: string;
  readonly opcode: number;
  readonly digit: number | undefined;
}

/** `676601` is 67 66 and 01; `0FBA.4` is 0F BA /4; undefined where the name is no opcode. */
export function splitName(name: string): NameParts | undefined {
  const parts = /^((?:6[67][ ._-]?)*?)(0F[ ._]?[0-9A-F]{2}|[0-9A-F]{2})(?:\.(\d))?$/.exec(name);
  if (!parts) return undefined;
  const [, prefixes, opcode, digit] = parts;
  const code = Number.parseInt(opcode.replace(/[ ._]/g, ''), 16);
  return {
    prefixes: prefixes.replace(/[ ._-]/g, ''),
    opcode: code,
    digit: digit === undefined ? undefined : Number(digit),
  };
}

/** What the instruction table calls the instruction in a file of that name; '' if it does not know it. */
export function mnemonicOf(name: string): string {
  const parts = splitName(name);
  if (!parts) return '';
  const map = parts.opcode > 0xff ? 1 : 0;
  const forms = allForms().filter((form) => form.map === map && form.opcode === (parts.opcode & 0xff));
  const form = forms.find(({ reg }) => reg === undefined || parts.digit === undefined || reg === parts.digit);
  return form?.mnemonic ?? '';
}

const HEADINGS = ['cpu', 'opcode', 'instruction', 'tests', 'passed', 'failed', 'on purpose'] as const;

function row(result: FileResult): string[] {
  const { passed, failed, deliberate } = total([result]);
  const counts = [passed + failed + deliberate, passed, failed, deliberate].map(String);
  return [result.cpu || '?', result.name, mnemonicOf(result.name), ...counts];
}

/** One line per file, numbers right-aligned. */
export function formatTable(results: readonly FileResult[]): string {
  const rows = [[...HEADINGS], ...results.map(row)];
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((cells) => cells[column].length)));
  const line = (cells: string[]) =>
    cells.map((cell, i) => (i < 3 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  ');
  return rows.map(line).join('\n');
}

/** Counts of every rule that has explained a test, largest first. */
export function countReasons(results: readonly FileResult[]): [reason: string, count: number][] {
  const counts = new Map<string, number>();
  for (const { deliberate } of results) {
    for (const [reason, count] of Object.entries(deliberate)) counts.set(reason, (counts.get(reason) ?? 0) + count);
  }
  return [...counts].sort(([, a], [, b]) => b - a);
}
