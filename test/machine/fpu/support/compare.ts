import { cpus } from 'node:os';
import type { Form } from '../../../../src/machine/isa/form';
import { OPERAND_OFFSET } from './generator';
import type { X87Case, X87Outcome } from './case';

/** Instruction and operand pointers in an image: processors since 2012 do not keep them alike. */
const POINTERS: readonly [number, number] = [12, 28];
/** Status word in an image: its upper byte, and C1 therein. */
const STATUS_HIGH = 5;
const C1 = 0x02;
const ALL_CODES = 0x47;
const ARITHMETIC_FLAGS = 0x8d5;

/** FCOMI and its kin clear C1 by the manual (vol. 2A); AMD's processors leave it as it was. */
const C1_DIFFERS = /^FU?COMIP?$/;

/**
 * Ringside does what has been measured where the manual leaves condition codes undefined (vol. 2A), on processors of this kind.
 * Others may do otherwise.
 */
const MEASURED = /\bAMD\b/.test(cpus()[0]?.model ?? '');
const UNDEFINED_CODES = /^(FFREEP?|FPREM1?|FCMOV.*)$/;

/** What this computer's processor may do otherwise, so that nothing can be compared after it. */
export function dependsOnProcessor({ mnemonic }: Form): boolean {
  return !MEASURED && (UNDEFINED_CODES.test(mnemonic) || mnemonic === 'FSTP1');
}

function withoutPointers(image: Buffer, start = 0): Buffer {
  const copy = Buffer.from(image);
  copy.fill(0, start + POINTERS[0], start + POINTERS[1]);
  return copy;
}

function comparable(outcome: X87Outcome, forms: readonly Form[]): { image: Buffer; memory: Buffer } {
  const image = withoutPointers(outcome.image);
  if (forms.some(({ mnemonic, since }) => since === 'pentium2' && C1_DIFFERS.test(mnemonic))) image[STATUS_HIGH] &= ~C1;
  if (forms.some(dependsOnProcessor)) image[STATUS_HIGH] &= ~ALL_CODES;
  const stored = forms.some(({ mnemonic }) => mnemonic === 'FNSTENV' || mnemonic === 'FNSAVE');
  return { image, memory: stored ? withoutPointers(outcome.memory, OPERAND_OFFSET) : outcome.memory };
}

const hex = (bytes: Buffer): string => Buffer.from(bytes).reverse().toString('hex');

/** An image in words: control, status and tag words, then the registers from ST(0) on. */
function imageText(image: Buffer): string {
  const words = [0, 4, 8].map((at) => hex(image.subarray(at, at + 2)));
  const registers = Array.from({ length: 8 }, (_, i) => {
    const at = 28 + i * 10;
    return `${hex(image.subarray(at + 8, at + 10))}:${hex(image.subarray(at, at + 8))}`;
  });
  return [...words, ...registers].join(' ');
}

/** Differences in words, none if the two sides agree. */
export function differences(test: X87Case, forms: readonly Form[], native: X87Outcome, emulated: X87Outcome): string[] {
  const found: string[] = [];
  const [expected, actual] = [comparable(native, forms), comparable(emulated, forms)];
  const say = (what: string, processor: string, ringside: string) =>
    found.push(`${what}: the processor has ${processor}, Ringside ${ringside}`);
  if (!expected.image.equals(actual.image)) say('state', imageText(expected.image), imageText(actual.image));
  if (!expected.memory.equals(actual.memory)) {
    const part = (memory: Buffer) => hex(memory.subarray(OPERAND_OFFSET, OPERAND_OFFSET + 16));
    say('memory', part(expected.memory), part(actual.memory));
  }
  if (native.eax !== emulated.eax) say('EAX', native.eax.toString(16), emulated.eax.toString(16));
  if ((native.eflags ^ emulated.eflags) & ARITHMETIC_FLAGS) {
    say('EFLAGS', native.eflags.toString(16), emulated.eflags.toString(16));
  }
  if (found.length === 0) return [];
  const code = test.instructions.map(({ mnemonic, bytes }) => `${mnemonic} [${Buffer.from(bytes).toString('hex')}]`);
  const operand = hex(test.memory.subarray(OPERAND_OFFSET, OPERAND_OFFSET + 16));
  return [`${code.join(', ')} from ${imageText(test.image)}, operand ${operand}`, ...found];
}
