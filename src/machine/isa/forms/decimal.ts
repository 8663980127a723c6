import { Vector } from '../../cpu/fault';
import { FLAG_AF, FLAG_CF, FLAG_OF, FLAG_PF, FLAG_SF, FLAG_ZF, Register } from '../../layout';
import type { Emitter } from '../emitter';
import { type Form, form, type OperandAccess } from '../form';
import * as w from '../wasm/expression';

const AL = 0;
const AH = 4;

/** DAA and DAS: AL corrected by 6 per decimal digit (Intel SDM vol. 2, DAA, DAS). */
const adjustPacked = (direction: 1 | -1) => (e: Emitter) => {
  const old = e.reg(8, AL);
  const carry = e.flag(FLAG_CF);
  const low = e.let(w.or(w.gtU(w.and(old, 15), 9), e.flag(FLAG_AF)));
  const high = e.let(w.or(w.gtU(old, 0x99), carry));
  const correction = w.add(w.mul(low, 6), w.mul(high, 0x60));
  const result = e.let(w.and(direction === 1 ? w.add(old, correction) : w.sub(old, correction), 0xff));
  // DAS also reports the borrow of its low correction.
  const borrow = direction === 1 ? high : w.or(high, w.and(low, w.ltU(old, 6)));
  const overflow = direction === 1 ? w.and(w.xor(old, 0x80), result) : w.and(old, w.xor(result, 0x80));
  const others = w.or(w.or(e.let(borrow), w.mul(low, FLAG_AF)), w.shl(w.shrU(w.and(overflow, 0x80), 7), 11));
  e.flagsOfLogic(8, result, e.let(others));
  e.setReg(8, AL, result);
};

/** AAA and AAS: AL to one unpacked digit, the carry into AH. */
const adjustUnpacked = (direction: 1 | -1) => (e: Emitter) => {
  const ax = e.reg(16, Register.EAX);
  const adjust = e.let(w.or(w.gtU(w.and(ax, 15), 9), e.flag(FLAG_AF)));
  const corrected = e.let(w.add(ax, w.mul(adjust, direction * 0x106)));
  // OF, undefined in the manual, is that of adding or subtracting 6 (measured on a 386SX).
  const [before, after] = direction === 1 ? [corrected, ax] : [ax, corrected];
  const overflow = w.shl(w.and(w.and(before, w.not(after)), 0x80), 4);
  const flags = e.let(w.or(w.mul(adjust, FLAG_CF | FLAG_AF), overflow));
  e.flagsOfLogic(8, w.and(corrected, 0xff), flags);
  e.setReg(16, Register.EAX, w.and(corrected, 0xff0f));
};

const afterMultiply = (e: Emitter, base: OperandAccess) => {
  const divisor = base.read();
  e.if(w.eqz(divisor), () => e.fault(Vector.DE));
  const al = e.reg(8, AL);
  e.setReg(8, AH, w.divU(al, divisor));
  const rest = e.let(w.remU(al, divisor));
  e.flagsOfLogic(8, rest);
  e.setReg(8, AL, rest);
};

const beforeDivide = (e: Emitter, base: OperandAccess) => {
  const al = e.reg(8, AL);
  const product = e.let(w.and(w.mul(e.reg(8, AH), base.read()), 0xff));
  const sum = e.let(w.and(w.add(al, product), 0xff));
  // CF, AF and OF, undefined in the manual, are those of the addition (measured on a 386SX).
  e.flagsOfAdd(8, al, product, sum);
  e.setReg(16, Register.EAX, sum);
};

/** SALC (undocumented): AL = CF ? FF : 0. */
const setAlFromCarry = (e: Emitter) => e.setReg(8, AL, w.neg(e.flag(FLAG_CF)));

/** LAHF and SAHF move these flags. */
const LOW_FLAGS = FLAG_SF | FLAG_ZF | FLAG_AF | FLAG_PF | FLAG_CF;

const loadFlags = (e: Emitter) => e.setReg(8, AH, w.or(w.and(e.arithmeticFlags(), LOW_FLAGS), 2));

const storeFlags = (e: Emitter) => {
  const overflow = e.flag(FLAG_OF);
  const value = w.or(w.and(e.reg(8, AH), LOW_FLAGS), w.shl(overflow, 11));
  e.setFlags(LOW_FLAGS | FLAG_OF, e.let(value));
};

const complementCarry = (e: Emitter) => e.setFlags(FLAG_CF, e.let(w.xor(e.flag(FLAG_CF), 1)));

export const decimalForms = (): readonly Form[] => [
  ...form('DAA', '27', '', adjustPacked(1)),
  ...form('DAS', '2F', '', adjustPacked(-1)),
  ...form('AAA', '37', '', adjustUnpacked(1)),
  ...form('AAS', '3F', '', adjustUnpacked(-1)),
  ...form('AAM', 'D4', 'Ib', afterMultiply),
  ...form('AAD', 'D5', 'Ib', beforeDivide),
  ...form('SALC', 'D6', '', setAlFromCarry),
  ...form('SAHF', '9E', '', storeFlags),
  ...form('LAHF', '9F', '', loadFlags),
  ...form('CMC', 'F5', '', complementCarry),
  ...form('CLC', 'F8', '', (e: Emitter) => e.setFlags(FLAG_CF, 0)),
  ...form('STC', 'F9', '', (e: Emitter) => e.setFlags(FLAG_CF, FLAG_CF)),
];
