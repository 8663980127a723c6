import { C0, C2, C3, Exception } from '../../fpu/words';
import type { Emitter } from '../emitter';
import type { MemoryAccess } from '../form';
import * as w from '../wasm/expression';
import type { Expr, Expr64 } from '../wasm/expression';
import { QUIET_BIT } from '../float/format';
import { i64 } from '../wasm/i64';
import type { MemoryBits } from '../x87-registers';
import { INDEFINITE_HIGH, INDEFINITE_LOW, storePlace } from './x87-stack';
import * as layout from '../../layout';

/** Converts an operand that has been read to a place; gives flags, where there can be any. */
interface Conversion {
  (place: number): Expr | undefined;
  /** What was read, if it is a single or double. */
  readonly bits?: MemoryBits;
}

/**
 * Formats of operands in memory (Intel SDM vol. 1, 4.2, 4.7 and 8.1.2) and how they are read, converted and written. Conversions
 * work on host pointers to 16-byte places.
 */
export interface MemoryFormat {
  /** Reads the operand, which may fault; what it gives converts it and gives flags, where there can be any. */
  fetch(e: Emitter, operand: MemoryAccess): Conversion;
  /** Converts the value at a host pointer for memory, at `place`; gives flags, where there can be any. */
  convert(e: Emitter, place: number, from: Expr): Expr | undefined;
  /** Writes what `convert` has put at `place`. */
  write(e: Emitter, operand: MemoryAccess, place: number): void;
  /** What the masked response to an invalid operation writes. */
  indefinite(e: Emitter, place: number): void;
}

const control = (e: Emitter): Expr => e.state(layout.FPU_CONTROL);

const load64 = (e: Emitter, m: MemoryAccess): Expr64 => e.load64(m.segment, m.offset);
const write32 = (e: Emitter, m: MemoryAccess, place: number): void => e.store(32, m.segment, m.offset, w.load32(place));
const write64 = (e: Emitter, m: MemoryAccess, place: number): void => e.store64(m.segment, m.offset, i64.load(place));

const put32 =
  (bits: number) =>
  (e: Emitter, place: number): void =>
    e.f.emit(w.store32(place, bits));
const put64 =
  (bits: bigint) =>
  (e: Emitter, place: number): void =>
    e.f.emit(i64.store(place, i64.const(bits)));

/** Reads 10 bytes. */
function fetchTenBytes(e: Emitter, m: MemoryAccess): (place: number) => void {
  const low = load64(e, m);
  const high = e.load(16, m.segment, w.add(m.offset, 8));
  return (place) => storePlace(e, place, low, high);
}

function writeTenBytes(e: Emitter, m: MemoryAccess, place: number): void {
  e.probeStore(m.segment, m.offset, 10);
  e.store64(m.segment, m.offset, i64.load(place));
  e.store(16, m.segment, w.add(m.offset, 8), w.load16(place, 8));
}

const putTenBytes = (e: Emitter, place: number): void => {
  e.f.emit(i64.store(place, INDEFINITE_LOW));
  e.f.emit(w.store16(place, INDEFINITE_HIGH, 8));
};

export const SINGLE: MemoryFormat = {
  fetch: (e, m) => {
    const bits = e.load(32, m.segment, m.offset);
    return Object.assign((place: number) => e.float('f80FromF32', [place, bits]), { bits });
  },
  convert: (e, place, from) => e.float('f80ToF32', [place, from, control(e)]),
  write: write32,
  indefinite: put32(0xffc00000),
};

export const DOUBLE: MemoryFormat = {
  fetch: (e, m) => {
    const bits = load64(e, m);
    return Object.assign((place: number) => e.float('f80FromF64', [place, bits]), { bits });
  },
  convert: (e, place, from) => e.float('f80ToF64', [place, from, control(e)]),
  write: write64,
  indefinite: put64(0xfff8000000000000n),
};

