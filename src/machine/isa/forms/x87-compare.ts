import { C0, C2, C3, CONDITION_CODES, PRECOMPUTATION_EXCEPTIONS } from '../../fpu/words';
import * as layout from '../../layout';
import { FLAG_CF, FLAG_PF, FLAG_ZF, FLAGS_ARITHMETIC } from '../../layout';
import type { Emitter } from '../emitter';
import { type Form, form, type MemoryAccess, type OperandAccess } from '../form';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';
import { i64 } from '../wasm/i64';
import type { StackRegister } from '../x87-registers';
import { DOUBLE, fetchSource, type MemoryFormat, SHORT, SINGLE, withDenormal, WORD } from './x87-memory';
import {
  anyEmpty,
  begin,
  clearStatus,
  CONVERTED,
  pop,
  recordFlags,
  remember,
  stackRegister,
  storePlace,
  underflow,
} from './x87-stack';

const UNORDERED = C0 | C2 | C3;

interface Comparison {
  readonly sources: readonly StackRegister[];
  readonly operand?: MemoryAccess;
  readonly pops: number;
  /** Gives exceptions and C0, C2, C3. */
  readonly compare: () => Expr;
  /** Where the relation goes; its bits are those of C0, C2, C3. */
  readonly deliver: (relation: Expr) => void;
}

/**
 * Compares and pops. The chips deliver the relation even if an exception is not masked (measured; the manual has it otherwise
 * for an invalid operand), but do not pop then.
 */
function compare(e: Emitter, { sources, operand, pops, compare: relate, deliver }: Comparison): void {
  e.unlikely(anyEmpty(sources), () => {
    deliver(w.constant(UNORDERED));
    underflow(e, { operand, masked: () => pop(e, pops) });
  });
  e.x87.assume(sources, 'used');
  remember(e, operand);
  const flags = relate();
  deliver(e.let(w.and(flags, UNORDERED)));
  const unmasked = recordFlags(e, e.let(w.and(flags, ~UNORDERED)));
  if (pops > 0) e.if(w.eqz(w.and(unmasked, PRECOMPUTATION_EXCEPTIONS)), () => pop(e, pops));
}

const toStatus =
  (e: Emitter) =>
  (relation: Expr): void => {
    clearStatus(e, UNORDERED);
    e.setState(layout.FPU_STATUS, w.or(e.state(layout.FPU_STATUS), relation));
  };

/** C3, C2 and C0 have the places in the upper byte of the status word that ZF, PF and CF have in EFLAGS. */
const toFlags =
  (e: Emitter) =>
  (relation: Expr): void =>
    e.setFlags(FLAGS_ARITHMETIC, w.and(w.shrU(relation, 8), FLAG_ZF | FLAG_PF | FLAG_CF));

const relation = (e: Emitter, a: Expr, b: Expr, quiet: 0 | 1): Expr => e.float('f80Compare', [a, b, quiet]);

/** FCOM and FUCOM (`quiet`) with ST(i). */
const withRegister =
  (quiet: 0 | 1, pops: 0 | 1, destination = toStatus) =>
  (e: Emitter, operand: OperandAccess) => {
    begin(e);
    const [st0, other] = [stackRegister(e, 0), stackRegister(e, operand.read())];
    compare(e, {
      sources: [st0, other],
      pops,
      compare: () => relation(e, st0.pointer, other.pointer, quiet),
      deliver: destination(e),
    });
  };

const withMemory = (format: MemoryFormat, pops: 0 | 1) => (e: Emitter, operand: MemoryAccess) => {
  begin(e);
  const convert = fetchSource(e, format, operand);
  const st0 = stackRegister(e, 0);
  compare(e, {
    sources: [st0],
    operand,
    pops,
    compare: () => {
      const compared = convert.bits && e.x87.compareWith(st0, convert.bits);
      if (compared) return compared;
      const denormal = convert(CONVERTED);
      return withDenormal(e, relation(e, st0.pointer, w.constant(CONVERTED), 0), denormal, st0.pointer);
    },
    deliver: toStatus(e),
  });
};

