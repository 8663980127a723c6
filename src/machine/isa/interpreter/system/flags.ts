import { CR0_AM } from '../../../cpu/control-bits';
import * as layout from '../../../layout';
import {
  FLAG_AC,
  FLAG_IF,
  FLAG_IOPL,
  FLAG_RF,
  FLAG_TF,
  FLAG_VIF,
  FLAG_VIP,
  FLAG_VM,
  Register,
  SegmentIndex,
} from '../../../layout';
import * as w from '../../wasm/expression';
import type { Expr, Operand } from '../../wasm/expression';
import { f64 } from '../../wasm/float';
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

/** PUSHF outside V86 mode. */
export function pushFlags(s: Stage): void {
  s.refuse(w.and(state(layout.EFLAGS), FLAG_VM));
  const image = s.let(w.and(wholeFlags(s), ~(FLAG_VM | FLAG_RF)));
  s.f.if(
    w.eq(s.f.param(0), 4),
    () => s.run('push32', image),
    () => s.run('push16', image),
  );
  s.f.return();
}

/**
 * POPF outside V86 mode.
 * @param modelFlags EFLAGS bits that the model has
 */
export const popFlags = (modelFlags: number) => (s: Stage) => {
  const { f } = s;
  const wide = s.let(w.eq(f.param(0), 4));
  s.refuse(w.and(state(layout.EFLAGS), FLAG_VM));
  const esp = s.let(state(layout.REGS + Register.ESP * 4));
  const big = s.let(state(layout.STACK_32));
  const offset = s.let(w.select(big, esp, w.and(esp, 0xffff)));
  const popped = f.local();
  f.if(
    wide,
    () => f.set(popped, s.call('read32', SegmentIndex.SS, offset)),
    () => f.set(popped, s.call('read16', SegmentIndex.SS, offset)),
  );
  f.if(state(layout.FAULT), () => f.return());
  const cpl = s.let(state(layout.CPL));
  const kept = s.let(
    w.or(
      w.or(FLAG_VM | FLAG_VIF | FLAG_VIP, w.select(cpl, FLAG_IOPL, 0)),
      w.select(w.gtU(cpl, iopl()), FLAG_IF, 0),
    ),
  );
  const loaded = s.let(w.and(w.not(kept), w.select(wide, ~FLAG_RF, 0xffff)));
  const old = wholeFlags(s);
  const value = s.let(w.and(w.or(w.and(old, w.not(w.or(loaded, FLAG_RF))), w.and(f.get(popped), loaded)), modelFlags));
  refuseAlignmentChecks(s, cpl, w.xor(value, old));
  const moved = s.let(w.add(esp, w.select(wide, 4, 2)));
  f.if(
    big,
    () => s.set(layout.REGS + Register.ESP * 4, moved),
    () => f.emit(w.store16(layout.REGS + Register.ESP * 4, moved)),
  );
  setFlags(s, value);
  f.return();
};

/** Goes on only where CLI and STI are about IF. */
function requireInterruptPrivilege(s: Stage): void {
  const protectedMode = w.and(w.load32(layout.CR), 1);
  s.refuse(w.and(protectedMode, w.gtU(state(layout.CPL), iopl())));
}

/** CLI. */
export function clearInterruptFlag(s: Stage): void {
  requireInterruptPrivilege(s);
  s.set(layout.EFLAGS, w.and(state(layout.EFLAGS), ~FLAG_IF));
  s.f.return();
}

/** STI; the shadow is that of `CpuCore.shadowInterrupts`. */
export function setInterruptFlag(s: Stage): void {
  const { f } = s;
  requireInterruptPrivilege(s);
  f.if(w.and(state(layout.EFLAGS), FLAG_IF), () => f.return());
  s.set(layout.EFLAGS, w.or(state(layout.EFLAGS), FLAG_IF));
  const now = f.hold(f64.sub(f64.load(0, layout.INSTRUCTION_BASE), f64.fromI32(state(layout.REMAINING))));
  f.if(f64.le(f64.load(0, layout.INTERRUPT_SHADOW), now), () =>
    f.emit(f64.store(0, f64.add(now, f64.fromI32(2)), layout.INTERRUPT_SHADOW)),
  );
  f.if(state(layout.INTERRUPT_PENDING), () => s.requestExit(layout.EXIT_RECHECK));
  f.return();
}
