import * as layout from '../../../layout';
import type { Emitter } from '../../emitter';
import type { Expr } from '../../wasm/expression';

/**
 * Computes with MXCSR and takes over its flags. Leaves with #XM (or #UD) if one of them is unmasked, before anything is
 * written.
 *
 * @param compute evaluates all that can raise flags, and holds it
 */
export function withFlags<T>(e: Emitter, compute: (mxcsr: Expr) => T): T {
  e.setState(layout.FLOAT_FLAGS, 0);
  const result = compute(e.let(e.state(layout.MXCSR)));
  e.if(e.state(layout.FLOAT_FLAGS), () => e.settleFloat());
  return result;
}
