import { CPU_MODELS, type CpuModel, MANDATORY_PREFIXES, type MandatoryPrefix } from '../../../../src/machine/isa/form';

/**
 * Which encodings exist, from the opcode maps of the manuals (Intel SDM vol. 2D, appendix A; 386 DX Programmer's Reference
 * Manual, appendix A, for what later processors have lost) and AP-485 for the processor that brought each.
 *
 * A cell says who has the opcode:
 *
 * | cell | meaning |
 * |---|---|
 * | `3` to `8` | from the 386, 486, Pentium, Pentium II, III or 4 on |
 * | `3-4` | on the 386 and 486 only |
 * | `78.6` | by mandatory prefix: none, 66, F3, F2; a dot where there is nothing |
 * | `-` | nobody: #UD |
 * | `a\|b` | both |
 * | `m/r` | ModR/M.mod names memory / a register |
 * | `g` | a group: see GROUPS |
 * | `p` | a prefix or the escape to the other map |
 *
 * Numbers of control, debug, test and segment registers that do not exist are refused when the instruction runs.
 */
const ONE_BYTE = `
  3 3 3 3 3 3 3 3  3 3 3 3 3 3 3 p
  3 3 3 3 3 3 3 3  3 3 3 3 3 3 3 3
  3 3 3 3 3 3 p 3  3 3 3 3 3 3 p 3
  3 3 3 3 3 3 p 3  3 3 3 3 3 3 p 3
  3 3 3 3 3 3 3 3  3 3 3 3 3 3 3 3
  3 3 3 3 3 3 3 3  3 3 3 3 3 3 3 3
  3 3 3/- 3 p p p p  3 3 3 3 3 3 3 3
  3 3 3 3 3 3 3 3  3 3 3 3 3 3 3 3
  3 3 3 3 3 3 3 3  3 3 3 3 3 3/- 3 g
  3 3 3 3 3 3 3 3  3 3 3 3 3 3 3 3
  3 3 3 3 3 3 3 3  3 3 3 3 3 3 3 3
  3 3 3 3 3 3 3 3  3 3 3 3 3 3 3 3
  3 3 3 3 3/- 3/- g g  3 3 3 3 3 3 3 3
  3 3 3 3 3 3 3 3  g g g g g g g g
  3 3 3 3 3 3 3 3  3 3 3 3 3 3 3 3
  p 3 p p 3 3 3 3  3 3 3 3 3 3 g g`;

const TWO_BYTE = `
  g g 3 3 - - 3 -  4 4 - 6 - - - -
  3-4|7878 3-4|7878 3-4|78../3-4|7... 3-4|78../3-4 78.. 78.. 78../7... 78../-  6 6 6 6 6 6 6 6
  3 3 3 3 3-4 - 3-4 -  78.. 78.. 7878 78../- 7878 7878 78.. 78..
  5 5 5 6 6 6 - -  - - - - - - - -
  6 6 6 6 6 6 6 6  6 6 6 6 6 6 6 6
  -/78.. 7878 7.7. 7.7. 78.. 78.. 78.. 78..  7878 7878 8888 888. 7878 7878 7878 7878
  68.. 68.. 68.. 68.. 68.. 68.. 68.. 68..  68.. 68.. 68.. 68.. .8.. .8.. 68.. 688.
  7888 g g g 68.. 68.. 68.. 6...  - - - - - - 688. 688.
  3 3 3 3 3 3 3 3  3 3 3 3 3 3 3 3
  3 3 3 3 3 3 3 3  3 3 3 3 3 3 3 3
  3 3 4 3 3 3 - -  3 3 - 3 3 3 g 3
  4 4 3/- 3 3/- 3/- 3 3  - - g 3 3 3 3 3
  4 4 7878 8.../- 78.. -/78.. 78.. g  4 4 4 4 4 4 4 4
  - 68.. 68.. 68.. 88.. 68.. .8../.888 -/78..  68.. 68.. 78.. 68.. 68.. 68.. 78.. 68..
  78.. 68.. 68.. 78.. 78.. 68.. .888 78../-  68.. 68.. 78.. 68.. 68.. 68.. 78.. 68..
  - 68.. 68.. 68.. 88.. 68.. 78.. -/78..  68.. 68.. 68.. 88.. 68.. 68.. 68.. -`;

