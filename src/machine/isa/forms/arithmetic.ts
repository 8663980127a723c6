import { FLAG_CF } from '../../layout';
import type { Emitter } from '../emitter';
import { type Form, form, type OperandAccess } from '../form';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';

/** Computes a result from two values and sets the flags. */
type Compute = (e: Emitter, size: 8 | 16 | 32, a: Expr, b: Expr) => Expr;

const plus: Compute = (e, size, a, b) => {
  const result = e.let(w.add(a, b));
  e.flagsOfAdd(size, a, b, result);
  return result;
};

const plusCarry: Compute = (e, size, a, b) => {
  const result = e.let(w.add(w.add(a, b), e.flag(FLAG_CF)));
  e.flagsOfAdd(size, a, b, result, true);
  return result;
};

const minus: Compute = (e, size, a, b) => {
  const result = e.let(w.sub(a, b));
  e.flagsOfSub(size, a, b, result);
  return result;
};

const minusBorrow: Compute = (e, size, a, b) => {
  const result = e.let(w.sub(w.sub(a, b), e.flag(FLAG_CF)));
  e.flagsOfSub(size, a, b, result, true);
  return result;
};

const logic =
  (combine: (a: Expr, b: Expr) => Expr): Compute =>
  (e, size, a, b) => {
    const result = e.let(combine(a, b));
    e.flagsOfLogic(size, result);
    return result;
  };

/** `dst = dst op src`. All that can fault is done before the flags change. */
const update = (compute: Compute) => (e: Emitter, dst: OperandAccess, src: OperandAccess) => {
  const a = dst.readForUpdate();
  const b = src.read();
  dst.write(compute(e, dst.size, a, b));
};

/** Flags of `dst op src` only. */
const compare = (compute: Compute) => (e: Emitter, dst: OperandAccess, src: OperandAccess) => {
  const a = dst.read();
  compute(e, dst.size, a, src.read());
};

/** The eight two-operand groups in the order of their opcodes (00, 08, … 38) and of ModR/M.reg in 80-83. */
const GROUPS: readonly [string, Compute][] = [
  ['ADD', plus],
  ['OR', logic(w.or)],
  ['ADC', plusCarry],
  ['SBB', minusBorrow],
  ['AND', logic(w.and)],
  ['SUB', minus],
  ['XOR', logic(w.xor)],
  ['CMP', minus],
];

function twoOperandForms(): Form[] {
  return GROUPS.flatMap(([mnemonic, compute], index) => {
    const opcode = (low: number) => (index * 8 + low).toString(16);
    const isCompare = mnemonic === 'CMP';
    const semantics = isCompare ? compare(compute) : update(compute);
    const lock = { lockable: !isCompare };
    return [
      form(mnemonic, opcode(0), 'Eb Gb', semantics, lock),
      form(mnemonic, opcode(1), 'Ev Gv', semantics, lock),
      form(mnemonic, opcode(2), 'Gb Eb', semantics),
      form(mnemonic, opcode(3), 'Gv Ev', semantics),
      form(mnemonic, opcode(4), 'AL Ib', semantics),
      form(mnemonic, opcode(5), 'eAX Iv', semantics),
      form(mnemonic, `80 /${index}`, 'Eb Ib', semantics, lock),
      form(mnemonic, `81 /${index}`, 'Ev Iv', semantics, lock),
      // 82 is an undocumented twin of 80.
      form(mnemonic, `82 /${index}`, 'Eb Ib', semantics, lock),
      form(mnemonic, `83 /${index}`, 'Ev Ibs', semantics, lock),
    ].flat();
  });
}

const step = (direction: 1 | -1) => (e: Emitter, dst: OperandAccess) => {
  const a = dst.readForUpdate();
  const result = e.let(w.add(a, direction));
  e.flagsOfStep(dst.size, a, direction, result);
  dst.write(result);
};

const negate = (e: Emitter, dst: OperandAccess) => {
  const a = dst.readForUpdate();
  const result = e.let(w.neg(a));
  e.flagsOfSub(dst.size, 0, a, result);
  dst.write(result);
};

const complement = (_: Emitter, dst: OperandAccess) => dst.write(w.not(dst.readForUpdate()));

/** XADD: the destination gets the sum, the source the old destination. */
const exchangeAdd = (e: Emitter, dst: OperandAccess, src: OperandAccess) => {
  const a = dst.readForUpdate();
  const b = src.read();
  const result = plus(e, dst.size, a, b);
  src.write(a);
  dst.write(result);
};

const lockable = { lockable: true };
const test = compare(logic(w.and));

export const arithmeticForms = (): readonly Form[] => [
  ...twoOperandForms(),
  ...form('INC', '40+r', 'Zv', step(1)),
  ...form('DEC', '48+r', 'Zv', step(-1)),
  ...form('INC', 'FE /0', 'Eb', step(1), lockable),
  ...form('DEC', 'FE /1', 'Eb', step(-1), lockable),
  ...form('INC', 'FF /0', 'Ev', step(1), lockable),
  ...form('DEC', 'FF /1', 'Ev', step(-1), lockable),
  ...form('TEST', '84', 'Eb Gb', test),
  ...form('TEST', '85', 'Ev Gv', test),
  ...form('TEST', 'A8', 'AL Ib', test),
  ...form('TEST', 'A9', 'eAX Iv', test),
  // /1 is an undocumented twin of /0.
  ...['/0', '/1'].flatMap((digit) => [
    ...form('TEST', `F6 ${digit}`, 'Eb Ib', test),
    ...form('TEST', `F7 ${digit}`, 'Ev Iv', test),
  ]),
  ...form('NOT', 'F6 /2', 'Eb', complement, lockable),
  ...form('NOT', 'F7 /2', 'Ev', complement, lockable),
  ...form('NEG', 'F6 /3', 'Eb', negate, lockable),
  ...form('NEG', 'F7 /3', 'Ev', negate, lockable),
  ...form('XADD', '0F C0', 'Eb Gb', exchangeAdd, { lockable: true, since: '486' }),
  ...form('XADD', '0F C1', 'Ev Gv', exchangeAdd, { lockable: true, since: '486' }),
];
