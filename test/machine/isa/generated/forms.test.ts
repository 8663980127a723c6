import assert from 'node:assert/strict';
import { Vector, vectorName } from '../../../../src/machine/cpu/fault';
import { CPU_MODELS, type CpuModel, type Form } from '../../../../src/machine/isa/form';
import { ESC_OPCODES, allForms } from '../../../../src/machine/isa/table';
import * as layout from '../../../../src/machine/layout';
import { FLAGS_ARITHMETIC } from '../../../../src/machine/layout';
import { Random } from '../../../differential/support/random';
import { FLOW, stringReference } from '../reference/flow';
import { INTEGER } from '../reference/integer';
import { type Reference, World } from '../reference/world';
import { Bench, CODE, DATA, HOLE, isSame, type Snapshot } from './bench';
import { type Encoded, encodeForm, isFloatOrVector, modsOf, takesModRm } from './encode';
import { setRandomState, setUp, STRINGS } from './setups';

const describeForm = (form: Form) =>
  [form.prefix, form.map ? '0F' : '', form.opcode.toString(16).toUpperCase().padStart(2, '0')]
    .filter(Boolean)
    .join(' ') +
  (form.reg === undefined ? '' : ` /${form.reg}`) +
  ` ${form.mnemonic} ${form.operands.join(' ')}`;

const hex = (bytes: readonly number[]) => bytes.map((byte) => byte.toString(16).padStart(2, '0')).join(' ');

const benches = new Map<CpuModel, Bench>();
function benchOf(model: CpuModel): Bench {
  const bench = benches.get(model) ?? new Bench(model);
  benches.set(model, bench);
  return bench;
}

const lastModel = (form: Form): CpuModel => form.until ?? (CPU_MODELS.at(-1) as CpuModel);

interface Variant {
  readonly operandSize: 16 | 32;
  readonly addressSize: 16 | 32;
  readonly mod: 'register' | 'memory';
}

/** Every operand size, address size and kind of operand that makes a difference to a form. */
function variantsOf(form: Form): Variant[] {
  const operandSizes = isFloatOrVector(form) ? ([32] as const) : ([32, 16] as const);
  const offsets = form.operands.some((spec) => spec.startsWith('O'));
  return modsOf(form).flatMap((mod) =>
    operandSizes.flatMap((operandSize) => {
      const addressed = (takesModRm(form) && mod === 'memory') || offsets || !takesModRm(form);
      const addressSizes = addressed ? ([32, 16] as const) : ([32] as const);
      return addressSizes.map((addressSize) => ({ operandSize, addressSize, mod }));
    }),
  );
}

const variantName = ({ operandSize, addressSize, mod }: Variant) => `${operandSize}/${addressSize} ${mod}`;

/** Instructions after which EIP is elsewhere. */
const BRANCHES = /^(J.*|CALL.*|RET.*|LOOP.*|INT\d?|IRET|SYSENTER|SYSEXIT)$/;

/** Exceptions that are a proper outcome although the operands are valid. */
const OUTCOMES: Readonly<Record<string, readonly Vector[]>> = {
  UD2: [Vector.UD],
  // Nobody answers the call.
  VMCALL: [Vector.UD],
  VMMCALL: [Vector.UD],
  AAM: [Vector.DE],
  DIV: [Vector.DE],
  IDIV: [Vector.DE],
  BOUND: [Vector.BR],
};

const byMnemonic = new Map<string, Form[]>();
for (const form of allForms()) byMnemonic.set(form.mnemonic, [...(byMnemonic.get(form.mnemonic) ?? []), form]);
const executed = new Set<Form>();

describe('every form of the instruction table', () => {
  for (const [mnemonic, forms] of byMnemonic) {
    it(`${mnemonic} executes, at its length, on its first and last processor`, () => {
      for (const form of forms) {
        for (const model of new Set([form.since, lastModel(form)])) {
          for (const variant of variantsOf(form)) checkExecution(form, model, variant);
        }
      }
    });
  }

  it('has been executed', () => {
    assert.deepEqual(
      allForms()
        .filter((form) => !executed.has(form))
        .map(describeForm),
      [],
    );
  });
});

