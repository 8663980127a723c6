import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FLAGS_ARITHMETIC } from '../../src/machine/layout';

/** Bits of FLAGS worth comparing, by form (`00`, `80.4`, `0FA4`). */
export type FlagMasks = ReadonlyMap<string, number>;

/** Splits a line of comma-separated values; quoted fields may hold commas. */
function fields(line: string): string[] {
  return [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(([, quoted, plain]) =>
    (quoted?.replaceAll('""', '"') ?? plain).trim(),
  );
}

/**
 * Reads a list of opcodes as the 80386 suite has it: `op` and `ex` name the form, `f_umask` has a zero bit for each
 * flag that the form leaves undefined and is empty where all are defined.
 * @throws SyntaxError if a column is missing or a mask is no number
 */
export function readOpcodeList(text: string): FlagMasks {
  const [heading, ...lines] = text.split(/\r?\n/);
  const columns = fields(heading);
  const [op, ex, mask] = ['op', 'ex', 'f_umask'].map((name) => {
    const at = columns.indexOf(name);
    if (at < 0) throw new SyntaxError(`the list of opcodes has no column ${name}`);
    return at;
  });
  const masks = new Map<string, number>();
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    const row = fields(line);
    const value = row[mask] ? Number(row[mask]) : 0xffff;
    if (Number.isNaN(value)) throw new SyntaxError(`line ${index + 2} of the list of opcodes: f_umask ${row[mask]}`);
    const name = row[op].toUpperCase();
    masks.set(row[ex] ? `${name}.${row[ex]}` : name, value);
  }
  return masks;
}

/** EFLAGS bits that a form leaves undefined by the list, or undefined if it is not in the list. */
export function listedUndefinedFlags(masks: FlagMasks, form: string): number | undefined {
  const mask = masks.get(form) ?? masks.get(form.replace(/\.\d$/, ''));
  return mask === undefined ? undefined : ~mask & FLAGS_ARITHMETIC;
}

/**
 * The list of opcodes that belongs to a MOO file: `80386.csv` in its folder or one of the two above.
 * @returns undefined if there is none
 */
export function findOpcodeList(mooFile: string): FlagMasks | undefined {
  let folder = dirname(mooFile);
  for (let up = 0; up < 3; up++, folder = dirname(folder)) {
    const path = join(folder, '80386.csv');
    if (existsSync(path)) return readOpcodeList(readFileSync(path, 'utf8'));
  }
  return undefined;
}
