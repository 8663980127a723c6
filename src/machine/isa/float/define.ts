import { FunctionBuilder } from '../wasm/function';
import type { ModuleBuilder } from '../wasm/module';
import { ADD, DIV, MUL, SUB } from './arithmetic';
import { placeFromBits, placeToBits } from './convert';
import { decimalToPlace, placeToDecimal } from './decimal';
import { FLOAT_ROUTINES, type FloatRoutine, floatSignature } from './declare';
import { F32, F64 } from './format';
import { integerOfValue, integerToPlace, placeToInteger, smallIntegerToPlace, valueToInteger } from './integer';
import { remainder } from './remainder';
import { roundToBits, roundToPlace } from './round';
import { comparePlaces, compareValues, examine, extract, roundToInteger, scale } from './special';
import { SQRT } from './square-root';
import { binaryOnBits, unaryOnBits } from './sse';
import { chooseBits, compareBits, predicateOfBits } from './sse-compare';
import { bitsToInteger, doubleToSingle, integerToDouble, integerToSingle, singleToDouble } from './sse-convert';
import { binaryOnValues, binaryWithBits, compareWithBits, unaryOnValues, valueFromBits, valueToBits } from './values';
import { divideWide } from './wide';
import { binaryOnPlaces, nanOfPlaces, unaryOnPlaces } from './x87';

/** Writes the body of a function: parameters in the order of its declaration. */
type Body = (f: FunctionBuilder, m: ModuleBuilder) => void;

const BODIES: Readonly<Record<FloatRoutine, Body>> = {
  f80Add: binaryOnPlaces(ADD),
  f80Sub: binaryOnPlaces(SUB),
  f80Mul: binaryOnPlaces(MUL),
  f80Div: binaryOnPlaces(DIV),
  f80Sqrt: unaryOnPlaces(SQRT),
  f80RoundToInteger: roundToInteger,
  f80Scale: scale,
  f80Extract: extract,
  f80Remainder: remainder,
  f80Compare: comparePlaces,
  f80Examine: examine,
  f80FromF32: placeFromBits(F32),
  f80FromF64: placeFromBits(F64),
  f80FromI32: smallIntegerToPlace,
  f80FromI64: integerToPlace,
  f80FromBcd: decimalToPlace,
  f80ToF32: placeToBits(F32),
  f80ToF64: placeToBits(F64),
  f80ToI16: placeToInteger(16),
  f80ToI32: placeToInteger(32),
  f80ToI64: placeToInteger(64),
  f80ToBcd: placeToDecimal,

  x87Add: binaryOnValues(ADD, 'f80Add'),
  x87Sub: binaryOnValues(SUB, 'f80Sub'),
  x87Mul: binaryOnValues(MUL, 'f80Mul'),
  x87Div: binaryOnValues(DIV, 'f80Div'),
  x87AddF32: binaryWithBits(ADD, 'f80Add', 'F32', false),
  x87AddF64: binaryWithBits(ADD, 'f80Add', 'F64', false),
  x87SubF32: binaryWithBits(SUB, 'f80Sub', 'F32', false),
  x87SubF64: binaryWithBits(SUB, 'f80Sub', 'F64', false),
  x87SubRF32: binaryWithBits(SUB, 'f80Sub', 'F32', true),
  x87SubRF64: binaryWithBits(SUB, 'f80Sub', 'F64', true),
  x87MulF32: binaryWithBits(MUL, 'f80Mul', 'F32', false),
  x87MulF64: binaryWithBits(MUL, 'f80Mul', 'F64', false),
  x87DivF32: binaryWithBits(DIV, 'f80Div', 'F32', false),
  x87DivF64: binaryWithBits(DIV, 'f80Div', 'F64', false),
  x87DivRF32: binaryWithBits(DIV, 'f80Div', 'F32', true),
  x87DivRF64: binaryWithBits(DIV, 'f80Div', 'F64', true),
  x87CompareF32: compareWithBits('F32'),
  x87CompareF64: compareWithBits('F64'),
  x87Sqrt: unaryOnValues(SQRT, 'f80Sqrt'),
  x87Compare: compareValues,
  x87FromF32: valueFromBits('F32'),
  x87FromF64: valueFromBits('F64'),
  x87ToF32: valueToBits(F32, 'f80ToF32'),
  x87ToF64: valueToBits(F64, 'f80ToF64'),
  x87ToI16: valueToInteger(16),
  x87ToI32: valueToInteger(32),
  x87ToI64: valueToInteger(64),

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
  f32Min: chooseBits(F32, 'lt'),
  f64Min: chooseBits(F64, 'lt'),
  f32Max: chooseBits(F32, 'gt'),
  f64Max: chooseBits(F64, 'gt'),
  f32Compare: compareBits(F32),
  f64Compare: compareBits(F64),
  f32Predicate: predicateOfBits(F32),
  f64Predicate: predicateOfBits(F64),
  f32FromI32: integerToSingle,
  f64FromI32: integerToDouble,
  f32ToI32: bitsToInteger(F32, false),
  f64ToI32: bitsToInteger(F64, false),
  f32TruncateToI32: bitsToInteger(F32, true),
  f64TruncateToI32: bitsToInteger(F64, true),
  f32ToF64: singleToDouble,
  f64ToF32: doubleToSingle,

  roundF80: roundToPlace(true),
  roundF80Extended: roundToPlace(false),
  roundF32: roundToBits(F32),
  roundF64: roundToBits(F64),
  integerF80: integerOfValue,
  nanF80: nanOfPlaces,
  divideWide,
};

/** Gives all functions of `declareFloat` their bodies. */
export function defineFloat(m: ModuleBuilder): void {
  for (const name of FLOAT_ROUTINES) {
    const { params, results } = floatSignature(name);
    const f = new FunctionBuilder(params, results);
    BODIES[name](f, m);
    m.define({ index: m.indexOf(name), params, results }, f);
  }
}
