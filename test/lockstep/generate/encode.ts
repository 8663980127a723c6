import { interesting, type Random } from '../../differential/support/random';
import { type Form, hasModRm, type OperandSpec } from '../../../src/machine/isa/form';
import { allowsMod } from '../../../src/machine/isa/table';

/** How addresses look in the place that a program runs in. */
export interface Surroundings {
  readonly random: Random;
  /** Code at CS defaults to 16 bits. */
  readonly code16: boolean;
  /** An offset in DS, ES or SS that is worth an access. */
  readonly offset: () => number;
}

/** An instruction without a place. */
export interface Encoded {
  readonly bytes: number[];
  readonly mnemonic: string;
  /** Flags that it leaves undefined (EFLAGS bits). */
  readonly undefinedFlags: number;
}

const SEGMENT_PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];

export const le = (value: number, bytes: number): number[] =>
  Array.from({ length: bytes }, (_, i) => (value >>> (8 * i)) & 0xff);

function address16({ random, offset }: Surroundings, reg: number): number[] {
  const kind = random.below(10);
  if (kind < 5) return [0x06 | (reg << 3), ...le(offset(), 2)];
  const rm = kind < 9 ? random.pick([4, 5, 7]) : random.below(8);
  const mod = random.below(3);
  if (mod === 0) return rm === 6 ? [0x06 | (reg << 3), ...le(offset(), 2)] : [rm | (reg << 3)];
  return [(mod << 6) | (reg << 3) | rm, ...le(mod === 1 ? random.below(256) : random.below(64), mod)];
}

function address32({ random, offset }: Surroundings, reg: number): number[] {
  const kind = random.below(10);
  if (kind < 4) return [0x05 | (reg << 3), ...le(offset(), 4)];
  const rm = kind < 8 ? random.pick([3, 5, 6, 7]) : random.below(8);
  const mod = rm === 5 && kind < 8 ? random.between(1, 2) : random.below(3);
  const bytes = [(mod << 6) | (reg << 3) | rm];
  let base = rm;
  if (rm === 4) {
    const sib = random.below(256);
    bytes.push(sib);
    base = sib & 7;
  }
  if (mod === 0 && base === 5) bytes.push(...le(offset(), 4));
  if (mod === 1) bytes.push(random.below(256));
  if (mod === 2) bytes.push(...le(random.between(-32, 32), 4));
  return bytes;
}

function immediate(s: Surroundings, spec: OperandSpec, size: 2 | 4, address: 2 | 4): number[] {
  const { random } = s;
  switch (spec) {
    case 'Ib':
    case 'Ibs':
      return le(interesting(random), 1);
    case 'Iw':
      return le(random.chance(0.8) ? random.below(64) : interesting(random), 2);
    case 'Iv':
      return le(interesting(random), size);
    case 'Jb':
      return [random.below(6)];
    case 'Jv':
      return le(random.below(6), size);
    case 'Ob':
    case 'Ov':
      return le(s.offset(), address);
    default:
      return [];
  }
}

export interface EncodeOptions {
  /** Operand size; at random if left out. */
  readonly operandSize?: 16 | 32;
  /** Forces a register operand, or memory. */
  readonly mod?: 'register' | 'memory';
  /** ModR/M.reg and rm, where the form leaves them free. */
  readonly reg?: number;
  readonly rm?: number;
  /** Bytes in place of random immediates. */
  readonly immediates?: readonly number[];
  readonly noRepeat?: boolean;
}

const REPEATABLE = /^(MOVS|CMPS|STOS|LODS|SCAS|INS|OUTS)/;

/** Encodes a form with random operands and prefixes. */
export function encodeForm(s: Surroundings, form: Form, undefinedFlags: number, options: EncodeOptions = {}): Encoded {
  const { random, code16 } = s;
  const operand16 = options.operandSize ? options.operandSize === 16 : random.chance(0.3) !== code16;
  const address16bit = random.chance(0.12) !== code16;
  const bytes: number[] = [];
  if (random.chance(0.1)) bytes.push(random.pick(SEGMENT_PREFIXES));
  if (operand16 !== code16) bytes.push(0x66);
  if (address16bit !== code16) bytes.push(0x67);
  if (REPEATABLE.test(form.mnemonic) && !options.noRepeat && random.chance(0.5)) bytes.push(random.pick([0xf2, 0xf3]));
  if (random.chance(form.lockable ? 0.08 : 0.01)) bytes.push(0xf0);
  if (form.map === 1) bytes.push(0x0f);
  bytes.push(form.opcode);
  if (hasModRm(form)) {
    const special = form.operands.some((spec) => /^[CDR]d$/.test(spec));
    const memory = allowsMod(form, 'memory') && !special;
    const register = allowsMod(form, 'register');
    const reg = form.reg ?? options.reg ?? random.below(8);
    const wantMemory = options.mod ? options.mod === 'memory' : random.chance(0.5);
    if (memory && (wantMemory || !register)) bytes.push(...(address16bit ? address16(s, reg) : address32(s, reg)));
    else bytes.push(0xc0 | (reg << 3) | (form.rm ?? options.rm ?? random.below(8)));
  }
  const size = operand16 ? 2 : 4;
  if (options.immediates) bytes.push(...options.immediates);
  else for (const spec of form.operands) bytes.push(...immediate(s, spec, size, address16bit ? 2 : 4));
  return { bytes, mnemonic: form.mnemonic, undefinedFlags };
}
