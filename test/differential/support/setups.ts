import type { Form } from '../../../src/machine/isa/form';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import type { CaseBuilder } from './builder';
import type { Encoded, Encoding } from './encoder';
import { LOW_CODE, SEGMENTS, selectorOf, USER_CODE, USER_DATA } from './layout';
import { interesting } from './random';

/** An encoded instruction whose operands may still be given values. */
export interface Draft {
  readonly form: Form;
  readonly encoding: Encoding;
  readonly encoded: Encoded;
  /** Offset in CS of its first byte. */
  readonly eip: number;
  /** Nothing comes after it but INT3. */
  readonly last: boolean;
}

type Setup = (b: CaseBuilder, draft: Draft) => void;

/** Selectors to load: good and bad ones, but never one of the 64-bit segments. */
const SELECTORS = [
  ...[USER_CODE, USER_DATA, USER_DATA, USER_DATA, 0, 1, 3, 0x20, 0x28, 0x29, 0x2a, 0x08, 0x1b, 0x63, 0xfffb],
  ...SEGMENTS.map(selectorOf),
  ...[0x04, 0x47, 0xffff],
];

const size = ({ encoding }: Draft) => encoding.operandSize / 8;

/** Gives the ModR/M operand a value. */
function setTarget(b: CaseBuilder, { encoded, form, encoding }: Draft, value: number): void {
  const byte = form.operands.some((spec) => spec === 'Eb');
  if (encoded.memory) b.patch(encoded.memory.linear, byte ? 1 : encoding.operandSize / 8, value);
  else if (encoded.rm !== undefined && encoding.first && !byte && !b.isPinned(encoded.rm)) b.pin(encoded.rm, value);
}

function overwrite({ encoded }: Draft, which: number, bytes: number, value: number): void {
  for (let i = 0; i < bytes; i++) encoded.bytes[encoded.immediates[which] + i] = (value >>> (8 * i)) & 0xff;
}

/** An offset in CS where a jump may land: near the instruction, with 16-bit operands somewhere low, or anywhere. */
function codeTarget(b: CaseBuilder, draft: Draft): number {
  const { random } = b;
  if (random.chance(0.05)) return interesting(random);
  if (draft.encoding.operandSize === 16 && b.hasLow) return LOW_CODE.address + random.below(LOW_CODE.bytes - 32);
  return draft.eip + 16 + random.below(64);
}

const branchByte: Setup = (b, draft) => {
  if (draft.last) overwrite(draft, 0, 1, b.random.chance(0.8) ? b.random.below(64) : -b.random.below(128));
};

const branchWide: Setup = (b, draft) => {
  if (!draft.last) return;
  const near = b.random.chance(0.8) ? b.random.below(256) : interesting(b.random);
  overwrite(draft, 0, size(draft), near);
};

const branch: Setup = (b, draft) => (draft.form.operands[0] === 'Jb' ? branchByte : branchWide)(b, draft);

const counted: Setup = (b, draft) => {
  branchByte(b, draft);
  if (!draft.encoding.first || b.isPinned(Register.ECX)) return;
  const count = b.random.pick([0, 0, 1, 1, 2, 0x10000, 0x10001, 0xffff0000, 0xffff0001, 0xffffffff]);
  b.pin(Register.ECX, count);
};

const jumpTarget: Setup = (b, draft) => {
  if (draft.form.operands[0] === 'Jv' || draft.form.operands[0] === 'Jb') branch(b, draft);
  else setTarget(b, draft, codeTarget(b, draft));
};

const nearReturn: Setup = (b, draft) => b.patchStack(0, size(draft), codeTarget(b, draft));

const selector = (b: CaseBuilder) => (b.random.chance(0.5) ? b.selectors[SegmentIndex.CS] : b.random.pick(SELECTORS));

const farReturn: Setup = (b, draft) => {
  b.patchStack(0, size(draft), codeTarget(b, draft));
  b.patchStack(size(draft), size(draft), selector(b));
};

