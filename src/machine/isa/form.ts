import type { Emitter } from './emitter';
import type { Size } from './size';
import type { Expr, Operand } from './wasm/expression';

/** Processor generations in order; a form exists from its generation on. */
export const CPU_MODELS = ['386', '486', 'pentium', 'pentium2', 'pentium3', 'pentium4'] as const;
export type CpuModel = (typeof CPU_MODELS)[number];

/**
 * A prefix that is part of the opcode (Intel SDM vol. 2A, section 2.1.2): `NP` is none of the three. The last
 * of F2 and F3 counts, and either before 66.
 */
export const MANDATORY_PREFIXES = ['NP', '66', 'F3', 'F2'] as const;
export type MandatoryPrefix = (typeof MANDATORY_PREFIXES)[number];

/**
 * How an operand is encoded, in the notation of the opcode map (Intel SDM vol. 2D, appendix A.2):
 * the letter is the addressing method, the second part the size; `v` follows the operand size.
 *
 * | method | operand |
 * |---|---|
 * | E | ModR/M: register or memory |
 * | M | ModR/M: memory only; `M` alone is read by the semantics, of whatever size |
 * | R | ModR/M: register only |
 * | G | register by ModR/M.reg |
 * | S, C, D | segment, control, debug register by ModR/M.reg |
 * | I | immediate; `Ibs` is a byte sign-extended to the operand size |
 * | J | branch displacement |
 * | A | far pointer in the instruction |
 * | O | memory at an offset in the instruction |
 * | Z | register in the low three bits of the opcode |
 * | STi | x87 register by ModR/M.rm; the operand reads as its number |
 * | P, V | MMX, SSE register by ModR/M.reg; the operand reads as its number |
 * | N, U | MMX, SSE register by ModR/M.rm; the operand reads as its number |
 * | Q, W | MMX, SSE register or memory by ModR/M, of the size that the letters after it say |
 * | AL, CL, DX, eAX, 1 | that register or constant |
 */
export type OperandSpec =
  | 'Eb'
  | 'Ew'
  | 'Ed'
  | 'Ev'
  | 'M'
  | 'STi'
  | 'Pq'
  | 'Nq'
  | 'Qd'
  | 'Qq'
  | 'Vdq'
  | 'Udq'
  | 'Wd'
  | 'Wq'
  | 'Wdq'
  | 'Rd'
  | 'Gb'
  | 'Gw'
  | 'Gd'
  | 'Gv'
  | 'Sw'
  | 'Cd'
  | 'Dd'
  | 'Ib'
  | 'Iw'
  | 'Iv'
  | 'Ibs'
  | 'Jb'
  | 'Jv'
  | 'Ap'
  | 'Ob'
  | 'Ov'
  | 'Zb'
  | 'Zv'
  | 'AL'
  | 'CL'
  | 'eAX'
  | '1';

/** A decoded operand, as semantics use it. Reading evaluates at that point in the program. */
export interface OperandAccess {
  readonly size: Size;
  /** The value, zero-extended. Raises the memory fault of a read. */
  read(): Expr;
  /** The value, after making sure that a write to the same place will not fault. */
  readForUpdate(): Expr;
  write(value: Operand): void;
}

/** A memory operand that is not simply read or written: LEA, far pointers, descriptor tables, bit strings. */
export interface MemoryAccess extends OperandAccess {
  readonly segment: Expr;
  readonly offset: Expr;
}

/**
 * Where an MMX or SSE operand is that may be a register or memory: the semantics choose the width. Which of the two it is
 * may be known only when the instruction runs.
 */
export interface VectorTarget {
  /** 1 for a register, whose number is `index`; 0 for memory at `segment`:`offset`. */
  readonly isRegister: Expr;
  readonly index: Expr;
  readonly segment: Expr;
  readonly offset: Expr;
}

export interface VectorAccess extends OperandAccess {
  readonly target: VectorTarget;
}

/** Writes the semantics of a form; operands come in the order of its specification. */
export type Semantics = (e: Emitter, ...operands: never[]) => void;

