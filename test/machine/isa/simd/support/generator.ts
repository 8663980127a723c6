import { type Form, hasModRm } from '../../../../../src/machine/isa/form';
import { simdForms } from '../../../../../src/machine/isa/forms/simd/forms';
import { allowsMod } from '../../../../../src/machine/isa/table';
import { interesting, type Random } from '../../../../differential/support/random';
import { IMAGE, IMAGE_BYTES, OPERAND_BYTES, OPERANDS, type VectorCase } from './case';
import { fillRegister } from './values';

/** One side of a form, by ModR/M.mod. */
export interface Candidate {
  readonly form: Form;
  readonly mod: 'register' | 'memory';
  readonly name: string;
}

/** Every form on every side that it has. */
export const CANDIDATES: readonly Candidate[] = simdForms().flatMap((form) =>
  (['register', 'memory'] as const)
    .filter((mod) => (hasModRm(form) ? allowsMod(form, mod) : mod === 'register'))
    .map((mod) => ({ form, mod, name: nameOf(form, mod) })),
);

function nameOf(form: Form, mod: string): string {
  const opcode = form.opcode.toString(16).padStart(2, '0').toUpperCase();
  const group = form.reg === undefined ? '' : ` /${form.reg}`;
  return `${form.mnemonic} (${form.prefix ?? ''} 0F ${opcode}${group}) ${form.operands.join(', ')}, ${mod}`;
}

const PREFIX_BYTES = { NP: [], '66': [0x66], F3: [0xf3], F2: [0xf2] } as const;

const ESP = 4;
const EDI = 7;
const MASKED_STORE = 0xf7;

/** A register number; a general register is not ESP, which the executor needs. */
function registerNumber(random: Random, general: boolean): number {
  const number = random.below(8);
  return general && number === ESP ? ESP + 1 : number;
}

/** Where a memory operand begins: mostly aligned, sometimes not, sometimes at the end of what is mapped. */
export function operandAddress(random: Random): number {
  const aligned = OPERANDS + 16 * random.below(OPERAND_BYTES / 16);
  if (random.chance(0.8)) return aligned;
  return random.chance(0.8) ? aligned + random.below(16) : OPERANDS + OPERAND_BYTES - 1 - random.below(16);
}

function encode(random: Random, { form, mod }: Candidate): number[] {
  const bytes: number[] = [...PREFIX_BYTES[form.prefix ?? 'NP'], 0x0f, form.opcode];
  if (hasModRm(form)) {
    const general = (letters: string) => form.operands.some((spec) => letters.includes(spec[0]));
    const reg = form.reg ?? registerNumber(random, general('G'));
    if (mod === 'register') bytes.push(0xc0 | (reg << 3) | registerNumber(random, general('E')));
    else {
      const address = operandAddress(random);
      bytes.push((reg << 3) | 5, ...[0, 8, 16, 24].map((shift) => (address >>> shift) & 0xff));
    }
  }
  if (form.operands.includes('Ib')) bytes.push(random.chance(0.5) ? random.below(20) : random.below(256));
  return bytes;
}

/** MXCSR: as programs have it, or with exceptions unmasked, other rounding, FTZ and DAZ. */
function controlAndStatus(random: Random): number {
  if (random.chance(0.3)) return 0x1f80;
  if (random.chance(0.3)) return 0x1fbf;
  const masks = random.chance(0.6) ? 0x1f80 : random.u32() & 0x1f80;
  return masks | (random.u32() & 0x603f) | (random.chance(0.3) ? 0x8000 : 0) | (random.chance(0.3) ? 0x40 : 0);
}

/** An image for FXRSTOR: registers of either kind from the same choice of values, the x87 now and then with an exception pending. */
function imageOf(random: Random, mayBePending: boolean): Uint8Array {
  const image = new Uint8Array(IMAGE_BYTES);
  const view = new DataView(image.buffer);
  const pending = random.chance(0.02) && mayBePending;
  const control = pending ? 0x37e : 0x37f;
  const condition = random.u32() & 0x7f3e;
  view.setUint16(IMAGE.control, control, true);
  view.setUint16(IMAGE.status, pending ? condition | 0x8081 : condition, true);
  image[IMAGE.tags] = random.u32();
  view.setUint32(IMAGE.mxcsr, controlAndStatus(random), true);
  for (let i = 0; i < 8; i++) {
    fillRegister(random, image.subarray(IMAGE.st + i * 16, IMAGE.st + i * 16 + 8));
    view.setUint16(IMAGE.st + i * 16 + 8, interesting(random), true);
    fillRegister(random, image.subarray(IMAGE.xmm + i * 16, IMAGE.xmm + i * 16 + 16));
  }
  return image;
}

/** A case for one candidate. */
export function caseOf(random: Random, candidate: Candidate): VectorCase {
  const operands = new Uint8Array(OPERAND_BYTES);
  for (let at = 0; at < OPERAND_BYTES; at += 16) fillRegister(random, operands.subarray(at, at + 16));
  const registers = Array.from({ length: 8 }, () => interesting(random));
  // Whether bytes that the mask leaves out may fault differs by processor.
  if (candidate.form.opcode === MASKED_STORE) registers[EDI] = OPERANDS + random.below(OPERAND_BYTES - 15);
  if (candidate.form.mnemonic === 'LDMXCSR') limitMxcsr(random, operands);
  return {
    mnemonic: candidate.name,
    code: encode(random, candidate),
    // AMD's processors do not take CVTPI2PS with its operand in memory for an MMX instruction; Intel's do.
    image: imageOf(random, candidate.form.mnemonic !== 'CVTPI2PS' || candidate.mod === 'register'),
    registers,
    eflags: 0x202 | (random.u32() & 0x8d5),
    operands,
  };
}

/** Values that are mostly allowed in MXCSR. Bit 17 is left alone: some processors have it, ours do not. */
function limitMxcsr(random: Random, operands: Uint8Array): void {
  const view = new DataView(operands.buffer);
  for (let at = 0; at < OPERAND_BYTES; at += 4) {
    view.setUint32(at, random.chance(0.8) ? controlAndStatus(random) : random.u32() & ~0x20000, true);
  }
}
