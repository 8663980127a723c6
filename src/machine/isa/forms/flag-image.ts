import type { Operations } from '../../cpu/operations';
import * as layout from '../../layout';
import { FLAG_DF, FLAG_IF, FLAG_RF, FLAG_VM, FLAGS_ARITHMETIC } from '../../layout';
import type { Emitter } from '../emitter';
import { type Form, form } from '../form';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';

/** Bits of EFLAGS that are flags. */
const FLAGS = 0x3f7fd5;

const flags = (): Expr => w.load32(layout.EFLAGS);

/** True where IF is the program's own to change; in real mode CPL is 0. */
function ownsInterruptFlag(): Expr {
  const iopl = w.and(w.shrU(flags(), 12), 3);
  return w.leU(w.load32(layout.CPL), iopl);
}

/** Leaves the instruction to an operation where a condition holds, or where a debugger wants to be asked. */
function operationIf(e: Emitter, condition: Expr, operation: keyof Operations, ...args: number[]): void {
  e.unlikely(w.or(condition, w.load32(layout.OPERATIONS_WATCHED)), () => {
    e.call(operation, ...args);
    e.leave();
  });
}

const clearInterruptFlag = (e: Emitter) => {
  operationIf(e, w.eqz(ownsInterruptFlag()), 'clearInterruptFlag');
  e.setFlags(FLAG_IF, 0);
};

/** V86 mode has rules of its own. */
const pushFlags = (e: Emitter) => {
  operationIf(e, w.and(flags(), FLAG_VM), 'pushFlags', e.operandSize / 8);
  const system = w.and(flags(), ~(FLAGS_ARITHMETIC | FLAG_VM | FLAG_RF));
  e.push(e.operandSize, w.or(system, e.arithmeticFlags()));
};

const popFlags = (e: Emitter) => {
  operationIf(e, w.and(flags(), FLAG_VM), 'popFlags', e.operandSize / 8);
  const popped = e.peekStack(e.operandSize);
  const looked = e.operandSize === 16 ? FLAGS & 0xffff : FLAGS;
  const changed = e.let(w.and(w.xor(popped, flags()), looked & ~(FLAGS_ARITHMETIC | FLAG_DF)));
  // IF opens the way for interrupts; and only who owns it may clear it.
  const clears = w.and(w.and(w.eq(changed, FLAG_IF), w.ne(w.and(flags(), FLAG_IF), 0)), ownsInterruptFlag());
  operationIf(e, w.eqz(w.or(w.eqz(changed), clears)), 'popFlags', e.operandSize / 8);
  e.adjustStack(e.operandSize / 8);
  e.setFlags(FLAGS_ARITHMETIC, w.and(popped, FLAGS_ARITHMETIC));
  e.setFlags(FLAG_DF | FLAG_IF, w.and(popped, FLAG_DF | FLAG_IF));
};

/** The instructions that move the flags as a whole, and CLI: in place where nothing can come of it but new flags. */
export const flagImageForms: readonly Form[] = [
  ...form('CLI', 'FA', '', clearInterruptFlag),
  ...form('PUSHF', '9C', '', pushFlags),
  ...form('POPF', '9D', '', popFlags),
];