/** One row of the instruction table: an encoding, its operands and what it does. */
export interface Form {
  readonly mnemonic: string;
  /** 0 for the one-byte opcodes, 1 for those after 0F. */
  readonly map: 0 | 1;
  readonly opcode: number;
  /** The prefix that belongs to the opcode; undefined where prefixes do not choose among forms. */
  readonly prefix?: MandatoryPrefix;
  /** ModR/M.reg value that selects the form within a group. */
  readonly reg?: number;
  /** ModR/M.rm value, for the few forms that fix it (`0F 01 C1`). */
  readonly rm?: number;
  /** Restriction of ModR/M.mod to registers or memory. */
  readonly mod?: 'register' | 'memory';
  readonly operands: readonly OperandSpec[];
  /** First processor that has it. */
  readonly since: CpuModel;
  /** Last processor that has it; undefined where later ones keep it. */
  readonly until?: CpuModel;
  /** May carry LOCK when its destination is memory. */
  readonly lockable: boolean;
  /** POP to memory: an address based on ESP is worked out after the stack pointer has moved. */
  readonly addressAfterPop: boolean;
  /** Its operands and semantics are the same whatever the operand size is. */
  readonly sizeless: boolean;
  readonly semantics: Semantics;
}

export interface FormOptions {
  since?: CpuModel;
  until?: CpuModel;
  lockable?: boolean;
  addressAfterPop?: boolean;
  sizeless?: boolean;
}

/** True if a processor has the form. */
export function existsOn(form: Form, model: CpuModel): boolean {
  const level = CPU_MODELS.indexOf(model);
  const last = form.until === undefined ? CPU_MODELS.length : CPU_MODELS.indexOf(form.until);
  return level >= CPU_MODELS.indexOf(form.since) && level <= last;
}

/** True if the operands include one that needs a ModR/M byte. */
export function hasModRm(form: Form): boolean {
  return (
    form.reg !== undefined ||
    form.operands.some((spec) => /^[EMRGSCDPNQVUW]/.test(spec) && spec !== 'CL' && !spec.startsWith('eA'))
  );
}

/**
 * Writes a row of the table (or several, for `50+r` and `70+cc`).
 *
 * @param encoding opcode bytes in hexadecimal, after `NP`, `66`, `F3` or `F2` if that is part of the opcode
 *   (`66 0F 6F`), then optionally `/0`-`/7` for ModR/M.reg, `/r` for any, `reg` or `mem`
 *   to restrict ModR/M.mod, `rm=N` to fix ModR/M.rm; `40+r` stands for eight opcodes
 * @param operands in Intel order, blank-separated, e.g. `Ev Gv`
 */
export function form(
  mnemonic: string,
  encoding: string,
  operands: string,
  semantics: Semantics,
  options: FormOptions = {},
): Form[] {
  const parts = encoding.split(' ');
  const prefix = MANDATORY_PREFIXES.find((name) => parts.length > 1 && name === parts[0]);
  if (prefix) parts.shift();
  const map = parts[0] === '0F' ? 1 : 0;
  const [base, plus] = parts[map].split('+');
  const first = Number.parseInt(base, 16);
  const modifiers = parts.slice(map + 1);
  const digit = modifiers.find((part) => /^\/[0-7]$/.test(part));
  const fixedRm = modifiers.find((part) => part.startsWith('rm='));
  const row = {
    mnemonic,
    map,
    prefix,
    reg: digit ? Number(digit[1]) : undefined,
    rm: fixedRm ? Number(fixedRm.slice(3)) : undefined,
    mod: modifiers.includes('reg') ? 'register' : modifiers.includes('mem') ? 'memory' : undefined,
    operands: operands === '' ? [] : (operands.split(' ') as OperandSpec[]),
    since: options.since ?? '386',
    until: options.until,
    lockable: options.lockable ?? false,
    addressAfterPop: options.addressAfterPop ?? false,
    // Where a prefix chooses the form, the size prefix is spoken for.
    sizeless: options.sizeless ?? prefix !== undefined,
    semantics,
  } as const;
  return Array.from({ length: plus ? 8 : 1 }, (_, i) => ({ ...row, opcode: first + i }));
}
