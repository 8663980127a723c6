import { CR0_EM, CR4_OSFXSR, CR4_OSXMMEXCPT } from '../../cpu/control-bits';
import { Vector } from '../../cpu/fault';
import * as layout from '../../layout';
import * as w from '../wasm/expression';
import type { Operand } from '../wasm/expression';
import { FunctionBuilder } from '../wasm/function';
import type { ModuleBuilder } from '../wasm/module';
import { i32x4, i64x2, v128, ZERO_V128 } from '../wasm/simd';
import { fastPath, hostPointer, linearAddress, raise, state, tlbEntry } from './runtime';

/** 16-byte accesses, and what is raised where MMX and SSE instructions are switched off. */
export function declareVectorRuntime(m: ModuleBuilder): void {
  m.declare('read128', ['i32', 'i32', 'i32'], ['v128']);
  m.declare('write128', ['i32', 'i32', 'v128', 'i32']);
  m.declare('mmxUnavailable');
  m.declare('sseUnavailable');
  m.declare('settleFloat');
}

/** #GP(0) for a linear address with bits of `mask`: the alignment that an operand must have, less one. */
function checkAlignment(f: FunctionBuilder, linear: Operand, mask: Operand, onFault: () => void): void {
  f.if(w.and(linear, mask), () => {
    raise(f, Vector.GP, 0);
    onFault();
  });
}

/** (segment, offset, alignment - 1) -> 16 bytes. */
function defineRead128(m: ModuleBuilder): void {
  const f = new FunctionBuilder(['i32', 'i32', 'i32'], ['v128']);
  const giveUp = () => f.return(ZERO_V128);
  const linear = linearAddress(f, m, 16, false, giveUp);
  checkAlignment(f, linear, f.param(2), giveUp);
  const entry = f.let(tlbEntry(linear));
  f.if(fastPath(entry, layout.TLB_READ_MASK, linear, 16), () => f.return(v128.load(hostPointer(entry, linear))));
  const half = (displacement: number) =>
    f.hold(f.callAs('i64', m.indexOf('read64'), [f.param(0), w.add(f.param(1), displacement)]));
  const low = half(0);
  f.if(state(layout.FAULT), giveUp);
  f.return(i64x2.replace(i64x2.splat(low), 1, half(8)));
  m.define({ index: m.indexOf('read128'), params: f.params, results: f.results }, f);
}

/** (segment, offset, value, alignment - 1): stores 16 bytes, or none if that faults. */
function defineWrite128(m: ModuleBuilder): void {
  const f = new FunctionBuilder(['i32', 'i32', 'v128', 'i32']);
  const giveUp = () => f.return();
  const value = f.getAs('v128', 2);
  const linear = linearAddress(f, m, 16, true, giveUp);
  checkAlignment(f, linear, f.param(3), giveUp);
  const entry = f.let(tlbEntry(linear));
  f.if(
    fastPath(entry, layout.TLB_WRITE_MASK, linear, 16),
    () => f.emit(v128.store(hostPointer(entry, linear), value)),
    () => {
      f.call(m.indexOf('probeWrite'), [linear, 16]);
      f.if(state(layout.FAULT), giveUp);
      for (let lane = 0; lane < 4; lane++) {
        f.call(m.indexOf('slowWrite'), [w.add(linear, lane * 4), 4, i32x4.extract(value, lane)]);
      }
    },
  );
  m.define({ index: m.indexOf('write128'), params: f.params, results: f.results }, f);
}

/** Intel SDM vol. 3A, 12.1 and 13.1: #UD while CR0.EM asks for emulation (of SSE, or CR4.OSFXSR is clear), then #NM for CR0.TS. */
function defineUnavailable(m: ModuleBuilder): void {
  const cr0 = () => state(layout.CR);
  const cr4 = () => state(layout.CR + 16);
  const mmx = new FunctionBuilder();
  mmx.if(w.and(cr0(), CR0_EM), () => {
    raise(mmx, Vector.UD);
    mmx.return();
  });
  raise(mmx, Vector.NM);
  m.define({ index: m.indexOf('mmxUnavailable'), params: [], results: [] }, mmx);
  const sse = new FunctionBuilder();
  sse.if(w.or(w.and(cr0(), CR0_EM), w.eqz(w.and(cr4(), CR4_OSFXSR))), () => {
    raise(sse, Vector.UD);
    sse.return();
  });
  raise(sse, Vector.NM);
  m.define({ index: m.indexOf('sseUnavailable'), params: [], results: [] }, sse);
}

/** IE, DE and ZE, which are found before anything is computed. */
const EARLY_FLAGS = 7;
const ALL_FLAGS = 0x3f;
const MASKS_SHIFT = 7;

/**
 * What SSE arithmetic raises (Intel SDM vol. 1, 11.5.2): an unmasked IE, DE or ZE of any element comes before the others of all
 * of them. #XM, or #UD where the operating system does not know of it.
 */
function defineSettleFloat(m: ModuleBuilder): void {
  const f = new FunctionBuilder();
  const mxcsr = f.let(state(layout.MXCSR));
  const flags = f.let(state(layout.FLOAT_FLAGS));
  const unmasked = f.let(w.and(w.and(flags, ALL_FLAGS), w.not(w.shrU(mxcsr, MASKS_SHIFT))));
  const reported = w.select(w.and(unmasked, EARLY_FLAGS), w.and(flags, EARLY_FLAGS), flags);
  f.emit(w.store32(layout.MXCSR, w.or(mxcsr, reported)));
  f.if(unmasked, () => {
    f.if(
      w.and(state(layout.CR + 16), CR4_OSXMMEXCPT),
      () => raise(f, Vector.XM),
      () => raise(f, Vector.UD),
    );
  });
  m.define({ index: m.indexOf('settleFloat'), params: [], results: [] }, f);
}

export function defineVectorRuntime(m: ModuleBuilder): void {
  defineRead128(m);
  defineWrite128(m);
  defineUnavailable(m);
  defineSettleFloat(m);
}
