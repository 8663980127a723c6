import { FunctionBuilder } from '../wasm/function';
import type { ModuleBuilder } from '../wasm/module';
import { FLOAT_FUNCTIONS, type FloatFunction, floatSignature } from './declare';

/** Writes the body of a function: parameters in the order of its declaration. */
type Body = (f: FunctionBuilder, m: ModuleBuilder) => void;

const BODIES: Partial<Record<FloatFunction, Body>> = {};

/** Traps. */
const UNREACHABLE = 0x00;

/** Gives all functions of `declareFloat` their bodies. */
export function defineFloat(m: ModuleBuilder): void {
  for (const name of FLOAT_FUNCTIONS) {
    const { params, results } = floatSignature(name);
    const f = new FunctionBuilder(params, results);
    const body = BODIES[name];
    if (body) body(f, m);
    else f.emit([UNREACHABLE]);
    m.define({ index: m.indexOf(name), params, results }, f);
  }
}
