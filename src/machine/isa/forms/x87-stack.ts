import { CR0_EM, CR0_TS } from '../../cpu/control-bits';
import { Vector } from '../../cpu/fault';
import { C1, C2, EXCEPTIONS, Exception, PENDING, PRECOMPUTATION_EXCEPTIONS, STACK_FAULT } from '../../fpu/words';
import * as layout from '../../layout';
import type { Emitter } from '../emitter';
import type { MemoryAccess } from '../form';
import * as w from '../wasm/expression';
import type { Expr, Expr64, Operand } from '../wasm/expression';
import { i64 } from '../wasm/i64';
import type { StackRegister } from '../x87-registers';

/**
 * What the semantics of the x87 have in common: when instructions may begin, the register stack, and how exceptions are
 * recorded (Intel SDM vol. 1, chapter 8).
 */

/** Where results are computed before it is known whether they may be used, and where memory operands are converted to. */
export const RESULT = layout.FPU_SCRATCH;
export const SECOND_RESULT = layout.FPU_SCRATCH + layout.VECTOR_STRIDE;
export const CONVERTED = layout.FPU_SCRATCH + 2 * layout.VECTOR_STRIDE;

/** The real indefinite, and the packed decimal one, which looks the same. */
export const INDEFINITE_LOW = i64.const(0xc000000000000000n);
export const INDEFINITE_HIGH = 0xffff;

/** #NM where the x87 may not be used. */
export function checkAvailable(e: Emitter): void {
  e.unlikely(w.and(e.state(layout.CR), CR0_EM | CR0_TS), () => e.fault(Vector.NM));
}

/** Reports an exception that is pending; the instruction goes on only where it is to be ignored. */
export function checkPending(e: Emitter): void {
  e.unlikely(w.and(e.state(layout.FPU_STATUS), PENDING), () => {
    e.if(w.eqz(e.callValue('fpuReportError')), () => {
      e.restart();
      e.leave();
    });
  });
}

/** The beginning of every instruction but those that do not wait for exceptions. */
export function begin(e: Emitter): void {
  e.beginX87(() => {
    checkAvailable(e);
    checkPending(e);
  });
}

/** Remembers the instruction for exception handlers. Comes after all that may fault; control instructions do without. */
export function remember(e: Emitter, operand?: MemoryAccess): void {
  e.x87.remember(operand);
}

/** ST(i); -1 is what the next push will fill. */
export function stackRegister(e: Emitter, i: Operand): StackRegister {
  return e.x87.register(i);
}

/** Writes a place. */
export function storePlace(e: Emitter, place: Operand, significand: Expr64, top: Operand): void {
  e.x87.setSignificand(place, significand);
  e.x87.setTop(place, top);
}

/** Copies a value from place to place, in the parts in which values are written: the host forwards such stores to loads. */
export function copyPlace(e: Emitter, to: Operand, from: Operand): void {
  storePlace(e, to, e.x87.significand(from), e.x87.top(from));
}

export function storeIndefinite(e: Emitter, pointer: Operand): void {
  storePlace(e, pointer, INDEFINITE_LOW, INDEFINITE_HIGH);
}

export function markUsed(e: Emitter, register: StackRegister): void {
  e.x87.markUsed(register);
}

export function markEmpty(e: Emitter, register: StackRegister): void {
  e.x87.markEmpty(register);
}

/** Pops registers, 0 to 2 of them. */
export function pop(e: Emitter, count: number): void {
  for (let i = 0; i < count; i++) e.x87.pop();
}

/** Makes a register, which comes from `stackRegister(e, -1)`, the new ST(0). */
export function moveTop(e: Emitter, target: StackRegister): void {
  e.x87.moveTop(-1, target);
  markUsed(e, target);
}

/** Those of the exceptions in `flags` that are not masked. */
export function unmaskedOf(e: Emitter, flags: Expr, among = EXCEPTIONS): Expr {
  return e.let(w.and(e.unmaskedX87(flags), among));
}

/**
 * Records exceptions and condition codes in the status word, after clearing the bits of `clear`; sets ES if an
 * exception is not masked.
 *
 * @returns the exceptions that are not masked
 */
export function recordFlags(e: Emitter, flags: Expr, clear: Operand = C1): Expr {
  e.setState(layout.FPU_STATUS, w.or(w.and(e.state(layout.FPU_STATUS), w.not(clear)), flags));
  const unmasked = unmaskedOf(e, flags);
  e.if(unmasked, () => {
    e.setState(layout.FPU_STATUS, w.or(e.state(layout.FPU_STATUS), PENDING));
    e.call('fpuErrorChanged');
  });
  return unmasked;
}

/** Clears bits of the status word, C1 as a rule. */
export function clearStatus(e: Emitter, bits = C1): void {
  e.setState(layout.FPU_STATUS, w.and(e.state(layout.FPU_STATUS), ~bits));
}

/** Flags of a stack fault; those of an overflow have C1. */
const UNDERFLOW = Exception.Invalid | STACK_FAULT;
const OVERFLOW = UNDERFLOW | C1;