function prepare(form: Form, model: CpuModel, variant: Variant, seed: number, cpl: 0 | 3 = 0): [Bench, Encoded] {
  const bench = benchOf(model);
  bench.reset({ cpl });
  const encoded = encodeForm(form, new Random(seed), { ...variant, address: DATA });
  setUp({ bench, form, encoded, operandSize: variant.operandSize, address: DATA, cpl });
  return [bench, encoded];
}

function checkExecution(form: Form, model: CpuModel, variant: Variant): void {
  for (let seed = 1; seed <= 3; seed++) {
    const [bench, { bytes }] = prepare(form, model, variant, seed);
    const what = `${describeForm(form)}, ${variantName(variant)} on the ${model}: ${hex(bytes)}`;
    bench.step(bytes);
    if (bench.fault >= 0) {
      assert.ok(OUTCOMES[form.mnemonic]?.includes(bench.fault), `${what} raised ${vectorName(bench.fault)}`);
      assert.equal(bench.state.eip, CODE, `${what}: a fault restarts`);
    } else if (!BRANCHES.test(form.mnemonic)) {
      assert.equal(bench.state.eip - CODE, bytes.length, `${what}: length`);
    }
    executed.add(form);
  }
}

/** States that each variant of a form is compared in; values at edges are more likely than not. */
const STATES = 24;

function assertSame(actual: Snapshot, expected: Snapshot, what: string): void {
  if (!isSame(actual, expected)) assert.deepEqual(actual, expected, what);
}

function referenceOf(form: Form): Reference | undefined {
  if (isFloatOrVector(form)) return undefined;
  if (STRINGS.has(form.mnemonic)) return stringReference(form.mnemonic, (form.opcode & 1) === 1);
  const special = form.operands.some((spec) => /^[SCD][wd]$/.test(spec));
  if (special || (/^(PUSH|POP)$/.test(form.mnemonic) && form.operands.length === 0)) return undefined;
  return INTEGER[form.mnemonic] ?? FLOW[form.mnemonic];
}

/** Integer instructions without a reference function: they are about segments, privilege, ports or the system. */
const WITHOUT_REFERENCE = new Set([
  ...['PUSH', 'POP', 'MOV', 'PUSHF', 'POPF', 'LES', 'LDS', 'LSS', 'LFS', 'LGS', 'ARPL', 'LAR', 'LSL', 'VERR', 'VERW'],
  ...['JMPF', 'CALLF', 'RETF', 'IRET', 'INT', 'INT1', 'INT3', 'INTO', 'IN', 'OUT', 'INS', 'OUTS', 'CLI', 'STI', 'HLT'],
  ...['SLDT', 'STR', 'LLDT', 'LTR', 'SGDT', 'SIDT', 'LGDT', 'LIDT', 'SMSW', 'LMSW', 'INVLPG', 'CLTS', 'INVD', 'WBINVD'],
  ...['CPUID', 'RDTSC', 'RDPMC', 'RDMSR', 'WRMSR', 'SYSENTER', 'SYSEXIT', 'VMCALL', 'VMMCALL', 'UD2'],
  // Hints of the SSE family that have no mandatory prefix.
  ...['PREFETCHNTA', 'PREFETCHT0', 'PREFETCHT1', 'PREFETCHT2', 'WAIT', 'EMMS'],
]);

describe('integer instructions against plain reference functions', () => {
  for (const [mnemonic, all] of byMnemonic) {
    const forms = all.filter((form) => referenceOf(form) !== undefined);
    if (forms.length === 0) continue;
    it(mnemonic, () => {
      for (const form of forms) {
        for (const variant of variantsOf(form)) {
          for (let seed = 1; seed <= STATES; seed++) compareWithReference(form, variant, seed);
        }
      }
    });
  }

  it('all have one, but for those that are about the system', () => {
    const missing = allForms().filter((form) => !isFloatOrVector(form) && referenceOf(form) === undefined);
    assert.deepEqual(missing.filter(({ mnemonic }) => !WITHOUT_REFERENCE.has(mnemonic)).map(describeForm), []);
  });
});

