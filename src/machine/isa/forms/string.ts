import * as layout from '../../layout';
import { FLAG_DF, FLAG_ZF, Register, SegmentIndex } from '../../layout';
import type { Emitter } from '../emitter';
import { moveMany, storeMany } from './bulk-string';
import { type Form, form } from '../form';
import type { Size } from '../size';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';

/** Offset in an index register, cut to the address size. */
function index(e: Emitter, register: Register, wide: Expr): Expr {
  const value = e.reg(32, register);
  return e.let(w.select(wide, value, w.and(value, 0xffff)));
}

/** Moves an index register by one element in the direction of DF. */
function advance(e: Emitter, register: Register, wide: Expr, size: Size): void {
  const step = w.select(w.and(e.state(layout.EFLAGS), FLAG_DF), -(size / 8), size / 8);
  const moved = e.let(w.add(e.reg(32, register), step));
  e.if(
    wide,
    () => e.setReg(32, register, moved),
    () => e.setReg(16, register, moved),
  );
}

/**
 * One string instruction, with or without REP. Each element counts as one retired instruction, so that interrupts
 * and breakpoints may come between elements; the last one is counted by the run loop like any instruction.
 *
 * @param element moves or compares one element
 * @param compares ends on ZF as REPE and REPNE ask
 * @param many does many elements at once, or none
 */
function repeat(e: Emitter, element: () => void, compares: boolean, many?: (wide: Expr) => void): void {
  e.if(
    e.repeated(),
    () => {
      const wide = e.address32();
      e.f.block((done) => {
        e.f.branchIf(w.eqz(index(e, Register.ECX, wide)), done);
        e.loop((again) => {
          many?.(wide);
          element();
          const count = e.let(w.sub(e.reg(32, Register.ECX), 1));
          e.if(
            wide,
            () => e.setReg(32, Register.ECX, count),
            () => e.setReg(16, Register.ECX, count),
          );
          e.f.branchIf(w.eqz(w.select(wide, count, w.and(count, 0xffff))), done);
          if (compares) e.f.branchIf(w.eq(e.flag(FLAG_ZF), e.repeatedWhileNotEqual()), done);
          // Out of budget, or somebody wants the CPU: go on from here later.
          e.if(w.or(w.eq(e.state(layout.REMAINING), 1), w.ne(e.state(layout.EXIT), 0)), () => {
            e.setState(layout.STRING_PENDING, 1);
            e.restart();
            e.leave();
          });
          e.setState(layout.REMAINING, w.sub(e.state(layout.REMAINING), 1));
          e.f.branch(again);
        });
      });
    },
    element,
  );
}

const source = (e: Emitter) => e.overriddenSegment(SegmentIndex.DS);

const moveString = (size?: 8) => (e: Emitter) => {
  const width = size ?? e.operandSize;
  const wide = e.address32();
  const from = source(e);
  const element = () => {
    const value = e.load(width, from, index(e, Register.ESI, wide));
    e.store(width, SegmentIndex.ES, index(e, Register.EDI, wide), value);
    advance(e, Register.ESI, wide, width);
    advance(e, Register.EDI, wide, width);
  };
  repeat(e, element, false, (wide32) => moveMany(e, width, from, wide32));
};

const compareString = (size?: 8) => (e: Emitter) => {
  const width = size ?? e.operandSize;
  const wide = e.address32();
  const from = source(e);
  const element = () => {
    const a = e.load(width, from, index(e, Register.ESI, wide));
    const b = e.load(width, SegmentIndex.ES, index(e, Register.EDI, wide));
    e.flagsOfSub(width, a, b, e.let(w.sub(a, b)));
    advance(e, Register.ESI, wide, width);
    advance(e, Register.EDI, wide, width);
  };
  repeat(e, element, true);
};

const storeString = (size?: 8) => (e: Emitter) => {
  const width = size ?? e.operandSize;
  const wide = e.address32();
  const value = e.reg(width, Register.EAX);
  const element = () => {
    e.store(width, SegmentIndex.ES, index(e, Register.EDI, wide), value);
    advance(e, Register.EDI, wide, width);
  };
  repeat(e, element, false, (wide32) => storeMany(e, width, value, wide32));
};

const loadString = (size?: 8) => (e: Emitter) => {
  const width = size ?? e.operandSize;
  const wide = e.address32();
  const from = source(e);
  const element = () => {
    e.setReg(width, Register.EAX, e.load(width, from, index(e, Register.ESI, wide)));
    advance(e, Register.ESI, wide, width);
  };
  repeat(e, element, false);
};

const scanString = (size?: 8) => (e: Emitter) => {
  const width = size ?? e.operandSize;
  const wide = e.address32();
  const a = e.reg(width, Register.EAX);
  const element = () => {
    const b = e.load(width, SegmentIndex.ES, index(e, Register.EDI, wide));
    e.flagsOfSub(width, a, b, e.let(w.sub(a, b)));
    advance(e, Register.EDI, wide, width);
  };
  repeat(e, element, true);
};

/** `v` only says that the operand size matters. */
const both = (mnemonic: string, opcode: number, semantics: (size?: 8) => (e: Emitter) => void): Form[] => [
  ...form(mnemonic, opcode.toString(16), '', semantics(8)),
  ...form(mnemonic, (opcode + 1).toString(16), '', semantics()),
];

export const stringForms = (): readonly Form[] => [
  ...both('MOVS', 0xa4, moveString),
  ...both('CMPS', 0xa6, compareString),
  ...both('STOS', 0xaa, storeString),
  ...both('LODS', 0xac, loadString),
  ...both('SCAS', 0xae, scanString),
  ...form('CLD', 'FC', '', (e: Emitter) => e.setFlags(FLAG_DF, 0)),
  ...form('STD', 'FD', '', (e: Emitter) => e.setFlags(FLAG_DF, FLAG_DF)),
];