/** FCOMPP and FUCOMPP. */
const withNext = (quiet: 0 | 1) => (e: Emitter) => {
  begin(e);
  const [st0, st1] = [stackRegister(e, 0), stackRegister(e, 1)];
  compare(e, {
    sources: [st0, st1],
    pops: 2,
    compare: () => relation(e, st0.pointer, st1.pointer, quiet),
    deliver: toStatus(e),
  });
};

const withZero = (e: Emitter) => {
  begin(e);
  const st0 = stackRegister(e, 0);
  compare(e, {
    sources: [st0],
    pops: 0,
    compare: () => {
      storePlace(e, CONVERTED, i64.const(0n), 0);
      return relation(e, st0.pointer, w.constant(CONVERTED), 0);
    },
    deliver: toStatus(e),
  });
};

/** FXAM: an empty register is told by C3 and C0, with the sign of what it held. */
const examine = (e: Emitter) => {
  begin(e);
  remember(e);
  const st0 = stackRegister(e, 0);
  clearStatus(e, CONDITION_CODES);
  const set = (codes: Expr) => e.setState(layout.FPU_STATUS, w.or(e.state(layout.FPU_STATUS), codes));
  const sign = w.shl(w.shrU(e.x87.top(st0.pointer), 15), 9);
  e.if(
    st0.empty,
    () => set(w.or(sign, C3 | C0)),
    () => set(e.float('f80Examine', [st0.pointer])),
  );
};

const MEMORY: readonly { mnemonic: string; opcode: string; format: MemoryFormat }[] = [
  { mnemonic: 'FCOM', opcode: 'D8', format: SINGLE },
  { mnemonic: 'FCOM', opcode: 'DC', format: DOUBLE },
  { mnemonic: 'FICOM', opcode: 'DA', format: SHORT },
  { mnemonic: 'FICOM', opcode: 'DE', format: WORD },
];

const sinceP6 = { since: 'pentium2' } as const;

export const x87CompareForms = (): readonly Form[] => [
  ...MEMORY.flatMap(({ mnemonic, opcode, format }) => [
    ...form(mnemonic, `${opcode} /2 mem`, 'M', withMemory(format, 0)),
    ...form(`${mnemonic}P`, `${opcode} /3 mem`, 'M', withMemory(format, 1)),
  ]),
  ...form('FCOM', 'D8 /2 reg', 'STi', withRegister(0, 0)),
  ...form('FCOMP', 'D8 /3 reg', 'STi', withRegister(0, 1)),
  ...form('FCOMPP', 'DE /3 reg rm=1', '', withNext(0)),
  ...form('FUCOM', 'DD /4 reg', 'STi', withRegister(1, 0)),
  ...form('FUCOMP', 'DD /5 reg', 'STi', withRegister(1, 1)),
  ...form('FUCOMPP', 'DA /5 reg rm=1', '', withNext(1)),
  ...form('FTST', 'D9 /4 reg rm=4', '', withZero),
  ...form('FXAM', 'D9 /4 reg rm=5', '', examine),
  // Encodings that the manuals leave out and the chips have.
  ...form('FCOM2', 'DC /2 reg', 'STi', withRegister(0, 0)),
  ...form('FCOMP3', 'DC /3 reg', 'STi', withRegister(0, 1)),
  ...form('FCOMP5', 'DE /2 reg', 'STi', withRegister(0, 1)),
  ...form('FUCOMI', 'DB /5 reg', 'STi', withRegister(1, 0, toFlags), sinceP6),
  ...form('FCOMI', 'DB /6 reg', 'STi', withRegister(0, 0, toFlags), sinceP6),
  ...form('FUCOMIP', 'DF /5 reg', 'STi', withRegister(1, 1, toFlags), sinceP6),
  ...form('FCOMIP', 'DF /6 reg', 'STi', withRegister(0, 1, toFlags), sinceP6),
];
