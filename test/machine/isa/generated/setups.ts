import * as layout from '../../../../src/machine/layout';
import type { Form } from '../../../../src/machine/isa/form';
import { interesting, type Random } from '../../../differential/support/random';
import { type Bench, CODE_0, DATA, DATA_0, DATA_3, GDT, LOCAL_TABLE, STACK, TASK } from './bench';
import type { Encoded } from './encode';

const [EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI] = [0, 1, 2, 3, 4, 5, 6, 7];

/** Where far and indirect branches lead. */
export const TARGET = 0x7000;

const masked = 0x37f;

/** Registers and memory with which an instruction finds valid operands, whatever it is. */
export function setPlainState(bench: Bench, encoded: Encoded, address: number): void {
  const { state } = bench;
  const registers = [100, 1, 0, DATA, STACK, STACK, DATA + 0x100, DATA + 0x200];
  for (const [index, value] of registers.entries()) state.setReg(index, value);
  for (const [index, value] of encoded.pinned) state.setReg(index, value);
  state.eflags = 2;
  state.set(layout.FPU_CONTROL, masked);
  bench.write(address, 4, TARGET);
  bench.write(address + 4, 4, CODE_0);
  for (const [i, value] of [TARGET, CODE_0, 2].entries()) bench.write(STACK + i * 4, 4, value);
}

interface Context {
  readonly bench: Bench;
  readonly form: Form;
  readonly encoded: Encoded;
  readonly operandSize: 16 | 32;
  readonly address: number;
  readonly cpl: 0 | 3;
}

/** Puts a value where an operand is: a register, or memory. */
function setOperand({ bench, encoded }: Context, position: number, value: number): void {
  const place = encoded.places[position];
  if (place.kind === 'register') bench.state.setReg(place.size === 8 ? place.index & 3 : place.index, value);
  else if (place.kind === 'memory') bench.write(place.address, 4, value);
}

const dataSelector = ({ cpl }: Context) => (cpl === 3 ? DATA_3 : DATA_0);

/** Far pointer in memory, behind an offset of the operand's size. */
function setPointer(c: Context, offset: number, selector: number): void {
  c.bench.write(c.address, 4, offset);
  c.bench.write(c.address + c.operandSize / 8, 2, selector);
}

/** Far return address on the stack. */
function setFrame(c: Context): void {
  const bytes = (c.operandSize / 8) as 2 | 4;
  for (const [i, value] of [TARGET, CODE_0, 2].entries()) c.bench.write(STACK + i * bytes, bytes, value);
}

/** By mnemonic: what else an instruction needs to end without an exception. */
const SETUPS: Readonly<Record<string, (c: Context) => void>> = {
  MOV: (c) => {
    const [destination, source] = c.form.operands;
    if (destination === 'Sw') setOperand(c, 1, dataSelector(c));
    // CR0 keeps protected mode on, CR3 has no low bits.
    if (destination === 'Cd' && source === 'Rd') setOperand(c, 1, c.form.opcode === 0x22 ? 0x11 : 0);
  },
  POP: (c) => {
    if (c.form.operands.length === 0) c.bench.write(STACK, 2, dataSelector(c));
  },
  LES: (c) => setPointer(c, TARGET, dataSelector(c)),
  LDS: (c) => setPointer(c, TARGET, dataSelector(c)),
  LSS: (c) => setPointer(c, TARGET, dataSelector(c)),
  LFS: (c) => setPointer(c, TARGET, dataSelector(c)),
  LGS: (c) => setPointer(c, TARGET, dataSelector(c)),
  JMPF: (c) => setPointer(c, TARGET, CODE_0),
  CALLF: (c) => setPointer(c, TARGET, CODE_0),
  RETF: setFrame,
  IRET: setFrame,
  POPF: (c) => c.bench.write(STACK, 4, 2),
  LLDT: (c) => setOperand(c, 0, LOCAL_TABLE),
  LTR: (c) => setOperand(c, 0, TASK),
  LMSW: (c) => setOperand(c, 0, 1),
  LGDT: (c) => {
    c.bench.write(c.address, 2, 0xff);
    c.bench.write(c.address + 2, 4, GDT);
  },
  RDMSR: ({ bench }) => bench.state.setReg(ECX, 0x10),
  WRMSR: ({ bench }) => bench.state.setReg(ECX, 0x10),
  RDPMC: ({ bench }) => bench.state.setReg(ECX, 0),
  SYSENTER: ({ bench }) => bench.state.set(layout.MSR_SYSENTER, CODE_0),
  SYSEXIT: ({ bench }) => {
    bench.state.set(layout.MSR_SYSENTER, CODE_0);
    bench.state.setReg(EDX, TARGET);
    bench.state.setReg(ECX, STACK);
  },
  DIV: (c) => setOperand(c, 0, 7),
  IDIV: (c) => setOperand(c, 0, 7),
  FXRSTOR: ({ bench, address }) => {
    bench.write(address, 4, masked);
    bench.write(address + 24, 4, 0x1f80);
  },
  LDMXCSR: ({ bench, address }) => bench.write(address, 4, 0x1f80),
};

export function setUp(context: Context): void {
  setPlainState(context.bench, context.encoded, context.address);
  SETUPS[context.form.mnemonic]?.(context);
}

/** Mnemonics whose index registers name memory. */
export const STRINGS = new Set(['MOVS', 'CMPS', 'STOS', 'LODS', 'SCAS', 'INS', 'OUTS']);

/**
 * Registers, flags and memory at random for a comparison with reference functions; what addresses are made of is valid.
 */
export function setRandomState(context: Context, random: Random): void {
  const { bench, form, encoded, address } = context;
  const { state } = bench;
  for (let i = 0; i < 8; i++) state.setReg(i, interesting(random));
  state.setReg(ESP, STACK);
  for (const [index, value] of encoded.pinned) state.setReg(index, value);
  for (let at = -64; at < 64; at += 4) bench.write(address + at, 4, interesting(random));
  for (let at = -16; at < 64; at += 4) bench.write(STACK + at, 4, interesting(random));
  const flags = [0x1, 0x4, 0x10, 0x40, 0x80, 0x800].reduce((all, flag) => all | (random.chance(0.5) ? flag : 0), 2);
  state.eflags = flags | (random.chance(0.3) ? 0x400 : 0);
  if (form.mnemonic === 'XLAT') state.setReg(EBX, DATA + random.below(0x80));
  if (form.mnemonic === 'ENTER' || form.mnemonic === 'LEAVE') state.setReg(EBP, STACK + 0x100);
  if (STRINGS.has(form.mnemonic)) {
    state.setReg(ESI, DATA + 0x100 + random.below(16));
    state.setReg(EDI, DATA + 0x200 + random.below(16));
    for (let at = 0x100; at < 0x220; at += 4) bench.write(DATA + at, 4, random.chance(0.5) ? 0 : interesting(random));
    if (random.chance(0.3)) state.setReg(EAX, 0);
  }
  const [target, number] = encoded.places;
  if (/^BT/.test(form.mnemonic) && target.kind === 'memory' && number.kind === 'register') {
    // A bit number that stays within what has been filled.
    state.setReg(number.index, random.between(-400, 400) >>> 0);
  }
  if (form.mnemonic === 'CMPXCHG8B' && random.chance(0.5)) {
    state.setReg(EAX, bench.read(address, 4));
    state.setReg(EDX, bench.read(address + 4, 4));
  }
}