/** Flags to pop: without TF, NT, AC and ID, which would change what the next case or the kernel does. */
const SAFE_FLAGS = 0x00003ed5;

const popFlags: Setup = (b, draft) => b.patchStack(0, size(draft), b.random.u32() & SAFE_FLAGS);

const interruptReturn: Setup = (b, draft) => {
  farReturn(b, draft);
  b.patchStack(2 * size(draft), size(draft), b.random.u32() & SAFE_FLAGS);
};

const farPointer =
  (code: boolean): Setup =>
  (b, draft) => {
    const bytes = size(draft);
    const offset = code ? codeTarget(b, draft) : interesting(b.random);
    const chosen = code ? selector(b) : b.random.pick(SELECTORS);
    if (draft.form.operands[0] === 'Ap') {
      overwrite(draft, 0, bytes, offset);
      for (const [i, byte] of [chosen & 0xff, chosen >>> 8].entries()) {
        draft.encoded.bytes[draft.encoded.immediates[0] + bytes + i] = byte;
      }
      return;
    }
    const { memory } = draft.encoded;
    if (!memory) return;
    b.patch(memory.linear, bytes, offset);
    b.patch((memory.linear + bytes) >>> 0, 2, chosen);
  };

const selectorOperand: Setup = (b, draft) => {
  const value = b.random.pick(SELECTORS) | (b.random.u32() << 16);
  if (draft.encoded.memory) b.patch(draft.encoded.memory.linear, 2, value);
  else if (draft.encoded.rm !== undefined && draft.encoding.first) b.pin(draft.encoded.rm, value);
};

const popSegment: Setup = (b, draft) => b.patchStack(0, size(draft), b.random.pick(SELECTORS));

const strings: Setup = (b, draft) => {
  if (!draft.encoding.first) return;
  const { addressSize, segment } = draft.encoding;
  const count = b.random.chance(0.9) ? b.random.below(24) : b.random.below(600);
  const place = (register: Register, index: SegmentIndex) => {
    const offset = b.offset(index, addressSize);
    if (addressSize === 16) b.pin16(register, offset);
    else b.pin(register, offset);
  };
  place(Register.ESI, segment ?? SegmentIndex.DS);
  place(Register.EDI, SegmentIndex.ES);
  if (addressSize === 16) b.pin16(Register.ECX, count);
  else b.pin(Register.ECX, count);
};

const scanned: Setup = (b, draft) => {
  strings(b, draft);
  if (!draft.encoding.first || b.random.chance(0.5)) return;
  // A run of equal elements, so that REPE goes on for a while.
  const value = b.registers[Register.EAX];
  const start = b.linear(SegmentIndex.ES, b.registers[Register.EDI]);
  const width = draft.form.opcode & 1 ? size(draft) : 1;
  for (let i = 0; i < b.random.below(12); i++) b.patch((start + i * width) >>> 0, width, value);
};

const division: Setup = (b, draft) => {
  if (!draft.encoding.first) return;
  const { random } = b;
  if (!b.isPinned(Register.EDX) && random.chance(0.7)) {
    b.pin(Register.EDX, random.pick([0, 0, 1, random.below(256), (b.registers[Register.EAX] | 0) >> 31]));
  }
  if (random.chance(0.3)) setTarget(b, draft, random.pick([0, 1, 2, -1, -2, 0x7fffffff, 0x80000000]) >>> 0);
};

const bitString: Setup = (b, draft) => {
  const { encoded, encoding } = draft;
  if (!encoded.memory || !encoding.first || b.isPinned(encoded.reg)) return;
  if (b.random.chance(0.8)) b.pin(encoded.reg, (b.random.below(0x4000) - 0x2000) >>> 0);
};

const exchange: Setup = (b, draft) => {
  if (b.random.chance(0.5)) setTarget(b, draft, b.registers[Register.EAX]);
};

