import { C0, C1, C2, C3, PRECOMPUTATION_EXCEPTIONS } from '../../fpu/words';
import * as layout from '../../layout';
import type { Emitter } from '../emitter';
import { type Form, form, type MemoryAccess, type OperandAccess } from '../form';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';
import type { CombinedOperator } from '../x87-registers';
import { DOUBLE, fetchSource, type MemoryFormat, SHORT, SINGLE, withDenormal, WORD } from './x87-memory';
import {
  begin,
  checkUnderflow,
  clearStatus,
  compute,
  CONVERTED,
  copyPlace,
  markUsed,
  remember,
  replaceAndPush,
  RESULT,
  SECOND_RESULT,
  stackRegister,
  storeIndefinite,
  unmaskedOf,
} from './x87-stack';

type Operator = 'f80Add' | 'f80Sub' | 'f80Mul' | 'f80Div';

/** The operations in ModR/M.reg; `reversed` has the operand on the left of ST(0). */
const OPERATIONS: readonly { name: string; digit: number; operator: Operator; reversed: boolean }[] = [
  { name: 'ADD', digit: 0, operator: 'f80Add', reversed: false },
  { name: 'MUL', digit: 1, operator: 'f80Mul', reversed: false },
  { name: 'SUB', digit: 4, operator: 'f80Sub', reversed: false },
  { name: 'SUBR', digit: 5, operator: 'f80Sub', reversed: true },
  { name: 'DIV', digit: 6, operator: 'f80Div', reversed: false },
  { name: 'DIVR', digit: 7, operator: 'f80Div', reversed: true },
];

/** Names of the operations as `combine` has them: not reversed, and reversed. */
const COMBINED: Readonly<Record<Operator, readonly [CombinedOperator, CombinedOperator]>> = {
  f80Add: ['Add', 'Add'],
  f80Mul: ['Mul', 'Mul'],
  f80Sub: ['Sub', 'SubR'],
  f80Div: ['Div', 'DivR'],
};

const control = (e: Emitter): Expr => e.state(layout.FPU_CONTROL);

interface Operands {
  readonly st0: Expr;
  readonly other: Expr;
  readonly result: Expr;
}

function apply(e: Emitter, operator: Operator, reversed: boolean, { st0, other, result }: Operands): Expr {
  const [a, b] = reversed ? [other, st0] : [st0, other];
  return e.float(operator, [result, a, b, control(e)]);
}

/** ST(0) or, with `toOther`, ST(i) becomes ST(0) OP ST(i) or, reversed, ST(i) OP ST(0). */
const withRegister =
  (operator: Operator, reversed: boolean, toOther: boolean, pops: number) => (e: Emitter, operand: OperandAccess) => {
    begin(e);
    const [st0, other] = [stackRegister(e, 0), stackRegister(e, operand.read())];
    const target = toOther ? other : st0;
    const operands = { st0: st0.pointer, other: other.pointer, result: target.pointer };
    compute(e, {
      sources: [st0, other],
      target,
      pops,
      calculate: () => apply(e, operator, reversed, operands),
    });
  };

const withMemory =
  (operator: Operator, reversed: boolean, format: MemoryFormat) => (e: Emitter, operand: MemoryAccess) => {
    begin(e);
    const convert = fetchSource(e, format, operand);
    const st0 = stackRegister(e, 0);
    compute(e, {
      sources: [st0],
      target: st0,
      operand,
      pops: 0,
      calculate: () => {
        const combined = convert.bits && e.x87.combine(COMBINED[operator][reversed ? 1 : 0], st0, convert.bits);
        if (combined) return combined;
        const operands = { st0: st0.pointer, other: w.constant(CONVERTED), result: st0.pointer };
        const denormal = convert(CONVERTED);
        if (!denormal) return apply(e, operator, reversed, operands);
        const result = e.f.local();
        e.if(
          denormal,
          () => {
            // Whether the result may be used is only known when DE is among the flags.
            const computed = apply(e, operator, reversed, { ...operands, result: w.constant(RESULT) });
            const flags = e.let(withDenormal(e, computed, denormal, st0.pointer));
            e.f.set(result, flags);
            const kept = unmaskedOf(e, flags, PRECOMPUTATION_EXCEPTIONS);
            e.if(w.eqz(kept), () => copyPlace(e, st0.pointer, RESULT));
          },
          () => e.f.set(result, apply(e, operator, reversed, operands)),
        );
        return e.f.get(result);
      },
    });
  };

