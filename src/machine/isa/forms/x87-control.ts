import { CR0_MP, CR0_TS } from '../../cpu/control-bits';
import { Vector } from '../../cpu/fault';
import type { Operations } from '../../cpu/operations';
import { CONTROL_FIXED, CONTROL_WRITABLE, EXCEPTIONS, PENDING, STACK_FAULT } from '../../fpu/words';
import * as layout from '../../layout';
import { Register } from '../../layout';
import type { Emitter } from '../emitter';
import { type Form, form, type MemoryAccess, type OperandAccess } from '../form';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';
import { begin, checkAvailable, checkPending, clearStatus, markEmpty, pop, remember, stackRegister } from './x87-stack';

const TOP_SHIFT = 11;

/** The beginning of instructions that do not wait for exceptions. */
const beginWithoutWait = (e: Emitter): void => e.beginX87(() => checkAvailable(e));

/** WAIT heeds TS only while MP is set. */
const wait = (e: Emitter) => {
  const both = CR0_MP | CR0_TS;
  e.beginX87(() => {
    e.unlikely(w.eq(w.and(e.state(layout.CR), both), both), () => e.fault(Vector.NM));
    checkPending(e);
  });
};

const statusWord = (e: Emitter): Expr => w.or(e.state(layout.FPU_STATUS), w.shl(e.state(layout.FPU_TOP), TOP_SHIFT));

const storeStatus = (e: Emitter, operand: MemoryAccess) => {
  beginWithoutWait(e);
  e.store(16, operand.segment, operand.offset, statusWord(e));
};

const statusToAx = (e: Emitter) => {
  beginWithoutWait(e);
  e.setReg(16, Register.EAX, statusWord(e));
};

const storeControl = (e: Emitter, operand: MemoryAccess) => {
  beginWithoutWait(e);
  e.store(16, operand.segment, operand.offset, e.state(layout.FPU_CONTROL));
};

/** FLDCW: an exception that was pending all along may become unmasked, or masked. */
const loadControl = (e: Emitter, operand: MemoryAccess) => {
  begin(e);
  const value = e.load(16, operand.segment, operand.offset);
  const control = e.let(w.or(w.and(value, CONTROL_WRITABLE), CONTROL_FIXED));
  const status = e.let(e.state(layout.FPU_STATUS));
  const unmasked = w.and(w.and(status, EXCEPTIONS), w.not(control));
  const updated = e.let(w.or(w.and(status, ~PENDING), w.select(unmasked, PENDING, 0)));
  e.unlikely(w.ne(updated, status), () => {
    e.setState(layout.FPU_CONTROL, control);
    e.setState(layout.FPU_STATUS, updated);
    e.call('fpuErrorChanged');
    e.leave();
  });
  e.setState(layout.FPU_CONTROL, control);
};

const clearExceptions = (e: Emitter) => {
  checkAvailable(e);
  const wasPending = e.let(w.and(e.state(layout.FPU_STATUS), PENDING));
  clearStatus(e, EXCEPTIONS | STACK_FAULT | PENDING);
  e.if(wasPending, () => e.call('fpuErrorChanged'));
};

const initialize = (e: Emitter) => {
  checkAvailable(e);
  e.call('fpuInitialize');
};

type ImageOperation = 'fpuStoreEnvironment' | 'fpuLoadEnvironment' | 'fpuSave' | 'fpuRestore';

const image =
  (operation: ImageOperation & keyof Operations, waits: boolean) =>
  (e: Emitter, operand: MemoryAccess): void => {
    if (waits) begin(e);
    else checkAvailable(e);
    e.call(operation, operand.segment, operand.offset, e.operandSize / 8);
  };

const fxImage =
  (operation: 'fxSave' | 'fxRestore') =>
  (e: Emitter, operand: MemoryAccess): void => {
    checkAvailable(e);
    e.call(operation, operand.segment, operand.offset);
  };

/** FFREE, and FFREEP, which pops too. */
const free = (pops: 0 | 1) => (e: Emitter, operand: OperandAccess) => {
  begin(e);
  remember(e);
  clearStatus(e);
  markEmpty(e, stackRegister(e, operand.read()));
  pop(e, pops);
};

/** FINCSTP and FDECSTP: registers keep what they hold and whether they are empty. */
const rotate = (by: 1 | -1) => (e: Emitter) => {
  begin(e);
  remember(e);
  clearStatus(e);
  e.x87.moveTop(by);
};

const nothing = (e: Emitter) => {
  begin(e);
  remember(e);
};

/** FNENI, FNDISI and FNSETPM, which mattered to the 8087 and the 80287 only. */
const ignored = (e: Emitter) => checkAvailable(e);

/** Instructions whose image in memory has fields of the operand size. */
export const SIZED_IMAGES: ReadonlySet<string> = new Set(['FNSTENV', 'FLDENV', 'FNSAVE', 'FRSTOR']);

export const x87ControlForms = (): readonly Form[] => [
  ...form('WAIT', '9B', '', wait),
  ...form('FNSTCW', 'D9 /7 mem', 'M', storeControl),
  ...form('FLDCW', 'D9 /5 mem', 'M', loadControl),
  ...form('FNSTSW', 'DD /7 mem', 'M', storeStatus),
  ...form('FNSTSW', 'DF /4 reg rm=0', '', statusToAx),
  ...form('FNCLEX', 'DB /4 reg rm=2', '', clearExceptions),
  ...form('FNINIT', 'DB /4 reg rm=3', '', initialize),
  ...form('FNSTENV', 'D9 /6 mem', 'M', image('fpuStoreEnvironment', false)),
  ...form('FLDENV', 'D9 /4 mem', 'M', image('fpuLoadEnvironment', true)),
  ...form('FNSAVE', 'DD /6 mem', 'M', image('fpuSave', false)),
  ...form('FRSTOR', 'DD /4 mem', 'M', image('fpuRestore', true)),
  ...form('FFREE', 'DD /0 reg', 'STi', free(0)),
  ...form('FFREEP', 'DF /0 reg', 'STi', free(1)),
  ...form('FDECSTP', 'D9 /6 reg rm=6', '', rotate(-1)),
  ...form('FINCSTP', 'D9 /6 reg rm=7', '', rotate(1)),
  ...form('FNOP', 'D9 /2 reg rm=0', '', nothing),
  ...form('FNENI', 'DB /4 reg rm=0', '', ignored),
  ...form('FNDISI', 'DB /4 reg rm=1', '', ignored),
  ...form('FNSETPM', 'DB /4 reg rm=4', '', ignored),
  ...form('FXSAVE', 'NP 0F AE /0 mem', 'M', fxImage('fxSave'), { since: 'pentium2' }),
  ...form('FXRSTOR', 'NP 0F AE /1 mem', 'M', fxImage('fxRestore'), { since: 'pentium2' }),
];
