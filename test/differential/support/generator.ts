import { type CpuModel, existsOn, type Form, hasModRm } from '../../../src/machine/isa/form';
import { allForms } from '../../../src/machine/isa/table';
import { SegmentIndex } from '../../../src/machine/layout';
import { undefinedFlags } from '../../conformance/undefined-flags';
import { CaseBuilder, type Grounds } from './builder';
import { assemble, type Instruction, type TestCase } from './case';
import { encode, type Encoding } from './encoder';
import { CODE, LOW_CODE, selectorOf } from './layout';
import type { Random } from './random';
import { setupOf } from './setups';

/**
 * Instructions whose outcome is the computer's own: identity, time, descriptor tables (which Linux may fake or refuse),
 * the coprocessor, calls of the kernel and of a hypervisor.
 */
const OWN_TO_THE_HOST = new Set([
  ...['CPUID', 'RDTSC', 'SLDT', 'STR', 'SMSW', 'SGDT', 'SIDT', 'ESC', 'WAIT'],
  ...['SYSENTER', 'SYSEXIT', 'VMCALL', 'VMMCALL', 'RDMSR', 'WRMSR', 'RDPMC', 'EMMS'],
  // Under a hypervisor INT1 may be reported as a fault.
  'INT1',
]);

/** The processor that is compared with that of this computer: one of its family. */
export const MODEL: CpuModel = 'pentium2';

/** The coprocessor's and the vector instructions: their registers are no part of a case. */
function isFloatOrVector(form: Form): boolean {
  const escape = form.map === 0 && form.opcode >= 0xd8 && form.opcode <= 0xdf;
  return escape || form.prefix !== undefined || form.operands.some((spec) => /^[PNQVUW]/.test(spec));
}

/** The rows of the instruction table that are tried. */
export const CANDIDATES: readonly Form[] = allForms().filter(
  (form) => existsOn(form, MODEL) && !OWN_TO_THE_HOST.has(form.mnemonic) && !isFloatOrVector(form),
);

export const STRINGS = new Set(['MOVS', 'CMPS', 'STOS', 'LODS', 'SCAS']);
const BRANCHES = /^(J|LOOP|CALL|RET|IRET|INT)/;
const SEGMENT_PREFIXES = [0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65];
const INDEX_OF_PREFIX = [
  SegmentIndex.ES,
  SegmentIndex.CS,
  SegmentIndex.SS,
  SegmentIndex.DS,
  SegmentIndex.FS,
  SegmentIndex.GS,
];

/** They tell about any descriptor, the computer's own among them, so they only get operands that are chosen for them. */
const INSPECTORS = new Set(['LAR', 'LSL', 'VERR', 'VERW']);

/** CMP EAX, EDX: defines all arithmetic flags and changes nothing else. */
export const DEFINE_FLAGS: Instruction = { name: '39', mnemonic: 'CMP', bytes: [0x39, 0xd0] };

/** The name of a form as SingleStepTests names its files, which is how undefined flags are listed. */
export function formName(form: Form): string {
  const opcode = form.opcode.toString(16).toUpperCase().padStart(2, '0');
  return `${form.map === 1 ? '0F' : ''}${opcode}${form.reg === undefined ? '' : `.${form.reg}`}`;
}

interface Place {
  readonly linear: number;
  readonly eip: number;
  readonly code16: boolean;
}

function choosePlace(b: CaseBuilder): Place {
  const { random } = b;
  const crossing = random.chance(0.25);
  const within = crossing ? 0x1000 - random.below(16) : random.below(0x1e00);
  const code = [...b.grounds.segments].filter((segment) => segment.contents === 'code');
  if (code.length > 0 && random.chance(0.15)) {
    const segment = random.pick(code);
    b.selectors[SegmentIndex.CS] = selectorOf(segment);
    return { linear: segment.base + within, eip: within, code16: !segment.big };
  }
  if (b.hasLow && random.chance(0.15)) {
    const linear = LOW_CODE.address + random.below(LOW_CODE.bytes - 128);
    return { linear, eip: linear, code16: false };
  }
  // The last bytes of the window: what is beyond them cannot be fetched.
  const linear = CODE.address + (random.chance(0.03) ? CODE.bytes - 1 - random.below(12) : within);
  return { linear, eip: linear, code16: false };
}