function compareWithReference(form: Form, variant: Variant, seed: number): void {
  const bench = benchOf(lastModel(form));
  bench.reset();
  const random = new Random(seed * 7919 + form.opcode);
  const encoded = encodeForm(form, random, { ...variant, address: DATA + 0x40 });
  const { bytes, places, pinned } = encoded;
  const number = places[1];
  // The bit number would be an address.
  if (/^BT/.test(form.mnemonic) && number.kind === 'register' && pinned.has(number.index)) return;
  setRandomState({ bench, form, encoded, operandSize: variant.operandSize, address: DATA + 0x40, cpl: 0 }, random);
  const before = bench.snapshot();
  const memory = bench.memory();
  const world = new World(before, CODE + bytes.length, (address) => bench.read(address & 0xfffff, 1));
  const subject = { world, mnemonic: form.mnemonic, ...variant, places, address: DATA + 0x40 };
  const effects = (referenceOf(form) as Reference)(subject) ?? {};
  // The reference reads memory as it was: nothing has been executed yet.
  bench.step(bytes);
  const what = () =>
    `${describeForm(form)}, ${variantName(variant)}: ${hex(bytes)} with ${before.registers.map((value) => value.toString(16)).join(' ')}, flags ${before.eflags.toString(16)}`;
  const after = bench.snapshot();
  if (bench.fault !== (effects.fault ?? -1)) assert.equal(bench.fault, effects.fault ?? -1, what());
  if (effects.fault !== undefined) {
    assertSame(after, before, `${what()}: a fault leaves all as it was`);
    return;
  }
  if (effects.undefinedResult) {
    assert.equal(after.eip, world.eip, what());
    return;
  }
  const mask = ~(FLAGS_ARITHMETIC & (effects.undefinedFlags ?? 0));
  const expected: Snapshot = {
    ...before,
    registers: world.registers.map((value) => value >>> 0),
    eip: world.eip,
    eflags: (world.flags & mask) | (after.eflags & ~mask),
  };
  assertSame(after, expected, what());
  for (const [address, value] of world.writes) {
    if (address >= DATA && address < DATA + memory.length) memory[address - DATA] = value;
  }
  if (!bench.hasMemory(memory)) assert.fail(`${what()}: memory ${firstDifference(bench, memory)}`);
}

function firstDifference(bench: Bench, expected: Buffer): string {
  const actual = bench.memory();
  const at = actual.findIndex((byte, i) => byte !== expected[i]);
  return `[${(DATA + at).toString(16)}]: expected ${expected[at]?.toString(16)}, got ${actual[at]?.toString(16)}`;
}

describe('LOCK', () => {
  it('is #UD but for forms that allow it, and those only with memory', () => {
    for (const form of allForms()) {
      for (const variant of variantsOf(form)) {
        const [bench, { bytes }] = prepare(form, lastModel(form), variant, 1);
        bench.step([0xf0, ...bytes]);
        const what = `LOCK ${describeForm(form)}, ${variantName(variant)}`;
        if (form.lockable && takesModRm(form) && variant.mod === 'memory') {
          assert.equal(bench.fault, -1, what);
          assert.equal(bench.state.eip - CODE, bytes.length + 1, what);
        } else {
          assert.equal(bench.fault, Vector.UD, what);
          assert.equal(bench.state.eip, CODE, what);
        }
      }
    }
  });
});

/** Instructions of the operating system, by mnemonic and operand (RDPMC while CR4.PCE is clear); then those that IOPL decides about. */
const PRIVILEGED = /^(HLT|CLTS|LGDT|LIDT|LLDT|LTR|LMSW|INVD|WBINVD|INVLPG|RDMSR|WRMSR|RDPMC|SYSEXIT|MOV .*[CD]d.*)$/;
const IOPL_SENSITIVE = /^(CLI|STI|IN|OUT|INS|OUTS)$/;
/** They change CS, by selectors of level 0 that are no use at level 3. */
const FAR = /^(JMPF|CALLF|RETF|IRET)$/;

