import { formName } from '../../differential/support/generator';
import type { Random } from '../../differential/support/random';
import { undefinedFlags } from '../../conformance/undefined-flags';
import { type CpuModel, existsOn, type Form } from '../../../src/machine/isa/form';
import { allForms } from '../../../src/machine/isa/table';
import { FLAG_OF, FLAGS_ARITHMETIC } from '../../../src/machine/layout';
import { type Encoded, encodeForm, le } from './encode';
import type { Program } from './program';

/** What the generators of system sequences write themselves, or what differs between machines by its nature. */
const NOT_HERE = new Set([
  ...[
    'CPUID',
    'RDTSC',
    'RDMSR',
    'WRMSR',
    'SYSENTER',
    'SYSEXIT',
    'VMCALL',
    'VMMCALL',
    'HLT',
    'WAIT',
    'ESC',
    'RDPMC',
    'RSM',
  ],
  ...['SLDT', 'STR', 'LLDT', 'LTR', 'SGDT', 'SIDT', 'LGDT', 'LIDT', 'SMSW', 'LMSW', 'INVLPG', 'CLTS', 'INVD', 'WBINVD'],
  ...['CALLF', 'JMPF', 'RETF', 'IRET', 'INT', 'INTO', 'INT3', 'INT1', 'IN', 'OUT', 'INS', 'OUTS', 'UD2', 'CLI', 'STI'],
  ...['POPF', 'LES', 'LDS', 'LSS', 'LFS', 'LGS', 'VERR', 'VERW', 'LAR', 'LSL', 'ARPL'],
  // Not in QEMU.
  ...['SALC', 'UMOV'],
]);
const NEEDS_SPECIAL_OPERANDS = /^[CDS][dw]$/;

const byMnemonic = new Map<string, Form[]>();
for (const form of allForms()) {
  // The coprocessor and the vector registers are not in a TSS.
  const special = form.operands.some((spec) => NEEDS_SPECIAL_OPERANDS.test(spec) || /^(STi|[PNQVUW])/.test(spec));
  if (NOT_HERE.has(form.mnemonic) || form.mnemonic.startsWith('F') || special || form.prefix !== undefined) continue;
  byMnemonic.set(form.mnemonic, [...(byMnemonic.get(form.mnemonic) ?? []), form]);
}
const CONDITIONAL = /^(J|SET|CMOV)N?[A-Z]{1,2}$/;
/** Mnemonics with equal weight; the many conditions of one instruction count together. */
const FAMILIES = [...new Set([...byMnemonic.keys()].map((name) => (CONDITIONAL.test(name) ? name[0] : name)))];

const SHIFTS = /^(ROL|ROR|RCL|RCR|SHL|SHR|SAR)$/;

/** Undefined flags, those of shifts by CL or by more than one among them. */
export function flagsOf(form: Form): number {
  const named = undefinedFlags(formName(form));
  if (/^(AAM|AAD|DIV|IDIV)$/.test(form.mnemonic)) return FLAGS_ARITHMETIC;
  // The recorder clears flags wherever they could be undefined, whatever the operands turn out to be.
  if (SHIFTS.test(form.mnemonic) && !form.operands.includes('1')) return named | FLAG_OF;
  return named;
}

/** Double shifts of 16 bits by more than 16, and bit scans of zero, leave their result undefined: counts are kept small. */
function encodeSafely(program: Program, form: Form): Encoded {
  const { surroundings } = program;
  const { random } = surroundings;
  const flags = flagsOf(form);
  if (/^SH[LR]D$/.test(form.mnemonic)) {
    if (form.operands.includes('Ib')) {
      return encodeForm(surroundings, form, flags, { immediates: le(random.below(16), 1) });
    }
    program.raw('MOV', [0xb1, random.below(16)]);
  }
  if (/^BS[FR]$/.test(form.mnemonic)) {
    const register = random.pick([0, 1, 2]);
    program.raw('OR', [0x0d | 0, ...le(1 << random.below(16), surroundings.code16 ? 2 : 4)]);
    return encodeForm(surroundings, form, flags, { mod: 'register', rm: 0, reg: register, operandSize: 16 });
  }
  // With 16-bit operands the result of BSWAP is undefined.
  if (form.mnemonic === 'BSWAP') return encodeForm(surroundings, form, flags, { operandSize: 32 });
  if (/^(SHL|SHR|SAR|ROL|ROR|RCL|RCR)$/.test(form.mnemonic) && form.operands.includes('Ib')) {
    return encodeForm(surroundings, form, flags, { immediates: le(random.below(9), 1) });
  }
  return encodeForm(surroundings, form, flags);
}

/** Adds a random instruction that any program may use. */
export function addUserInstruction(program: Program, model: CpuModel): void {
  const { random } = program.surroundings;
  for (;;) {
    const form = anyForm(random);
    if (!existsOn(form, model)) continue;
    program.add(encodeSafely(program, form));
    return;
  }
}

function anyForm(random: Random): Form {
  const family = random.pick(FAMILIES);
  const named = byMnemonic.get(family);
  if (named) return random.pick(named);
  const members = [...byMnemonic.keys()].filter((name) => CONDITIONAL.test(name) && name[0] === family);
  return random.pick(byMnemonic.get(random.pick(members)) as Form[]);
}
