import { Register, SegmentIndex } from '../../layout';
import * as layout from '../../layout';
import type { Emitter } from '../emitter';
import { type Form, form, type MemoryAccess, type OperandAccess } from '../form';
import * as w from '../wasm/expression';
import type { Expr, Operand } from '../wasm/expression';

const push = (e: Emitter, src: OperandAccess) => e.push(e.operandSize, src.read());

/**
 * With 32-bit operands the stack pointer moves by 4 but only the selector's 16 bits are written, as the 386, the 486 and
 * recent processors do (Intel SDM vol. 2B, PUSH).
 */
const pushSegment = (segment: SegmentIndex) => (e: Emitter) => {
  const selector = w.load32(layout.SEG_SELECTOR + segment * 4);
  if (e.operandSize === 16) {
    e.push(16, selector);
    return;
  }
  const slot = w.and(w.sub(e.reg(32, Register.ESP), 4), e.stackMask());
  e.store(16, SegmentIndex.SS, e.let(slot), selector);
  e.adjustStack(-4);
};

/** Moves the stack pointer, SP or ESP, as `wide` says. */
function moveStack(e: Emitter, wide: Operand, value: Expr): void {
  e.if(
    wide,
    () => e.setReg(32, Register.ESP, value),
    () => e.setReg(16, Register.ESP, value),
  );
}

/** The stack pointer moves as the stack was that the selector came from: POP SS may change its size. */
const popSegment = (segment: SegmentIndex) => (e: Emitter) => {
  const wide = e.let(e.state(layout.STACK_32));
  const moved = e.let(w.add(e.reg(32, Register.ESP), e.operandSize / 8));
  e.call('loadSegment', segment, w.and(e.peekStack(e.operandSize), 0xffff));
  moveStack(e, wide, moved);
};

const popRegister = (e: Emitter, dst: OperandAccess) => {
  const value = e.peekStack(e.operandSize);
  // POP ESP: the popped value wins over the increment.
  e.adjustStack(e.operandSize / 8);
  dst.write(value);
};

/** POP to memory. The destination is probed before the stack pointer moves. */
const popMemory = (e: Emitter, dst: MemoryAccess) => {
  const value = e.peekStack(e.operandSize);
  e.probeStore(dst.segment, dst.offset, e.operandSize / 8);
  e.adjustStack(e.operandSize / 8);
  e.store(e.operandSize, dst.segment, dst.offset, value);
};

const ALL = [
  Register.EAX,
  Register.ECX,
  Register.EDX,
  Register.EBX,
  Register.ESP,
  Register.EBP,
  Register.ESI,
  Register.EDI,
];

const pushAll = (e: Emitter) => {
  const size = e.operandSize;
  const esp = e.reg(32, Register.ESP);
  const mask = e.stackMask();
  const slot = (index: number) => w.and(w.sub(esp, ((index + 1) * size) / 8), mask);
  // Pushed one by one, so that CR2 names the first that faults; the stack pointer moves when all are done.
  for (const [index, register] of ALL.entries()) {
    e.store(size, SegmentIndex.SS, e.let(slot(index)), e.reg(size, register));
  }
  e.adjustStack((-ALL.length * size) / 8);
};

/**
 * POPA. The image of ESP is left out, but for its upper half on a 386 with a 16-bit stack, where the increment of SP
 * leaves it (recorded on a 386EX: POPAD of SingleStepTests/80386).
 */
const popAll = (generation: '386' | 'later') => (e: Emitter) => {
  const size = e.operandSize;
  // Read from the top of the stack upwards, EDI first.
  const values = [...ALL]
    .reverse()
    .map((register, place) => ({ register, value: e.peekStack(size, (place * size) / 8) }));
  for (const { register, value } of values) {
    if (register !== Register.ESP) {
      e.setReg(size, register, value);
    } else if (generation === '386' && size === 32) {
      e.if(w.eqz(e.state(layout.STACK_32)), () => {
        e.setReg(32, Register.ESP, w.or(w.and(value, ~0xffff), e.reg(16, Register.ESP)));
      });
    }
  }
  e.adjustStack((ALL.length * size) / 8);
};

