import { Register, SegmentIndex } from '../../layout';
import type { Emitter } from '../emitter';
import { CONDITION_NAMES } from './shared';
import { type Form, form, type MemoryAccess, type OperandAccess } from '../form';
import * as w from '../wasm/expression';

const move = (_: Emitter, dst: OperandAccess, src: OperandAccess) => dst.write(src.read());

const exchange = (_: Emitter, a: OperandAccess, b: OperandAccess) => {
  const first = a.readForUpdate();
  const second = b.read();
  b.write(first);
  a.write(second);
};

const signExtend = (_: Emitter, dst: OperandAccess, src: OperandAccess) =>
  dst.write(src.size === 8 ? w.extend8(src.read()) : w.extend16(src.read()));

const loadEffectiveAddress = (_: Emitter, dst: OperandAccess, src: MemoryAccess) => dst.write(src.offset);

/** CBW, CWDE. */
const widenAccumulator = (e: Emitter) => {
  if (e.operandSize === 16) e.setReg(16, Register.EAX, w.extend8(e.reg(8, Register.EAX)));
  else e.setReg(32, Register.EAX, w.extend16(e.reg(16, Register.EAX)));
};

/** CWD, CDQ. */
const signIntoDx = (e: Emitter) => {
  const accumulator = e.reg(e.operandSize, Register.EAX);
  const wide = e.operandSize === 16 ? w.extend16(accumulator) : accumulator;
  e.setReg(e.operandSize, Register.EDX, w.shrS(wide, 31));
};

const translate = (e: Emitter) => {
  const wide = e.let(w.add(e.reg(32, Register.EBX), e.reg(8, Register.EAX)));
  const offset = e.let(w.select(e.address32(), wide, w.and(wide, 0xffff)));
  e.setReg(8, Register.EAX, e.load(8, e.overriddenSegment(SegmentIndex.DS), offset));
};

const swapBytes = (_: Emitter, dst: OperandAccess) => {
  const value = dst.read();
  const odd = w.and(w.rotl(value, 8), 0x00ff00ff);
  const even = w.and(w.rotl(value, 24), 0xff00ff00 | 0);
  dst.write(w.or(odd, even));
};

const compareExchange = (e: Emitter, dst: OperandAccess, src: OperandAccess) => {
  const current = dst.readForUpdate();
  const expected = e.reg(dst.size, Register.EAX);
  const replacement = src.read();
  const difference = e.let(w.sub(expected, current));
  e.flagsOfSub(dst.size, expected, current, difference);
  e.if(
    w.eq(expected, current),
    () => dst.write(replacement),
    () => {
      // The chip writes the old value back in every case.
      dst.write(current);
      e.setReg(dst.size, Register.EAX, current);
    },
  );
};

/** Flag image with only ZF changed, as CMPXCHG8B does. */
const ZF = 0x40;

const compareExchange8 = (e: Emitter, dst: MemoryAccess) => {
  const highOffset = e.let(w.add(dst.offset, 4));
  const low = e.loadForUpdate(32, dst.segment, dst.offset);
  const high = e.loadForUpdate(32, dst.segment, highOffset);
  const equal = e.let(w.and(w.eq(low, e.reg(32, Register.EAX)), w.eq(high, e.reg(32, Register.EDX))));
  e.store(32, dst.segment, dst.offset, w.select(equal, e.reg(32, Register.EBX), low));
  e.store(32, dst.segment, highOffset, w.select(equal, e.reg(32, Register.ECX), high));
  e.if(w.eqz(equal), () => {
    e.setReg(32, Register.EAX, low);
    e.setReg(32, Register.EDX, high);
  });
  e.setFlags(ZF, w.mul(equal, ZF));
};

/** LDS, LES, LFS, LGS, LSS: a far pointer into a segment register and a general one. */
const loadFarPointer = (segment: SegmentIndex) => (e: Emitter, dst: OperandAccess, src: MemoryAccess) => {
  const offset = e.load(dst.size, src.segment, src.offset);
  const selector = e.load(16, src.segment, w.add(src.offset, dst.size / 8));
  e.call('loadFarSegment', segment, selector);
  dst.write(offset);
};

const moveFromSegment = (e: Emitter, dst: OperandAccess, src: OperandAccess) => dst.write(e.let(src.read()));