/** Cells by ModR/M.reg, 0 to 7. */
const GROUPS: Readonly<Record<string, string>> = {
  '8F': '3 - - - - - - -',
  C6: '3 - - - - - - -',
  C7: '3 - - - - - - -',
  FE: '3 3 - - - - - -',
  FF: '3 3 3 3/- 3 3/- 3 -',
  '0F00': '3 3 3 3 3 3 - -',
  // With a register only VMCALL (/0, rm = 1) and VMMCALL (/3, rm = 1) exist: calls into the hypervisor, which a guest may have on
  // every processor.
  '0F01': '3/- 3/- 3/- 3/- 3 - 3 4/-',
  '0F71': '- - -/68.. - -/68.. - -/68.. -',
  '0F72': '- - -/68.. - -/68.. - -/68.. -',
  '0F73': '- - -/68.. -/.8.. - - -/68.. -/.8..',
  '0FAE': '6.../- 6.../- 7.../- 7.../- - -/8... -/8... 8.../7...',
  '0FBA': '- - - - 3 3 3 3',
  '0FC7': '- 5/- - - - - - -',
  D8: '3 3 3 3 3 3 3 3',
  D9: '3 -/3 3 3 3 3 3 3',
  DA: '3/6 3/6 3/6 3/6 3 3 3 3',
  DB: '3/6 -/6 3/6 3/6 -/3 3/6 -/6 3/-',
  DC: '3 3 3 3 3 3 3 3',
  DD: '3 -/3 3 3 3 -/3 3/- 3/-',
  DE: '3 3 3 3 3 3 3 3',
  DF: '3 -/3 3 3 3 3/6 3/6 3/-',
};

/**
 * Register forms of the coprocessor of which ModR/M.rm too decides: the second bytes that exist, of the rows of GROUPS
 * that are not whole. Intel SDM vol. 2D, tables.
 */
const ESCAPE_BYTES: Readonly<Record<string, string>> = {
  D9: 'D0 E0-E1 E4-E5 E8-EE F0-FF',
  DA: 'E9',
  DB: 'E0-E4',
  DE: 'D9',
  DF: 'E0',
};
/** First bytes of those rows, by opcode: the others of the opcode are whole. */
const ESCAPE_ROWS: Readonly<Record<string, string>> = {
  D9: 'D0-D7 E0-FF',
  DA: 'E0-FF',
  DB: 'E0-E7',
  DE: 'D8-DF',
  DF: 'E0-E7',
};

/**
 * Twins of coprocessor instructions that no manual lists but that processors execute (FCOM2, FCOMP3, FXCH4, FCOMP5,
 * FSTP1, FFREEP, FXCH7, FSTP8, FSTP9): free to exist or not.
 */
const ESCAPE_TWINS: Readonly<Record<string, string>> = {
  D9: 'D8-DF',
  DC: 'D0-DF',
  DD: 'C8-CF',
  DE: 'D0-D7',
  DF: 'C0-DF',
};

export type Existence = 'exists' | 'undefined' | 'either' | 'prefix';

const cells = (text: string) => text.trim().split(/\s+/);
const MAPS = [cells(ONE_BYTE), cells(TWO_BYTE)];

function inRanges(ranges: string | undefined, byte: number): boolean {
  return (ranges ?? '').split(' ').some((range) => {
    const [from, to = from] = range.split('-').map((text) => Number.parseInt(text, 16));
    return byte >= from && byte <= to;
  });
}

/** Number of a processor in the cells. */
const digitOf = (model: CpuModel) => CPU_MODELS.indexOf(model) + 3;

function sideHas(side: string, model: CpuModel, prefix: MandatoryPrefix): boolean {
  return side.split('|').some((cell) => {
    const digit = digitOf(model);
    if (cell === '-') return false;
    if (/^\d-\d$/.test(cell)) return digit >= Number(cell[0]) && digit <= Number(cell[2]);
    const since = cell.length === 4 ? cell[MANDATORY_PREFIXES.indexOf(prefix)] : cell;
    return since !== '.' && digit >= Number(since);
  });
}

function cellHas(cell: string, model: CpuModel, modRm: number, prefix: MandatoryPrefix): boolean {
  const [memory, register = memory] = cell.split('/');
  return sideHas(modRm >= 0xc0 ? register : memory, model, prefix);
}

/** Whether a processor has an encoding. @param modRm the byte after the opcode, whether it is a ModR/M byte or not */
export function existence(
  model: CpuModel,
  map: 0 | 1,
  opcode: number,
  modRm: number,
  prefix: MandatoryPrefix,
): Existence {
  const cell = MAPS[map][opcode];
  if (cell === 'p') return 'prefix';
  if (cell !== 'g') return cellHas(cell, model, modRm, prefix) ? 'exists' : 'undefined';
  const name = (map === 1 ? '0F' : '') + opcode.toString(16).toUpperCase().padStart(2, '0');
  if (modRm >= 0xc0) {
    if (inRanges(ESCAPE_TWINS[name], modRm)) return 'either';
    if (name === '0F01' && (modRm === 0xc1 || modRm === 0xd9)) return 'exists';
    if (inRanges(ESCAPE_ROWS[name], modRm)) return inRanges(ESCAPE_BYTES[name], modRm) ? 'exists' : 'undefined';
  }
  const row = cells(GROUPS[name])[(modRm >> 3) & 7];
  return cellHas(row, model, modRm, prefix) ? 'exists' : 'undefined';
}