/** ENTER: a frame of `allocation` bytes, with `level` pointers of enclosing frames copied (Intel SDM vol. 2, ENTER). */
const enter = (e: Emitter, allocation: OperandAccess, nesting: OperandAccess) => {
  const size = e.operandSize;
  const bytes = size / 8;
  const level = e.let(w.and(nesting.read(), 31));
  const frameSize = allocation.read();
  const mask = e.stackMask();
  const esp = e.reg(32, Register.ESP);
  const ebp = e.reg(32, Register.EBP);
  // On a 16-bit stack the upper half of ESP stays as it is, also in the frame pointer.
  const below = e.let(w.sub(esp, bytes));
  const frame = e.let(w.or(w.and(below, mask), w.and(esp, w.not(mask))));
  e.store(size, SegmentIndex.SS, e.let(w.and(frame, mask)), e.reg(size, Register.EBP));
  const top = e.f.local();
  const source = e.f.local();
  const left = e.f.local();
  e.f.set(top, frame);
  e.f.set(source, ebp);
  e.f.set(left, level);
  e.if(level, () => {
    e.loop((again) => {
      e.f.set(left, w.sub(e.f.get(left), 1));
      e.f.set(top, w.sub(e.f.get(top), bytes));
      const slot = e.let(w.and(e.f.get(top), mask));
      e.if(
        e.f.get(left),
        () => {
          e.f.set(source, w.sub(e.f.get(source), bytes));
          const pointer = e.load(size, SegmentIndex.SS, e.let(w.and(e.f.get(source), mask)));
          e.store(size, SegmentIndex.SS, slot, pointer);
        },
        () => e.store(size, SegmentIndex.SS, slot, frame),
      );
      e.f.branchIf(e.f.get(left), again);
    });
  });
  const bottom = e.let(w.sub(e.f.get(top), frameSize));
  // The new top of stack must be writable, or the frame would fault on its first use.
  e.probeStore(SegmentIndex.SS, e.let(w.and(bottom, mask)), bytes);
  e.adjustStack(e.let(w.sub(bottom, esp)));
  e.setReg(size, Register.EBP, frame);
};

const leave = (e: Emitter) => {
  const size = e.operandSize;
  const ebp = e.reg(32, Register.EBP);
  const value = e.load(size, SegmentIndex.SS, e.let(w.and(ebp, e.stackMask())));
  moveStack(e, e.state(layout.STACK_32), w.add(ebp, size / 8));
  e.setReg(size, Register.EBP, value);
};

export const stackForms: readonly Form[] = [
  ...form('PUSH', '06', '', pushSegment(SegmentIndex.ES)),
  ...form('POP', '07', '', popSegment(SegmentIndex.ES)),
  ...form('PUSH', '0E', '', pushSegment(SegmentIndex.CS)),
  ...form('PUSH', '16', '', pushSegment(SegmentIndex.SS)),
  ...form('POP', '17', '', popSegment(SegmentIndex.SS)),
  ...form('PUSH', '1E', '', pushSegment(SegmentIndex.DS)),
  ...form('POP', '1F', '', popSegment(SegmentIndex.DS)),
  ...form('PUSH', '0F A0', '', pushSegment(SegmentIndex.FS)),
  ...form('POP', '0F A1', '', popSegment(SegmentIndex.FS)),
  ...form('PUSH', '0F A8', '', pushSegment(SegmentIndex.GS)),
  ...form('POP', '0F A9', '', popSegment(SegmentIndex.GS)),
  ...form('PUSH', '50+r', 'Zv', push),
  ...form('POP', '58+r', 'Zv', popRegister),
  ...form('PUSH', '68', 'Iv', push),
  ...form('PUSH', '6A', 'Ibs', push),
  ...form('PUSH', 'FF /6', 'Ev', push),
  ...form('POP', '8F /0 reg', 'Ev', popRegister),
  ...form('POP', '8F /0 mem', 'Ev', popMemory, { addressAfterPop: true }),
  ...form('PUSHA', '60', '', pushAll),
  ...form('POPA', '61', '', popAll('386'), { until: '386' }),
  ...form('POPA', '61', '', popAll('later'), { since: '486' }),
  ...form('ENTER', 'C8', 'Iw Ib', enter),
  ...form('LEAVE', 'C9', '', leave),
];