/** Moved as it is, without any exception but those of the stack. */
export const EXTENDED: MemoryFormat = {
  fetch: (e, m) => {
    const put = fetchTenBytes(e, m);
    return (place) => {
      put(place);
      return undefined;
    };
  },
  convert: (e, place, from) => {
    e.f.emit(i64.store(place, e.x87.significand(from)));
    e.f.emit(w.store16(place, e.x87.top(from), 8));
    return undefined;
  },
  write: writeTenBytes,
  indefinite: putTenBytes,
};

export const WORD: MemoryFormat = {
  fetch: (e, m) => {
    const value = e.let(w.extend16(e.load(16, m.segment, m.offset)));
    return (place) => {
      e.floatCall('f80FromI32', [place, value]);
      return undefined;
    };
  },
  convert: (e, place, from) => e.float('f80ToI16', [place, from, control(e)]),
  write: (e, m, place) => e.store(16, m.segment, m.offset, w.load16(place)),
  indefinite: put32(0x8000),
};

export const SHORT: MemoryFormat = {
  fetch: (e, m) => {
    const value = e.load(32, m.segment, m.offset);
    return (place) => {
      e.floatCall('f80FromI32', [place, value]);
      return undefined;
    };
  },
  convert: (e, place, from) => e.float('f80ToI32', [place, from, control(e)]),
  write: write32,
  indefinite: put32(0x80000000),
};

export const LONG: MemoryFormat = {
  fetch: (e, m) => {
    const value = load64(e, m);
    return (place) => {
      e.floatCall('f80FromI64', [place, value]);
      return undefined;
    };
  },
  convert: (e, place, from) => e.float('f80ToI64', [place, from, control(e)]),
  write: write64,
  indefinite: put64(0x8000000000000000n),
};

export const PACKED: MemoryFormat = {
  fetch: (e, m) => {
    const put = fetchTenBytes(e, m);
    return (place) => {
      put(place);
      e.floatCall('f80FromBcd', [place, place]);
      return undefined;
    };
  },
  convert: (e, place, from) => e.float('f80ToBcd', [place, from, control(e)]),
  write: writeTenBytes,
  indefinite: putTenBytes,
};

/**
 * Fetches an operand of arithmetic and compares; what it gives converts it to `place`, exactly: a signalling NaN stays one, for
 * the computation itself to find.
 *
 * @returns DE where the operand is denormal, which a single or double no longer is once converted
 */
export function fetchSource(e: Emitter, format: MemoryFormat, m: MemoryAccess): Conversion {
  const convert = format.fetch(e, m);
  const convertExactly = (place: number) => {
    const flags = convert(place);
    if (!flags) return undefined;
    e.if(w.and(flags, Exception.Invalid), () =>
      e.x87.setSignificand(place, i64.and(e.x87.significand(place), i64.const(~QUIET_BIT))),
    );
    return e.let(w.and(flags, Exception.Denormal));
  };
  return Object.assign(convertExactly, { bits: convert.bits });
}

/**
 * Adds the DE of a memory operand to the flags of a computation with a register. A NaN, an invalid operation and a
 * division by zero come before it; where DE is not masked no exception comes after it (Intel SDM vol. 1, 4.9.2).
 */
export function withDenormal(e: Emitter, flags: Expr, denormal: Expr | undefined, other: Expr): Expr {
  if (!denormal) return flags;
  const result = e.f.local();
  e.f.set(result, flags);
  e.if(denormal, () => {
    const isMaximum = w.eq(w.and(e.x87.top(other), 0x7fff), 0x7fff);
    const fraction = i64.shl(e.x87.significand(other), i64.const(1n));
    const isNaN = w.and(isMaximum, w.eqz(i64.eqz(fraction)));
    e.if(w.eqz(w.or(isNaN, w.and(flags, Exception.Invalid | Exception.ZeroDivide))), () => {
      const masked = w.and(control(e), Exception.Denormal);
      const kept = w.select(masked, flags, w.and(flags, C0 | C2 | C3));
      e.f.set(result, w.or(kept, Exception.Denormal));
    });
  });
  return e.f.get(result);
}
