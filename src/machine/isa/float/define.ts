import { FunctionBuilder } from '../wasm/function';
import type { ModuleBuilder } from '../wasm/module';
import { ADD, DIV, MUL, SUB } from './arithmetic';
import { FLOAT_ROUTINES, type FloatRoutine, floatSignature } from './declare';
import { F32, F64 } from './format';
import { roundToBits, roundToPlace } from './round';
import { SQRT } from './square-root';
import { binaryOnBits, unaryOnBits } from './sse';
import { divideWide } from './wide';
import { binaryOnPlaces, nanOfPlaces, unaryOnPlaces } from './x87';

/** Writes the body of a function: parameters in the order of its declaration. */
type Body = (f: FunctionBuilder, m: ModuleBuilder) => void;

const BODIES: Partial<Record<FloatRoutine, Body>> = {
  f80Add: binaryOnPlaces(ADD),
  f80Sub: binaryOnPlaces(SUB),
  f80Mul: binaryOnPlaces(MUL),
  f80Div: binaryOnPlaces(DIV),
  f80Sqrt: unaryOnPlaces(SQRT),

  f32Add: binaryOnBits(F32, ADD, 'add'),
  f64Add: binaryOnBits(F64, ADD, 'add'),
  f32Sub: binaryOnBits(F32, SUB, 'sub'),
  f64Sub: binaryOnBits(F64, SUB, 'sub'),
  f32Mul: binaryOnBits(F32, MUL, 'mul'),
  f64Mul: binaryOnBits(F64, MUL, 'mul'),
  f32Div: binaryOnBits(F32, DIV, 'div'),
  f64Div: binaryOnBits(F64, DIV, 'div'),
  f32Sqrt: unaryOnBits(F32, SQRT, 'sqrt'),
  f64Sqrt: unaryOnBits(F64, SQRT, 'sqrt'),

  roundF80: roundToPlace(true),
  roundF80Extended: roundToPlace(false),
  roundF32: roundToBits(F32),
  roundF64: roundToBits(F64),
  nanF80: nanOfPlaces,
  divideWide,
};

/** Traps. */
const UNREACHABLE = 0x00;

/** Gives all functions of `declareFloat` their bodies. */
export function defineFloat(m: ModuleBuilder): void {
  for (const name of FLOAT_ROUTINES) {
    const { params, results } = floatSignature(name);
    const f = new FunctionBuilder(params, results);
    const body = BODIES[name];
    if (body) body(f, m);
    else f.emit([UNREACHABLE]);
    m.define({ index: m.indexOf(name), params, results }, f);
  }
}
