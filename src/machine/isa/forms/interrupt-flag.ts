import { CR0_AM } from '../../cpu/control-bits';
import type { Operations } from '../../cpu/operations';
import * as layout from '../../layout';
import {
  FLAG_AC,
  FLAG_ID,
  FLAG_IF,
  FLAG_IOPL,
  FLAG_RF,
  FLAG_TF,
  FLAG_VIF,
  FLAG_VIP,
  FLAG_VM,
  FLAGS_ARITHMETIC,
} from '../../layout';
import type { Emitter } from '../emitter';
import { type Form, form } from '../form';
import * as w from '../wasm/expression';
import type { Expr, Operand } from '../wasm/expression';
import { f64 } from '../wasm/float';

/**
 * CLI, STI, PUSHF and POPF (Intel SDM vol. 2). What kernels do all the time is done in place; the operations of the same
 * names see to V86 mode, faults, virtual interrupt flags, single steps, and interrupts that can be taken at once.
 */

const eflags = (): Expr => w.load32(layout.EFLAGS);
const cpl = (): Expr => w.load32(layout.CPL);
/** Not zero where CPL is above IOPL. */
const aboveIopl = (): Expr => w.gtU(cpl(), w.and(w.shrU(eflags(), 12), 3));
/** Not zero in V86 mode, or where a debugger wants to be asked. */
const outOfPlace = (): Expr => w.or(w.load32(layout.OPERATIONS_WATCHED), w.and(eflags(), FLAG_VM));

/** EFLAGS bits that are not reserved, and what of them the 386 lacks. */
const EXISTING = 0x3f7fd5;
const SINCE_486 = FLAG_AC | FLAG_ID | FLAG_VIF | FLAG_VIP;

type FlagOperation = keyof Pick<Operations, 'clearInterruptFlag' | 'setInterruptFlag' | 'pushFlags' | 'popFlags'>;

/** Leaves an instruction that has changed nothing to its operation. */
function leaveTo(e: Emitter, operation: FlagOperation, condition: Operand, ...args: Operand[]): void {
  e.unlikely(condition, () => {
    e.call(operation, ...args);
    e.leave();
  });
}

/** Not zero where CLI and STI are not about IF, or not allowed. */
const interruptFlagDenied = (): Expr => w.and(w.load32(layout.CR), aboveIopl());

function clearInterruptFlag(e: Emitter): void {
  leaveTo(e, 'clearInterruptFlag', w.or(outOfPlace(), interruptFlagDenied()));
  e.setFlags(FLAG_IF, 0);
}

/** Of several STIs in a row only the first one keeps interrupts out for an instruction: `CpuCore.shadowInterrupts`. */
function setInterruptFlag(e: Emitter): void {
  const waiting = w.load32(layout.INTERRUPT_PENDING);
  leaveTo(e, 'setInterruptFlag', w.or(w.or(outOfPlace(), interruptFlagDenied()), waiting));
  const retired = e.f.hold(f64.sub(f64.load(0, layout.INSTRUCTION_BASE), f64.fromI32(e.remaining())));
  const shadow = f64.load(0, layout.INTERRUPT_SHADOW);
  const begins = w.and(f64.le(shadow, retired), w.eqz(w.and(eflags(), FLAG_IF)));
  const until = f64.select(begins, f64.add(retired, f64.fromI32(2)), shadow);
  e.f.emit(f64.store(0, until, layout.INTERRUPT_SHADOW));
  e.setFlags(FLAG_IF, FLAG_IF);
}

function pushFlags(e: Emitter): void {
  leaveTo(e, 'pushFlags', outOfPlace(), e.operandSize / 8);
  const system = w.and(eflags(), ~(FLAGS_ARITHMETIC | FLAG_VM | FLAG_RF));
  e.push(e.operandSize, e.let(w.or(w.or(system, e.arithmeticFlags()), 2)));
}

/** @param existing EFLAGS bits that the processor has */
const popFlags = (existing: number) => (e: Emitter) => {
  const size = e.operandSize / 8;
  leaveTo(e, 'popFlags', outOfPlace(), size);
  const popped = e.peekStack(e.operandSize);
  const kept = w.or(
    w.or(FLAG_VM | FLAG_VIF | FLAG_VIP, w.select(cpl(), FLAG_IOPL, 0)),
    w.select(aboveIopl(), FLAG_IF, 0),
  );
  const reach = (e.operandSize === 32 ? -1 : 0xffff) & existing & ~FLAGS_ARITHMETIC;
  const loaded = e.let(w.and(w.not(kept), reach));
  const old = e.let(eflags());
  const cleared = w.and(old, w.not(w.or(loaded, FLAGS_ARITHMETIC | FLAG_RF)));
  const system = e.let(w.and(w.or(cleared, w.and(popped, loaded)), ~FLAG_RF));
  const changed = e.let(w.xor(system, old));
  const opens = w.and(w.and(changed, system), FLAG_IF);
  const interrupted = w.and(w.ne(opens, 0), w.ne(w.load32(layout.INTERRUPT_PENDING), 0));
  // Alignment may be checked from here on, or no longer.
  const aligned = w.and(w.ne(w.and(changed, FLAG_AC), 0), w.ne(w.and(w.load32(layout.CR), CR0_AM), 0));
  leaveTo(e, 'popFlags', w.or(w.or(interrupted, aligned), w.and(w.or(system, old), FLAG_TF)), size);
  e.adjustStack(size);
  e.setFlags(-1, e.let(w.or(w.or(system, w.and(popped, FLAGS_ARITHMETIC)), 2)));
};

export const interruptFlagForms = (): readonly Form[] => [
  ...form('CLI', 'FA', '', clearInterruptFlag),
  ...form('STI', 'FB', '', setInterruptFlag),
  ...form('PUSHF', '9C', '', pushFlags),
  ...form('POPF', '9D', '', popFlags(EXISTING & ~SINCE_486), { until: '386' }),
  ...form('POPF', '9D', '', popFlags(EXISTING), { since: '486' }),
];