describe('at privilege level 3', () => {
  it('instructions of the operating system and of I/O are #GP(0), and no others', () => {
    let refused = 0;
    for (const form of allForms()) {
      if (FAR.test(form.mnemonic)) continue;
      for (const variant of variantsOf(form)) {
        const [bench, { bytes }] = prepare(form, lastModel(form), variant, 1, 3);
        const before = bench.snapshot();
        bench.step(bytes);
        const what = `${describeForm(form)}, ${variantName(variant)}`;
        const key = form.operands.some((spec) => /^[CD]d$/.test(spec))
          ? `${form.mnemonic} ${form.operands.join(' ')}`
          : form.mnemonic;
        if (PRIVILEGED.test(key) || IOPL_SENSITIVE.test(key)) {
          assert.deepEqual([bench.fault, bench.errorCode], [Vector.GP, 0], what);
          assertSame(bench.snapshot(), before, what);
          refused++;
        } else if (bench.fault >= 0) {
          assert.ok(OUTCOMES[form.mnemonic]?.includes(bench.fault), `${what} raised ${vectorName(bench.fault)}`);
        }
      }
    }
    assert.ok(refused > 100);
  });
});

/** They name memory that they do not access. */
const NO_ACCESS = /^(LEA|INVLPG|NOP|PREFETCH.*)$/;
/** #GP where the operand is not aligned comes before the page fault. */
const ALIGNED = /^(FXSAVE|FXRSTOR)$/;
const GENERAL_PROTECTION: number = Vector.GP;
const PUSHES = /^(PUSH|PUSHA|PUSHF|CALL|ENTER)$/;
const POPS = /^(POP|POPA|POPF|RET|LEAVE)$/;

describe('a page fault', () => {
  it('leaves registers and memory as they were, for every form that accesses memory', () => {
    let faulted = 0;
    for (const form of allForms()) {
      for (const variant of variantsOf(form)) if (checkPageFault(form, variant)) faulted++;
    }
    assert.ok(faulted > 800, `${faulted} page faults`);
  });
});

function checkPageFault(form: Form, variant: Variant): boolean {
  const bench = benchOf(lastModel(form));
  bench.reset();
  const byte = form.mnemonic === 'CLFLUSH' || form.operands.some((spec) => spec === 'Eb' || spec === 'Ob');
  // Operands of more than a byte begin on the page before.
  const address = byte ? HOLE : HOLE - 1;
  const encoded = encodeForm(form, new Random(5), { ...variant, address });
  const number = encoded.places[1];
  const bitNumber = /^BT/.test(form.mnemonic) && number.kind === 'register' ? number.index : -1;
  // The bit number would be an address.
  if (encoded.pinned.has(bitNumber)) return false;
  const inMemory =
    encoded.places.some(({ kind }) => kind === 'memory') || (takesModRm(form) && variant.mod === 'memory');
  const onStack = PUSHES.test(form.mnemonic) || POPS.test(form.mnemonic);
  const strings = STRINGS.has(form.mnemonic) || form.mnemonic === 'XLAT' || /^MASKMOV/.test(form.mnemonic);
  if (!(inMemory || onStack || strings) || NO_ACCESS.test(form.mnemonic)) return false;
  setUp({ bench, form, encoded, operandSize: variant.operandSize, address: DATA, cpl: 0 });
  const { state } = bench;
  if (bitNumber >= 0) state.setReg(bitNumber, 0);
  if (!inMemory && onStack) {
    const esp = PUSHES.test(form.mnemonic) ? HOLE + 0x1000 + 1 : HOLE - 1;
    state.setReg(4, esp);
    state.setReg(5, esp);
  }
  if (strings) {
    const at = form.opcode & 1 ? HOLE - 1 : HOLE;
    for (const register of [6, 7]) state.setReg(register, at);
    state.setReg(3, HOLE);
  }
  const saved = Array.from({ length: 8 }, (_, i) => state.reg(i));
  const control = state.get(layout.FPU_CONTROL);
  const { selectors } = bench.snapshot();
  bench.reset({ hole: true });
  for (const [i, value] of saved.entries()) state.setReg(i, value);
  state.set(layout.FPU_CONTROL, control);
  state.eflags = 0x8d7;
  // All bytes of the masked moves are chosen.
  if (/^MASKMOV/.test(form.mnemonic)) {
    for (const registers of [layout.FPU_REGS, layout.XMM_REGS]) {
      state.u8.fill(0x80, registers, registers + 8 * layout.VECTOR_STRIDE);
    }
  }
  const before = bench.snapshot();
  const memory = bench.memory();
  bench.step(encoded.bytes);
  const what = `${describeForm(form)}, ${variantName(variant)}: ${hex(encoded.bytes)}`;
  if (ALIGNED.test(form.mnemonic) || (isFloatOrVector(form) && bench.fault === GENERAL_PROTECTION)) {
    assert.equal(bench.fault, Vector.GP, what);
  } else {
    assert.equal(bench.fault, Vector.PF, `${what} raised ${bench.fault < 0 ? 'nothing' : vectorName(bench.fault)}`);
    assert.equal(state.cr(2) & ~0xfff, HOLE, `${what}: CR2 ${state.cr(2).toString(16)}`);
  }
  assertSame(bench.snapshot(), { ...before, selectors }, what);
  // ENTER may have pushed some of its frame below the stack pointer, which nobody sees.
  if (form.mnemonic !== 'ENTER') assert.ok(bench.hasMemory(memory), `${what}: memory`);
  return bench.fault === Vector.PF;
}

