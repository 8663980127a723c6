import { SegmentIndex } from '../layout';
import { type CpuModel, existsOn, type Form, hasModRm, type MandatoryPrefix } from './form';
import { arithmeticForms } from './forms/arithmetic';
import { bitForms } from './forms/bits';
import { controlFlowForms } from './forms/control-flow';
import { dataTransferForms } from './forms/data-transfer';
import { decimalForms } from './forms/decimal';
import { multiplyForms } from './forms/multiply';
import { portIoForms } from './forms/port-io';
import { shiftForms } from './forms/shift';
import { simdForms } from './forms/simd/forms';
import { stackForms } from './forms/stack';
import { stringForms } from './forms/string';
import { flagImageForms } from './forms/flag-image';
import { systemForms } from './forms/system';
import { x87Forms } from './forms/x87';

/** Every instruction form: the single source of truth for execution, decoding lengths and tests. */
export const FORMS: readonly Form[] = [
  ...arithmeticForms,
  ...multiplyForms,
  ...decimalForms,
  ...shiftForms,
  ...bitForms,
  ...dataTransferForms,
  ...stackForms,
  ...controlFlowForms,
  ...stringForms,
  ...portIoForms,
  ...flagImageForms,
  ...systemForms,
  ...x87Forms,
  ...simdForms,
];

/** Prefixes that choose the segment of a memory operand. */
export const SEGMENT_PREFIXES: ReadonlyMap<number, SegmentIndex> = new Map([
  [0x26, SegmentIndex.ES],
  [0x2e, SegmentIndex.CS],
  [0x36, SegmentIndex.SS],
  [0x3e, SegmentIndex.DS],
  [0x64, SegmentIndex.FS],
  [0x65, SegmentIndex.GS],
]);

/** Opcode bytes that are prefixes, in the one-byte map. */
export const PREFIX_OPCODES: ReadonlySet<number> = new Set([...SEGMENT_PREFIXES.keys(), 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

/** Opcodes of the coprocessor, in the one-byte map. */
export const ESC_OPCODES: ReadonlySet<number> = new Set(Array.from({ length: 8 }, (_, i) => 0xd8 + i));

/** The byte that leads to the second map. */
export const ESCAPE_OPCODE = 0x0f;

/** Forms of one opcode, with whether a ModR/M byte follows. */
export interface OpcodeEntry {
  readonly forms: readonly Form[];
  readonly modRm: boolean;
}

/**
 * The forms that a processor has, by `map * 256 + opcode`. Opcodes without a form are absent: they raise #UD.
 */
export function opcodeMap(model: CpuModel): ReadonlyMap<number, OpcodeEntry> {
  const byOpcode = new Map<number, Form[]>();
  for (const form of FORMS) {
    if (!existsOn(form, model)) continue;
    const key = form.map * 256 + form.opcode;
    const list = byOpcode.get(key);
    if (list) list.push(form);
    else byOpcode.set(key, [form]);
  }
  return new Map([...byOpcode].map(([key, forms]) => [key, { forms, modRm: forms.some(hasModRm) }]));
}

/**
 * A SIB byte without an index but with a scale other than 1: the manual leaves the address undefined. The 386 scales
 * the base register (recorded on a 386EX: SingleStepTests/80386, issue 2), later processors take it as it is.
 */
export function scalesLoneBase(model: CpuModel): boolean {
  return model === '386';
}

/** True if the form can be meant when ModR/M.mod names a register (or memory). */
export function allowsMod(form: Form, mod: 'register' | 'memory'): boolean {
  if (form.operands.includes('M')) return mod === 'memory';
  // MOV to and from control and debug registers ignores ModR/M.mod.
  if (form.operands.some((spec) => spec === 'Rd')) return true;
  if (form.operands.some((spec) => spec === 'STi' || spec === 'Nq' || spec === 'Udq')) return mod === 'register';
  return form.mod === undefined || form.mod === mod;
}

/** The form that opcode, ModR/M and mandatory prefix select, or undefined where the encoding is #UD. */
export function selectForm(entry: OpcodeEntry, modRm: number, prefix: MandatoryPrefix): Form | undefined {
  const mod = modRm >= 0xc0 ? 'register' : 'memory';
  return entry.forms.find(
    (form) =>
      (form.prefix === undefined || form.prefix === prefix) &&
      (form.reg === undefined || form.reg === ((modRm >> 3) & 7)) &&
      (form.rm === undefined || form.rm === (modRm & 7)) &&
      allowsMod(form, mod),
  );
}
