import { Exception, EXCEPTIONS, STACK_FAULT } from '../../fpu/words';
import type { ConditionCode, Emitter } from '../emitter';
import { type Form, form, type MemoryAccess, type OperandAccess } from '../form';
import * as w from '../wasm/expression';
import type { Operand } from '../wasm/expression';
import { DOUBLE, EXTENDED, LONG, type MemoryFormat, PACKED, SHORT, SINGLE, WORD } from './x87-memory';
import {
  begin,
  checkUnderflow,
  clearStatus,
  copyPlace,
  markUsed,
  pop,
  push,
  pushIndefinite,
  recordFlags,
  remember,
  RESULT,
  stackRegister,
  storeIndefinite,
  unmaskedOf,
} from './x87-stack';

/** FLD, FILD, FBLD. */
const load = (format: MemoryFormat) => (e: Emitter, operand: MemoryAccess) => {
  begin(e);
  const convert = format.fetch(e, operand);
  push(e, () => convert(RESULT), operand);
};

/** FLD ST(i). */
const loadRegister = (e: Emitter, operand: OperandAccess) => {
  begin(e);
  const source = stackRegister(e, operand.read());
  checkUnderflow(e, [source], { masked: () => pushIndefinite(e, stackRegister(e, -1)) });
  push(e, () => {
    copyPlace(e, RESULT, source.pointer);
    return undefined;
  });
};

/**
 * FST, FIST, FBSTP and the like to memory: nothing is stored or popped if an exception is not masked that leaves no value to
 * store, and nothing is recorded if the store faults.
 */
const store = (format: MemoryFormat, pops: 0 | 1) => (e: Emitter, operand: MemoryAccess) => {
  begin(e);
  const st0 = stackRegister(e, 0);
  const deliver = (flags: Operand) => {
    const all = e.let(flags);
    const kept = unmaskedOf(e, all, EXCEPTIONS & ~Exception.Precision);
    e.if(w.eqz(kept), () => format.write(e, operand, RESULT));
    remember(e, operand);
    recordFlags(e, all);
    e.if(w.eqz(kept), () => pop(e, pops));
  };
  e.unlikely(st0.empty, () => {
    format.indefinite(e, RESULT);
    deliver(Exception.Invalid | STACK_FAULT);
    e.leave();
  });
  e.x87.assume([st0], 'used');
  deliver(format.convert(e, RESULT, st0.pointer) ?? 0);
};

/** FST ST(i) and FSTP ST(i). */
const storeRegister = (pops: 0 | 1) => (e: Emitter, operand: OperandAccess) => {
  begin(e);
  const [st0, target] = [stackRegister(e, 0), stackRegister(e, operand.read())];
  const masked = () => {
    storeIndefinite(e, target.pointer);
    markUsed(e, target);
    pop(e, pops);
  };
  checkUnderflow(e, [st0], { masked });
  remember(e);
  clearStatus(e);
  copyPlace(e, target.pointer, st0.pointer);
  markUsed(e, target);
  pop(e, pops);
};

/** D9 D8: an empty ST(0) is popped without a word, as an Athlon and its successors do. */
const storeIfAny = (e: Emitter, operand: OperandAccess) => {
  begin(e);
  const st0 = stackRegister(e, 0);
  e.unlikely(st0.empty, () => {
    remember(e);
    clearStatus(e);
    pop(e, 1);
    e.leave();
  });
  storeRegister(1)(e, operand);
};

const exchange = (e: Emitter, operand: OperandAccess) => {
  begin(e);
  const [st0, other] = [stackRegister(e, 0), stackRegister(e, operand.read())];
  const swap = () => {
    copyPlace(e, RESULT, st0.pointer);
    copyPlace(e, st0.pointer, other.pointer);
    copyPlace(e, other.pointer, RESULT);
  };
  const masked = () => {
    for (const register of [st0, other]) {
      e.if(register.empty, () => {
        storeIndefinite(e, register.pointer);
        markUsed(e, register);
      });
    }
    swap();
  };
  checkUnderflow(e, [st0, other], { masked });
  remember(e);
  clearStatus(e);
  swap();
};