const conditional = (code: number) => (e: Emitter, dst: OperandAccess, src: OperandAccess) => {
  // The operand is read, and may fault, whatever the condition is.
  const value = src.read();
  e.if(e.condition(code), () => dst.write(value));
};

const setOnCondition = (code: number) => (e: Emitter, dst: OperandAccess) => dst.write(e.condition(code));

const hex = (value: number) => value.toString(16);

export const dataTransferForms = (): readonly Form[] => [
  ...form('MOV', '88', 'Eb Gb', move),
  ...form('MOV', '89', 'Ev Gv', move),
  ...form('MOV', '8A', 'Gb Eb', move),
  ...form('MOV', '8B', 'Gv Ev', move),
  // To a register the selector fills the operand size; to memory it is always 16 bits.
  ...form('MOV', '8C reg', 'Ev Sw', moveFromSegment),
  ...form('MOV', '8C mem', 'Ew Sw', moveFromSegment),
  ...form('MOV', '8E', 'Sw Ew', move),
  ...form('MOV', 'A0', 'AL Ob', move),
  ...form('MOV', 'A1', 'eAX Ov', move),
  ...form('MOV', 'A2', 'Ob AL', move),
  ...form('MOV', 'A3', 'Ov eAX', move),
  ...form('MOV', 'B0+r', 'Zb Ib', move),
  ...form('MOV', 'B8+r', 'Zv Iv', move),
  ...form('MOV', 'C6 /0', 'Eb Ib', move),
  ...form('MOV', 'C7 /0', 'Ev Iv', move),
  // UMOV, undocumented: a MOV that an in-circuit emulator can send to the memory of the user's program.
  ...form('UMOV', '0F 10', 'Eb Gb', move, { until: '486' }),
  ...form('UMOV', '0F 11', 'Ev Gv', move, { until: '486' }),
  ...form('UMOV', '0F 12', 'Gb Eb', move, { until: '486' }),
  ...form('UMOV', '0F 13', 'Gv Ev', move, { until: '486' }),
  ...form('LEA', '8D', 'Gv M', loadEffectiveAddress),
  ...form('XCHG', '86', 'Eb Gb', exchange, { lockable: true }),
  ...form('XCHG', '87', 'Ev Gv', exchange, { lockable: true }),
  ...form('XCHG', '90+r', 'Zv eAX', exchange),
  ...form('CBW', '98', '', widenAccumulator),
  ...form('CWD', '99', '', signIntoDx),
  ...form('XLAT', 'D7', '', translate),
  ...form('LES', 'C4', 'Gv M', loadFarPointer(SegmentIndex.ES)),
  ...form('LDS', 'C5', 'Gv M', loadFarPointer(SegmentIndex.DS)),
  ...form('LSS', '0F B2', 'Gv M', loadFarPointer(SegmentIndex.SS)),
  ...form('LFS', '0F B4', 'Gv M', loadFarPointer(SegmentIndex.FS)),
  ...form('LGS', '0F B5', 'Gv M', loadFarPointer(SegmentIndex.GS)),
  ...form('MOVZX', '0F B6', 'Gv Eb', move),
  ...form('MOVZX', '0F B7', 'Gv Ew', move),
  ...form('MOVSX', '0F BE', 'Gv Eb', signExtend),
  ...form('MOVSX', '0F BF', 'Gv Ew', signExtend),
  ...form('CMPXCHG', '0F B0', 'Eb Gb', compareExchange, { lockable: true, since: '486' }),
  ...form('CMPXCHG', '0F B1', 'Ev Gv', compareExchange, { lockable: true, since: '486' }),
  ...form('CMPXCHG8B', '0F C7 /1', 'M', compareExchange8, { lockable: true, since: 'pentium' }),
  ...form('BSWAP', '0F C8+r', 'Zv', swapBytes, { since: '486' }),
  ...CONDITION_NAMES.flatMap((name, code) => [
    ...form(`CMOV${name}`, `0F ${hex(0x40 + code)}`, 'Gv Ev', conditional(code), { since: 'pentium2' }),
    ...form(`SET${name}`, `0F ${hex(0x90 + code)}`, 'Eb', setOnCondition(code)),
  ]),
];
