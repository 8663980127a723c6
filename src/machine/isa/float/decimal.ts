import * as w from '../wasm/expression';
import type { Expr64 } from '../wasm/expression';
import type { FunctionBuilder } from '../wasm/function';
import { i64 } from '../wasm/i64';
import type { ModuleBuilder } from '../wasm/module';
import { IE } from './flags';
import { integerOf, storeMagnitude } from './integer';
import { loadSignificand, loadTop, storePlace } from './place';
import { variable32, variable64 } from './variable';

/** Packed decimal: 18 digits of four bits, then a byte with the sign on top (SDM vol. 1, 4.7). */

const ZERO = i64.const(0n);
const TEN = i64.const(10n);
const DECIMAL_DIGITS = 18;
const DECIMAL_LIMIT = 10n ** BigInt(DECIMAL_DIGITS) - 1n;
/** The packed decimal indefinite: SDM vol. 1, table 4-4. */
const DECIMAL_INDEFINITE_TOP = 0xffff;
const DECIMAL_INDEFINITE_LOW = 0xc000_0000_0000_0000n;

/** Body of f80ToBcd. */
export function placeToDecimal(f: FunctionBuilder, m: ModuleBuilder): void {
  const [dst, place, control] = [0, 1, 2].map((index) => f.param(index));
  const [magnitude, flags] = integerOf(f, m, place, control);
  f.if(w.or(w.and(flags, IE), i64.gtU(magnitude, i64.const(DECIMAL_LIMIT))), () => {
    f.if(w.and(control, IE), () => storePlace(f, dst, DECIMAL_INDEFINITE_TOP, i64.const(DECIMAL_INDEFINITE_LOW)));
    f.return(w.constant(IE));
  });
  const rest = variable64(f, magnitude);
  const sign = f.let(w.shl(w.shrU(loadTop(place), 15), 15));
  const packed = (digits: number): Expr64 => {
    const result = variable64(f, ZERO);
    const shift = variable64(f, ZERO);
    f.loop((again) => {
      result.value = i64.or(result.value, i64.shl(i64.remU(rest.value, TEN), shift.value));
      rest.value = i64.divU(rest.value, TEN);
      shift.value = i64.add(shift.value, i64.const(4n));
      f.branchIf(i64.ltU(shift.value, i64.const(BigInt(4 * digits))), again);
    });
    return result.value;
  };
  const low = packed(16);
  const top = i64.wrap(packed(2));
  storePlace(f, dst, w.or(sign, top), low);
  f.return(flags);
}

/** Body of f80FromBcd. Digits above nine count as what they are worth. */
export function decimalToPlace(f: FunctionBuilder): void {
  const [dst, source] = [0, 1].map((index) => f.param(index));
  const top = f.let(loadTop(source));
  const digits = variable64(f, loadSignificand(source));
  const upper = w.add(w.mul(w.and(w.shrU(top, 4), 15), 10), w.and(top, 15));
  const magnitude = variable64(f, i64.extendU(upper));
  const left = variable32(f, w.constant(16));
  f.loop((again) => {
    const digit = i64.shrU(digits.value, i64.const(60n));
    magnitude.value = i64.add(i64.mul(magnitude.value, i64.const(10n)), digit);
    digits.value = i64.shl(digits.value, i64.const(4n));
    left.value = w.sub(left.value, 1);
    f.branchIf(left.value, again);
  });
  storeMagnitude(f, dst, w.shrU(top, 15), magnitude.value);
}