const exchange8: Setup = (b, { encoded }) => {
  if (!encoded.memory || b.random.chance(0.5)) return;
  b.patch(encoded.memory.linear, 4, b.registers[Register.EAX]);
  b.patch((encoded.memory.linear + 4) >>> 0, 4, b.registers[Register.EDX]);
};

const bounds: Setup = (b, draft) => {
  const { memory, reg } = draft.encoded;
  if (!memory || b.random.chance(0.3)) return;
  const value = b.registers[reg];
  b.patch(memory.linear, size(draft), value - b.random.below(3));
  b.patch((memory.linear + size(draft)) >>> 0, size(draft), value + b.random.below(3) - 1);
};

const translate: Setup = (b, { encoding }) => {
  if (!encoding.first || b.isPinned(Register.EBX)) return;
  const offset = b.offset(encoding.segment ?? SegmentIndex.DS, encoding.addressSize);
  const base = offset - (b.registers[Register.EAX] & 0xff);
  if (encoding.addressSize === 16) b.pin16(Register.EBX, base);
  else b.pin(Register.EBX, base);
};

const frame: Setup = (b, draft) => {
  if (b.random.chance(0.7)) draft.encoded.bytes[draft.encoded.immediates[1]] = b.random.below(6);
  if (draft.encoding.first && b.random.chance(0.8)) framePointer(b, draft);
};

const framePointer: Setup = (b, { encoding }) => {
  if (!encoding.first || b.isPinned(Register.EBP)) return;
  const small = b.segmentAt(SegmentIndex.SS)?.big === false;
  if (small) b.pin16(Register.EBP, b.offset(SegmentIndex.SS, 16));
  else b.pin(Register.EBP, b.registers[Register.ESP] + b.random.below(256));
};

/** Vectors that user code may not use, and INT3 and INTO by number. INT 0x80 would be a system call. */
const vectors: Setup = (b, draft) =>
  overwrite(draft, 0, 1, b.random.pick([0, 1, 2, 3, 4, 5, 13, 14, 31, 32, 0x7f, 0x81, 0xff]));

const CONDITIONS = ['O', 'NO', 'B', 'NB', 'Z', 'NZ', 'BE', 'NBE', 'S', 'NS', 'P', 'NP', 'L', 'NL', 'LE', 'NLE'];

/** What has to be right for an instruction to do more than fault. */
export const SETUPS: Readonly<Record<string, Setup | undefined>> = {
  ...Object.fromEntries(CONDITIONS.map((condition) => [`J${condition}`, branch])),
  JMP: jumpTarget,
  CALL: jumpTarget,
  LOOP: counted,
  LOOPE: counted,
  LOOPNE: counted,
  JCXZ: counted,
  RET: nearReturn,
  RETF: farReturn,
  IRET: interruptReturn,
  POPF: popFlags,
  JMPF: farPointer(true),
  CALLF: farPointer(true),
  LDS: farPointer(false),
  LES: farPointer(false),
  LFS: farPointer(false),
  LGS: farPointer(false),
  LSS: farPointer(false),
  LAR: selectorOperand,
  LSL: selectorOperand,
  VERR: selectorOperand,
  VERW: selectorOperand,
  ARPL: selectorOperand,
  MOVS: strings,
  STOS: strings,
  LODS: strings,
  CMPS: scanned,
  SCAS: scanned,
  DIV: division,
  IDIV: division,
  BT: bitString,
  BTS: bitString,
  BTR: bitString,
  BTC: bitString,
  CMPXCHG: exchange,
  CMPXCHG8B: exchange8,
  BOUND: bounds,
  XLAT: translate,
  ENTER: frame,
  LEAVE: framePointer,
  INT: vectors,
};

/** The same for rows that share their mnemonic with others. */
export function setupOf(form: Form): Setup | undefined {
  const { mnemonic, operands } = form;
  if (mnemonic === 'MOV' && operands[0] === 'Sw') return selectorOperand;
  if (mnemonic === 'POP' && operands.length === 0) return popSegment;
  return SETUPS[mnemonic];
}
