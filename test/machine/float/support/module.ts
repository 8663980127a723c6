import {
  declareFloat,
  FLOAT_ROUTINES,
  type FloatFunction,
  floatSignature,
  type ValueFunction,
} from '../../../../src/machine/isa/float/declare';
import { defineFloat } from '../../../../src/machine/isa/float/define';
import { ModuleBuilder } from '../../../../src/machine/isa/wasm/module';
import { FLOAT_FLAGS, FPU_SCRATCH } from '../../../../src/machine/layout';

/** Places for operands and results; any host pointer will do. */
export const PLACES = { dst: FPU_SCRATCH, a: FPU_SCRATCH + 16, b: FPU_SCRATCH + 32, other: FPU_SCRATCH + 48 } as const;

/** The floating-point functions in a module of their own. */
export class FloatModule {
  readonly memory = new WebAssembly.Memory({ initial: 1 });
  private readonly view = new DataView(this.memory.buffer);
  private readonly functions: Record<
    FloatFunction | ValueFunction,
    (...args: (number | bigint)[]) => number | bigint | undefined
  >;

  constructor() {
    const m = new ModuleBuilder();
    declareFloat(m);
    defineFloat(m);
    for (const name of FLOAT_ROUTINES) m.export(name, { index: m.indexOf(name), ...floatSignature(name) });
    const instance = new WebAssembly.Instance(new WebAssembly.Module(m.finish()), { env: { memory: this.memory } });
    this.functions = instance.exports as unknown as typeof this.functions;
  }

  /** Calls a function by name; i64 values are bigints. */
  call(name: FloatFunction | ValueFunction, ...args: (number | bigint)[]): number | bigint | undefined {
    return this.functions[name](...args);
  }

  /** Calls a function of several results. */
  callMany(name: ValueFunction, ...args: (number | bigint)[]): readonly (number | bigint)[] {
    return this.functions[name](...args) as unknown as readonly (number | bigint)[];
  }

  /** Writes a place: sign and exponent above 64 bits of significand. */
  setPlace(at: number, value: bigint): void {
    this.view.setBigUint64(at, value & 0xffff_ffff_ffff_ffffn, true);
    this.view.setUint16(at + 8, Number(value >> 64n), true);
  }

  place(at: number): bigint {
    return this.view.getBigUint64(at, true) | (BigInt(this.view.getUint16(at + 8, true)) << 64n);
  }

  u64(at: number): bigint {
    return this.view.getBigUint64(at, true);
  }

  u32(at: number): number {
    return this.view.getUint32(at, true);
  }

  /** Flags of SSE functions since the last call of this. */
  takeFlags(): number {
    const flags = this.view.getUint32(FLOAT_FLAGS, true);
    this.view.setUint32(FLOAT_FLAGS, 0, true);
    return flags;
  }
}