/** MMX and SSE instructions that do not use the registers, and so do not ask whether they may. */
const ALWAYS_THERE = /^(PREFETCH.*|NOP|SFENCE|LFENCE|MFENCE|CLFLUSH|MOVNTI|PAUSE)$/;
const CR0_MP = 2;
const CR0_EM = 4;
const CR0_TS = 8;

describe('floating-point and vector instructions', () => {
  const forms = allForms().filter((form) => isFloatOrVector(form) || /^(WAIT|EMMS)$/.test(form.mnemonic));
  const isX87 = (form: Form) =>
    form.mnemonic === 'WAIT' || /^FX/.test(form.mnemonic) || (form.map === 0 && ESC_OPCODES.has(form.opcode));
  const usesXmm = (form: Form) => form.operands.some((spec) => /^[VUW]/.test(spec)) || /MXCSR$/.test(form.mnemonic);

  function faultWith(form: Form, cr0: number, cr4 = -1): number {
    const [bench, { bytes }] = prepare(form, lastModel(form), variantsOf(form)[0], 1);
    bench.state.setCr(0, bench.state.cr(0) | cr0);
    if (cr4 >= 0) bench.state.setCr(4, cr4);
    bench.step(bytes);
    return bench.fault;
  }

  it('are #NM after a task switch', () => {
    for (const form of forms) {
      const expected = ALWAYS_THERE.test(form.mnemonic) ? -1 : Vector.NM;
      assert.equal(faultWith(form, CR0_TS | CR0_MP), expected, describeForm(form));
    }
  });

  it('are #NM if the x87 is emulated, and #UD if they belong to MMX or SSE', () => {
    for (const form of forms) {
      if (form.mnemonic === 'WAIT' || ALWAYS_THERE.test(form.mnemonic)) continue;
      assert.equal(faultWith(form, CR0_EM), isX87(form) ? Vector.NM : Vector.UD, describeForm(form));
    }
  });

  it('of SSE are #UD unless the operating system saves their registers', () => {
    const sse = forms.filter((form) => usesXmm(form) && !isX87(form));
    assert.ok(sse.length > 150, `${sse.length} forms`);
    for (const form of sse) assert.equal(faultWith(form, 0, 0), Vector.UD, describeForm(form));
  });
});