/** FCMOVcc: conditions below, equal, below or equal, unordered, which is parity; and their opposites. */
const CONDITIONAL: readonly { suffix: string; encoding: string; condition: ConditionCode }[] = [
  { suffix: 'B', encoding: 'DA /0', condition: 2 },
  { suffix: 'E', encoding: 'DA /1', condition: 4 },
  { suffix: 'BE', encoding: 'DA /2', condition: 6 },
  { suffix: 'U', encoding: 'DA /3', condition: 10 },
  { suffix: 'NB', encoding: 'DB /0', condition: 3 },
  { suffix: 'NE', encoding: 'DB /1', condition: 5 },
  { suffix: 'NBE', encoding: 'DB /2', condition: 7 },
  { suffix: 'NU', encoding: 'DB /3', condition: 11 },
];

const moveIf = (condition: ConditionCode) => (e: Emitter, operand: OperandAccess) => {
  begin(e);
  const [st0, source] = [stackRegister(e, 0), stackRegister(e, operand.read())];
  const masked = () => {
    storeIndefinite(e, st0.pointer);
    markUsed(e, st0);
  };
  // The registers have to be there whatever the condition is.
  checkUnderflow(e, [st0, source], { masked });
  remember(e);
  e.if(e.condition(condition), () => copyPlace(e, st0.pointer, source.pointer));
};

export const x87LoadStoreForms = (): readonly Form[] => [
  ...form('FLD', 'D9 /0 mem', 'M', load(SINGLE)),
  ...form('FLD', 'DD /0 mem', 'M', load(DOUBLE)),
  ...form('FLD', 'DB /5 mem', 'M', load(EXTENDED)),
  ...form('FLD', 'D9 /0 reg', 'STi', loadRegister),
  ...form('FILD', 'DF /0 mem', 'M', load(WORD)),
  ...form('FILD', 'DB /0 mem', 'M', load(SHORT)),
  ...form('FILD', 'DF /5 mem', 'M', load(LONG)),
  ...form('FBLD', 'DF /4 mem', 'M', load(PACKED)),
  ...form('FST', 'D9 /2 mem', 'M', store(SINGLE, 0)),
  ...form('FSTP', 'D9 /3 mem', 'M', store(SINGLE, 1)),
  ...form('FST', 'DD /2 mem', 'M', store(DOUBLE, 0)),
  ...form('FSTP', 'DD /3 mem', 'M', store(DOUBLE, 1)),
  ...form('FSTP', 'DB /7 mem', 'M', store(EXTENDED, 1)),
  ...form('FIST', 'DF /2 mem', 'M', store(WORD, 0)),
  ...form('FISTP', 'DF /3 mem', 'M', store(WORD, 1)),
  ...form('FIST', 'DB /2 mem', 'M', store(SHORT, 0)),
  ...form('FISTP', 'DB /3 mem', 'M', store(SHORT, 1)),
  ...form('FISTP', 'DF /7 mem', 'M', store(LONG, 1)),
  ...form('FBSTP', 'DF /6 mem', 'M', store(PACKED, 1)),
  ...form('FST', 'DD /2 reg', 'STi', storeRegister(0)),
  ...form('FSTP', 'DD /3 reg', 'STi', storeRegister(1)),
  ...form('FXCH', 'D9 /1 reg', 'STi', exchange),
  // Encodings that the manuals leave out and the chips have.
  ...form('FSTP1', 'D9 /3 reg', 'STi', storeIfAny),
  ...form('FSTP8', 'DF /2 reg', 'STi', storeRegister(1)),
  ...form('FSTP9', 'DF /3 reg', 'STi', storeRegister(1)),
  ...form('FXCH4', 'DD /1 reg', 'STi', exchange),
  ...form('FXCH7', 'DF /1 reg', 'STi', exchange),
  ...CONDITIONAL.flatMap(({ suffix, encoding, condition }) =>
    form(`FCMOV${suffix}`, `${encoding} reg`, 'STi', moveIf(condition), { since: 'pentium2' }),
  ),
];