/** Something made of ST(0) alone. */
const unary = (name: 'f80Sqrt' | 'f80RoundToInteger') => (e: Emitter) => {
  begin(e);
  const st0 = stackRegister(e, 0);
  compute(e, {
    sources: [st0],
    target: st0,
    pops: 0,
    calculate: () => e.float(name, [st0.pointer, st0.pointer, control(e)]),
  });
};

/** FSCALE, FPREM, FPREM1: something made of ST(0) and ST(1), which stays. */
const withSecond =
  (clear: number, calculate: (e: Emitter, st0: Expr, st1: Expr) => Expr) =>
  (e: Emitter): void => {
    begin(e);
    const [st0, st1] = [stackRegister(e, 0), stackRegister(e, 1)];
    compute(e, {
      sources: [st0, st1],
      target: st0,
      pops: 0,
      clear,
      calculate: () => calculate(e, st0.pointer, st1.pointer),
    });
  };

const scale = withSecond(C1, (e, st0, st1) => e.float('f80Scale', [st0, st0, st1, control(e)]));

/** FPREM and FPREM1. Where there is no quotient, C0 and C3 stay as they are (measured). */
const remainder = (nearest: 0 | 1) =>
  withSecond(C0 | C1 | C2 | C3, (e, st0, st1) => {
    const flags = e.float('f80Remainder', [st0, st0, st1, control(e), nearest]);
    const isNaN = w.eq(w.and(e.x87.top(st0), 0x7fff), 0x7fff);
    const noQuotient = w.or(isNaN, unmaskedOf(e, flags, PRECOMPUTATION_EXCEPTIONS));
    return e.let(w.or(flags, w.select(noQuotient, w.and(e.state(layout.FPU_STATUS), C0 | C3), 0)));
  });

/** FXTRACT: the exponent takes the place of ST(0), the significand is pushed. */
const extract = (e: Emitter) => {
  begin(e);
  replaceAndPush(e, (st0) => e.float('f80Extract', [RESULT, SECOND_RESULT, st0]));
};

/** FABS and FCHS change the sign of whatever is there. */
const changeSign = (change: (sign: Expr) => Expr) => (e: Emitter) => {
  begin(e);
  const st0 = stackRegister(e, 0);
  const masked = () => {
    storeIndefinite(e, st0.pointer);
    markUsed(e, st0);
  };
  checkUnderflow(e, [st0], { masked });
  remember(e);
  clearStatus(e);
  e.x87.setTop(st0.pointer, change(e.x87.top(st0.pointer)));
};

/** In the forms with ST(i) as destination the two subtractions and the two divisions have changed names (vol. 2A, FSUB). */
const nameToOther = (digit: number): string =>
  OPERATIONS.find((operation) => operation.digit === (digit >= 4 ? digit ^ 1 : digit))?.name ?? '';

export const x87ArithmeticForms = (): readonly Form[] => [
  ...OPERATIONS.flatMap(({ name, digit, operator, reversed }) => [
    ...form(`F${name}`, `D8 /${digit} mem`, 'M', withMemory(operator, reversed, SINGLE)),
    ...form(`F${name}`, `DC /${digit} mem`, 'M', withMemory(operator, reversed, DOUBLE)),
    ...form(`FI${name}`, `DA /${digit} mem`, 'M', withMemory(operator, reversed, SHORT)),
    ...form(`FI${name}`, `DE /${digit} mem`, 'M', withMemory(operator, reversed, WORD)),
    ...form(`F${name}`, `D8 /${digit} reg`, 'STi', withRegister(operator, reversed, false, 0)),
    ...form(`F${nameToOther(digit)}`, `DC /${digit} reg`, 'STi', withRegister(operator, reversed, true, 0)),
    ...form(`F${nameToOther(digit)}P`, `DE /${digit} reg`, 'STi', withRegister(operator, reversed, true, 1)),
  ]),
  ...form(
    'FCHS',
    'D9 /4 reg rm=0',
    '',
    changeSign((sign) => w.xor(sign, 0x8000)),
  ),
  ...form(
    'FABS',
    'D9 /4 reg rm=1',
    '',
    changeSign((sign) => w.and(sign, 0x7fff)),
  ),
  ...form('FXTRACT', 'D9 /6 reg rm=4', '', extract),
  ...form('FPREM1', 'D9 /6 reg rm=5', '', remainder(1)),
  ...form('FPREM', 'D9 /7 reg rm=0', '', remainder(0)),
  ...form('FSQRT', 'D9 /7 reg rm=2', '', unary('f80Sqrt')),
  ...form('FRNDINT', 'D9 /7 reg rm=4', '', unary('f80RoundToInteger')),
  ...form('FSCALE', 'D9 /7 reg rm=5', '', scale),
];