/** An instruction that finds the stack too empty or too full. */
export interface StackFault {
  /** Its operand in memory, to be remembered. */
  readonly operand?: MemoryAccess;
  /** What it does if the exception is masked. */
  readonly masked: () => void;
  /** Status bits that it clears: C1 if left out, or C1 and C2. */
  readonly clear?: number;
}

/** Stack underflow if one of the registers is empty; comes before the instruction has changed anything, and ends it. */
export function checkUnderflow(e: Emitter, registers: readonly StackRegister[], fault: StackFault): void {
  e.unlikely(anyEmpty(registers), () => underflow(e, fault));
  e.x87.assume(registers, 'used');
}

/** Stack overflow if the register that is to be pushed is not empty; likewise. */
export function checkOverflow(e: Emitter, target: StackRegister, fault: StackFault): void {
  e.unlikely(w.eqz(target.empty), () => stackFault(e, OVERFLOW, fault));
  e.x87.assume([target], 'empty');
}

/** Stack underflow, which ends the instruction. */
export function underflow(e: Emitter, fault: StackFault): void {
  stackFault(e, UNDERFLOW, fault);
}

function stackFault(e: Emitter, flags: number, { operand, masked, clear = C1 }: StackFault): void {
  remember(e, operand);
  const unmasked = recordFlags(e, w.constant(flags), clear & (C1 | C2));
  e.if(w.eqz(unmasked), masked);
  e.leave();
}

/** True if one of the registers is empty. */
export function anyEmpty(registers: readonly StackRegister[]): Expr {
  return registers.map((register) => register.empty).reduce((all, empty) => w.or(all, empty));
}

/** How a computation gets its operands and what becomes of its result. */
export interface Computation {
  /** Registers that must not be empty. */
  readonly sources: readonly StackRegister[];
  readonly target: StackRegister;
  readonly operand?: MemoryAccess;
  /** Registers popped thereafter. */
  readonly pops: number;
  /** Status bits that are cleared first; C1 if left out. */
  readonly clear?: number;
  /** Status bits that `calculate` sets when it could do nothing; none if left out. */
  readonly failure?: number;
  /** Replaces the target, unless an exception or a failure keeps it as it was; gives the flags. */
  readonly calculate: () => Expr;
}

/** Replaces a register by a result and pops, unless an exception that is not masked keeps everything as it was. */
export function compute(e: Emitter, computation: Computation): void {
  const { sources, target, operand, pops, clear, failure = 0, calculate } = computation;
  const masked = () => {
    storeIndefinite(e, target.pointer);
    markUsed(e, target);
    pop(e, pops);
  };
  checkUnderflow(e, sources, { operand, masked, clear });
  remember(e, operand);
  const flags = calculate();
  const unmasked = recordFlags(e, flags, clear);
  if (pops === 0) return;
  const kept = w.and(unmasked, PRECOMPUTATION_EXCEPTIONS);
  e.if(w.eqz(failure === 0 ? kept : w.or(kept, w.and(flags, failure))), () => pop(e, pops));
}

/** Makes the real indefinite the new ST(0). */
export function pushIndefinite(e: Emitter, target: StackRegister): void {
  moveTop(e, target);
  storeIndefinite(e, target.pointer);
}

/** Pushes what `load` puts into RESULT; it gives flags where the conversion may raise exceptions. */
export function push(e: Emitter, load: () => Expr | undefined, operand?: MemoryAccess): void {
  const target = stackRegister(e, -1);
  checkOverflow(e, target, { operand, masked: () => pushIndefinite(e, target) });
  remember(e, operand);
  const deliver = () => {
    moveTop(e, target);
    copyPlace(e, target.pointer, RESULT);
  };
  const flags = load();
  if (!flags) {
    clearStatus(e);
    deliver();
    return;
  }
  // A denormal is loaded even if DE is not masked (measured).
  const unmasked = recordFlags(e, flags);
  e.if(w.eqz(w.and(unmasked, Exception.Invalid)), deliver);
}

/**
 * ST(0) becomes RESULT and SECOND_RESULT is pushed (FXTRACT, FPTAN, FSINCOS). `calculate` gives the flags; where it sets
 * C2 nothing else happens.
 */
export function replaceAndPush(e: Emitter, calculate: (st0: Expr) => Expr, clear = C1): void {
  const [st0, target] = [stackRegister(e, 0), stackRegister(e, -1)];
  const bothIndefinite = () => {
    storeIndefinite(e, st0.pointer);
    markUsed(e, st0);
    pushIndefinite(e, target);
  };
  checkUnderflow(e, [st0], { masked: bothIndefinite, clear });
  checkOverflow(e, target, { masked: bothIndefinite, clear });
  remember(e);
  const flags = calculate(st0.pointer);
  const unmasked = recordFlags(e, flags, clear);
  e.if(w.eqz(w.or(w.and(unmasked, PRECOMPUTATION_EXCEPTIONS), w.and(flags, C2))), () => {
    copyPlace(e, st0.pointer, RESULT);
    moveTop(e, target);
    copyPlace(e, target.pointer, SECOND_RESULT);
  });
}
