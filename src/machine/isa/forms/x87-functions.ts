import { TRANSCENDENTALS, type TranscendentalName } from '../../fpu/functions';
import type { Float80 } from '../../fpu/float80';
import { LOAD_CONSTANT } from '../../fpu/transcendental/constants';
import { C1, C2, PRECOMPUTATION_EXCEPTIONS, Rounding } from '../../fpu/words';
import * as layout from '../../layout';
import type { Emitter } from '../emitter';
import { type Form, form } from '../form';
import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import { i64 } from '../wasm/i64';
import {
  begin,
  compute,
  copyPlace,
  push,
  replaceAndPush,
  RESULT,
  stackRegister,
  storePlace,
  unmaskedOf,
} from './x87-stack';

const ROUNDING_SHIFT = 10;

/** Chooses among the values of a constant by the rounding control. */
function byRounding(e: Emitter, values: readonly Float80[]): Expr64 {
  const rounding = w.and(w.shrU(e.state(layout.FPU_CONTROL), ROUNDING_SHIFT), 3);
  return values
    .slice(1)
    .reduce(
      (chosen, value, i) =>
        value.mantissa === values[0].mantissa
          ? chosen
          : i64.select(w.eq(rounding, i + 1), i64.const(value.mantissa), chosen),
      i64.const(values[0].mantissa),
    );
}

const loadConstant = (name: keyof typeof LOAD_CONSTANT) => (e: Emitter) => {
  begin(e);
  const roundings = [Rounding.Nearest, Rounding.Down, Rounding.Up, Rounding.Zero];
  const values = roundings.map((rounding) => LOAD_CONSTANT[name](rounding << ROUNDING_SHIFT));
  push(e, () => {
    storePlace(e, RESULT, byRounding(e, values), values[0].exponent);
    return undefined;
  });
};

const call = (e: Emitter, name: TranscendentalName, st0: Expr, st1: Expr): Expr =>
  e.callValue('fpuTranscendental', TRANSCENDENTALS.indexOf(name), st0, st1);

/** Functions of ST(0), and of ST(0) and ST(1) whose result replaces ST(1) before ST(0) is popped. */
const calculate = (name: TranscendentalName, operands: 1 | 2, clear: number) => (e: Emitter) => {
  begin(e);
  const registers = Array.from({ length: operands }, (_, i) => stackRegister(e, i));
  const target = registers[operands - 1];
  compute(e, {
    sources: registers,
    target,
    pops: operands - 1,
    clear,
    failure: C2,
    calculate: () => {
      const flags = call(e, name, registers[0].pointer, target.pointer);
      const kept = w.or(unmaskedOf(e, flags, PRECOMPUTATION_EXCEPTIONS), w.and(flags, C2));
      e.if(w.eqz(kept), () => copyPlace(e, target.pointer, RESULT));
      return flags;
    },
  });
};

const calculateAndPush = (name: TranscendentalName) => (e: Emitter) => {
  begin(e);
  replaceAndPush(e, (st0) => call(e, name, st0, st0), C1 | C2);
};

export const x87FunctionForms = (): readonly Form[] => [
  ...form('FLD1', 'D9 /5 reg rm=0', '', loadConstant('fld1')),
  ...form('FLDL2T', 'D9 /5 reg rm=1', '', loadConstant('fldl2t')),
  ...form('FLDL2E', 'D9 /5 reg rm=2', '', loadConstant('fldl2e')),
  ...form('FLDPI', 'D9 /5 reg rm=3', '', loadConstant('fldpi')),
  ...form('FLDLG2', 'D9 /5 reg rm=4', '', loadConstant('fldlg2')),
  ...form('FLDLN2', 'D9 /5 reg rm=5', '', loadConstant('fldln2')),
  ...form('FLDZ', 'D9 /5 reg rm=6', '', loadConstant('fldz')),
  ...form('F2XM1', 'D9 /6 reg rm=0', '', calculate('F2XM1', 1, C1)),
  ...form('FYL2X', 'D9 /6 reg rm=1', '', calculate('FYL2X', 2, C1)),
  ...form('FPTAN', 'D9 /6 reg rm=2', '', calculateAndPush('FPTAN')),
  ...form('FPATAN', 'D9 /6 reg rm=3', '', calculate('FPATAN', 2, C1)),
  ...form('FYL2XP1', 'D9 /7 reg rm=1', '', calculate('FYL2XP1', 2, C1)),
  ...form('FSINCOS', 'D9 /7 reg rm=3', '', calculateAndPush('FSINCOS')),
  ...form('FSIN', 'D9 /7 reg rm=6', '', calculate('FSIN', 1, C1 | C2)),
  ...form('FCOS', 'D9 /7 reg rm=7', '', calculate('FCOS', 1, C1 | C2)),
];
