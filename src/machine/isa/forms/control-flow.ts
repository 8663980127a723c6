import { Vector } from '../../cpu/fault';
import { FLAG_OF, FLAG_ZF, Register } from '../../layout';
import type { Emitter } from '../emitter';
import { CONDITION_NAMES } from './shared';
import { type Form, form, type MemoryAccess, type OperandAccess } from '../form';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';

const bytes = (e: Emitter) => e.operandSize / 8;

/** Target of a relative branch: the next instruction plus the (sign-extended) displacement. */
function relative(e: Emitter, displacement: OperandAccess): Expr {
  return e.branchTarget(displacement.read());
}

const jumpRelative = (e: Emitter, displacement: OperandAccess) => e.jump(relative(e, displacement));

const jumpIf = (code: number) => (e: Emitter, displacement: OperandAccess) =>
  e.if(e.condition(code), () => e.jump(relative(e, displacement)));

const jumpTo = (e: Emitter, target: OperandAccess) => e.jump(target.read());

/** A near call; `jump` checks the target before the return address is pushed, and puts EIP back if the push faults. */
function call(e: Emitter, target: Expr): void {
  const back = e.nextEip();
  e.jump(target);
  e.push(e.operandSize, back);
}

const callRelative = (e: Emitter, displacement: OperandAccess) => call(e, relative(e, displacement));
const callTo = (e: Emitter, target: OperandAccess) => call(e, target.read());

const returnNear = (e: Emitter) => {
  e.jump(e.peekStack(e.operandSize));
  e.adjustStack(bytes(e));
};

const returnNearRelease = (e: Emitter, release: OperandAccess) => {
  e.jump(e.peekStack(e.operandSize));
  e.adjustStack(e.let(w.add(release.read(), bytes(e))));
};

/** Reads a far pointer m16:16 or m16:32. */
function farPointer(e: Emitter, pointer: MemoryAccess): { offset: Expr; selector: Expr } {
  const offset = e.load(e.operandSize, pointer.segment, pointer.offset);
  const selector = e.load(16, pointer.segment, w.add(pointer.offset, bytes(e)));
  return { offset, selector };
}

const farIndirect = (operation: 'farJump' | 'farCall') => (e: Emitter, pointer: MemoryAccess) => {
  const { offset, selector } = farPointer(e, pointer);
  e.call(operation, selector, offset, bytes(e));
};

/** CX or ECX by address size, after an optional decrement. */
function counter(e: Emitter, decrement: boolean): Expr {
  const wide = e.address32();
  const count = e.let(w.sub(e.reg(32, Register.ECX), decrement ? 1 : 0));
  if (decrement) {
    e.if(
      wide,
      () => e.setReg(32, Register.ECX, count),
      () => e.setReg(16, Register.ECX, count),
    );
  }
  return e.let(w.select(wide, count, w.and(count, 0xffff)));
}

/** LOOP and its kin: the counter is written only if the branch does not fault, so the target is tried first. */
const loopWhile = (condition?: 'Z' | 'NZ') => (e: Emitter, displacement: OperandAccess) => {
  const wide = e.address32();
  const count = e.let(w.sub(e.reg(32, Register.ECX), 1));
  const left = w.ne(w.select(wide, count, w.and(count, 0xffff)), 0);
  const zero = condition ? e.flag(FLAG_ZF) : 1;
  const go = w.and(left, condition === 'NZ' ? w.eqz(zero) : zero);
  e.if(e.let(go), () => e.jump(relative(e, displacement)));
  counter(e, true);
};

const jumpIfCounterZero = (e: Emitter, displacement: OperandAccess) =>
  e.if(w.eqz(counter(e, false)), () => e.jump(relative(e, displacement)));

const bound = (e: Emitter, index: OperandAccess, limits: MemoryAccess) => {
  const extend = (value: Expr) => (e.operandSize === 16 ? w.extend16(value) : value);
  const value = e.let(extend(index.read()));
  const lower = extend(e.load(e.operandSize, limits.segment, limits.offset));
  const upper = extend(e.load(e.operandSize, limits.segment, w.add(limits.offset, bytes(e))));
  e.if(w.or(w.ltS(value, lower), w.gtS(value, upper)), () => e.fault(Vector.BR));
};

export const controlFlowForms = (): readonly Form[] => [
  ...CONDITION_NAMES.flatMap((name, code) => [
    ...form(`J${name}`, (0x70 + code).toString(16), 'Jb', jumpIf(code)),
    ...form(`J${name}`, `0F ${(0x80 + code).toString(16)}`, 'Jv', jumpIf(code)),
  ]),
  ...form('JMP', 'E9', 'Jv', jumpRelative),
  ...form('JMP', 'EB', 'Jb', jumpRelative),
  ...form('JMP', 'FF /4', 'Ev', jumpTo),
  ...form('JMPF', 'EA', 'Ap', (e: Emitter, offset: OperandAccess, selector: OperandAccess) =>
    e.call('farJump', selector.read(), offset.read(), bytes(e)),
  ),
  ...form('JMPF', 'FF /5', 'M', farIndirect('farJump')),
  ...form('CALL', 'E8', 'Jv', callRelative),
  ...form('CALL', 'FF /2', 'Ev', callTo),
  ...form('CALLF', '9A', 'Ap', (e: Emitter, offset: OperandAccess, selector: OperandAccess) =>
    e.call('farCall', selector.read(), offset.read(), bytes(e)),
  ),
  ...form('CALLF', 'FF /3', 'M', farIndirect('farCall')),
  ...form('RET', 'C2', 'Iw', returnNearRelease),
  ...form('RET', 'C3', '', returnNear),
  ...form('RETF', 'CA', 'Iw', (e: Emitter, release: OperandAccess) => e.call('farReturn', bytes(e), release.read())),
  ...form('RETF', 'CB', '', (e: Emitter) => e.call('farReturn', bytes(e), 0)),
  ...form('LOOPNE', 'E0', 'Jb', loopWhile('NZ')),
  ...form('LOOPE', 'E1', 'Jb', loopWhile('Z')),
  ...form('LOOP', 'E2', 'Jb', loopWhile()),
  ...form('JCXZ', 'E3', 'Jb', jumpIfCounterZero),
  ...form('BOUND', '62', 'Gv M', bound),
  ...form('INT3', 'CC', '', (e: Emitter) => e.call('breakpointInterrupt')),
  ...form('INT', 'CD', 'Ib', (e: Emitter, vector: OperandAccess) => e.call('softwareInterrupt', vector.read())),
  ...form('INTO', 'CE', '', (e: Emitter) => e.if(e.flag(FLAG_OF), () => e.call('overflowInterrupt'))),
  ...form('IRET', 'CF', '', (e: Emitter) => e.call('interruptReturn', bytes(e))),
  ...form('INT1', 'F1', '', (e: Emitter) => e.call('debugInterrupt')),
];
