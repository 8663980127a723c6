import { CR0_AM } from '../../../cpu/control-bits';
import * as layout from '../../../layout';
import { FLAG_AC, FLAG_IF, FLAG_RF, FLAG_TF } from '../../../layout';
import * as w from '../../wasm/expression';
import type { Expr, Operand } from '../../wasm/expression';
import { FunctionBuilder } from '../../wasm/function';
import type { ModuleBuilder } from '../../wasm/module';
import { state } from '../runtime';
import type { Stage } from './stage';

/** Declares `wholeFlags`: the EFLAGS image with all arithmetic flags worked out, as `CpuState.eflags` gives it. */
export function declareFlags(m: ModuleBuilder): void {
  m.declare('wholeFlags', [], ['i32']);
}

/** The formulas are those of `materializeFlags`. */
export function defineFlags(m: ModuleBuilder): void {
  const declared = m.declared('wholeFlags');
  const f = new FunctionBuilder([], declared.results);
  const flags = f.let(state(layout.EFLAGS));
  const lazy = f.let(state(layout.LAZY_MASK));
  f.if(w.eqz(lazy), () => f.return(w.or(flags, 2)));
  const result = f.let(state(layout.LAZY_RESULT));
  const op1 = f.let(state(layout.LAZY_OP1));
  const op2 = f.let(state(layout.LAZY_OP2));
  const shift = f.let(state(layout.LAZY_SHIFT));
  const sub = f.let(state(layout.LAZY_SUB));
  const carries = w.or(w.and(op1, op2), w.and(w.or(op1, op2), w.not(result)));
  const halves = w.shrU(w.xor(w.xor(op1, op2), result), w.add(shift, 4));
  const overflow = w.and(w.xor(op1, result), w.xor(op2, result));
  const parity = w.popcnt(w.and(w.shrU(result, shift), 0xff));
  const derived = [
    w.xor(w.shrU(carries, 31), sub),
    w.shl(w.xor(w.and(parity, 1), 1), 2),
    w.shl(w.and(w.xor(halves, sub), 1), 4),
    w.shl(w.eqz(result), 6),
    w.shl(w.shrU(result, 31), 7),
    w.shl(w.shrU(overflow, 31), 11),
  ].reduce((all, flag) => w.or(all, flag));
  f.return(w.or(w.or(w.and(flags, w.not(lazy)), w.and(derived, lazy)), 2));
  m.define(declared, f);
}

/** The EFLAGS image. */
export const wholeFlags = (s: Stage): Expr => s.call('wholeFlags');

/** IOPL as a number. */
export const iopl = (): Expr => w.and(w.shrU(state(layout.EFLAGS), 12), 3);

/** Goes on only if no alignment is checked at a level with these flags. */
export function refuseAlignmentChecks(s: Stage, level: Operand, flags: Operand): void {
  s.refuse(w.and(w.and(w.eq(level, 3), w.ne(w.and(flags, FLAG_AC), 0)), w.ne(w.and(w.load32(layout.CR), CR0_AM), 0)));
}

/**
 * Writes EFLAGS. The run loop looks again where interrupts were let in and one waits, for single steps and for RF:
 * `CpuCore.setFlags`.
 * @param value bits that the model has
 */
export function setFlags(s: Stage, value: Expr): void {
  const opened = w.and(w.and(value, w.not(state(layout.EFLAGS))), FLAG_IF);
  const waited = s.let(w.and(w.ne(opened, 0), w.ne(state(layout.INTERRUPT_PENDING), 0)));
  s.set(layout.LAZY_MASK, 0);
  s.set(layout.EFLAGS, w.or(value, 2));
  s.f.if(w.or(waited, w.and(value, FLAG_TF)), () => s.requestExit(layout.EXIT_RECHECK));
  s.f.if(w.and(value, FLAG_RF), () => s.requestExit(layout.EXIT_RESUME));
}