function prefixes(b: CaseBuilder, form: Form, encoding: Encoding, code16: boolean): number[] {
  const { random } = b;
  const bytes: number[] = [];
  if (encoding.segment !== undefined) bytes.push(SEGMENT_PREFIXES[INDEX_OF_PREFIX.indexOf(encoding.segment)]);
  if ((encoding.operandSize === 16) !== code16) bytes.push(0x66);
  if ((encoding.addressSize === 16) !== code16) bytes.push(0x67);
  if (STRINGS.has(form.mnemonic) && random.chance(0.7)) bytes.push(random.chance(0.5) ? 0xf3 : 0xf2);
  if (form.lockable && random.chance(0.1)) bytes.push(0xf0);
  return bytes;
}

function instruction(b: CaseBuilder, form: Form, place: Place, at: number, first: boolean, last: boolean): Instruction {
  const { random } = b;
  const usesAddress =
    hasModRm(form) ||
    STRINGS.has(form.mnemonic) ||
    /^(LOOP|JCXZ|XLAT)|O[bv]/.test(`${form.mnemonic} ${form.operands.join()}`);
  const flip = (probability: number): 16 | 32 => (random.chance(probability) !== place.code16 ? 16 : 32);
  // In the middle of a sequence a branch with 16-bit operands would leave it.
  const keepWide = !last && BRANCHES.test(form.mnemonic);
  const encoding: Encoding = {
    operandSize: keepWide ? (place.code16 ? 16 : 32) : flip(0.3),
    addressSize: usesAddress && b.hasLow ? flip(0.2) : place.code16 ? 16 : 32,
    segment: usesAddress && random.chance(0.15) ? random.pick(INDEX_OF_PREFIX) : undefined,
    first,
  };
  const encoded = encode(b, form, encoding);
  setupOf(form)?.(b, { form, encoding, encoded, eip: place.eip + at, last });
  return {
    name: formName(form),
    mnemonic: form.mnemonic,
    bytes: [...prefixes(b, form, encoding, place.code16), ...encoded.bytes],
  };
}

/** A case of one instruction, or (one in four) of a few. */
export function generateCase(b: CaseBuilder, forms: readonly Form[]): TestCase {
  const { random } = b;
  const place = choosePlace(b);
  const count = random.chance(0.75) ? 1 : random.between(2, 6);
  const code: Instruction[] = [];
  let at = 0;
  const add = (next: Instruction) => {
    code.push(next);
    at += next.bytes.length;
  };
  for (let i = 0; i < count; i++) {
    const last = i === count - 1;
    const form = random.pick(forms);
    if (count > 1 && INSPECTORS.has(form.mnemonic)) continue;
    // What leaves the sequence can only end it.
    if (!last && /^(J|CALL|RET|IRET|INT|LOOP)/.test(form.mnemonic) && !/^J[^M]/.test(form.mnemonic)) continue;
    const next = instruction(b, form, place, at, i === 0, last);
    add(next);
    if (!last && undefinedFlags(next.name) !== 0) add(DEFINE_FLAGS);
  }
  if (code.length === 0) add(DEFINE_FLAGS);
  const { registers, selectors, eflags, data } = b;
  return assemble({ registers, selectors, eflags, data, eip: place.eip, linear: place.linear, code });
}

/** The case that a seed stands for. */
export function caseOf(random: Random, grounds: Grounds, forms: readonly Form[] = CANDIDATES): TestCase {
  return generateCase(new CaseBuilder(random, grounds), forms);
}
