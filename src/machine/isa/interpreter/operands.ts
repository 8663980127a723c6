import { Vector } from '../../cpu/fault';
import * as layout from '../../layout';
import { Register, SegmentIndex } from '../../layout';
import type { Emitter } from '../emitter';
import type { MemoryAccess, OperandAccess, OperandSpec, VectorAccess } from '../form';
import type { Size } from '../size';
import * as w from '../wasm/expression';
import type { Expr, Operand } from '../wasm/expression';

/** Where the ModR/M byte of the instruction at hand points; `either` where that is found out when it runs. */
export type ModRmTarget =
  | { kind: 'register'; rm: Expr }
  | { kind: 'memory'; segment: Expr; offset: Expr }
  | { kind: 'either'; isRegister: Expr; rm: Expr; segment: Expr; offset: Expr };

/** What decoding has found out when operands are built. */
export interface Decoded {
  readonly opcode: number;
  /** ModR/M.reg, if there is a ModR/M byte. */
  readonly reg: Expr;
  readonly target?: ModRmTarget;
  /** The next bytes of the instruction as a value. */
  fetch(size: Size, signed?: boolean): Expr;
}

function registerOperand(e: Emitter, size: Size, index: Operand): OperandAccess {
  const read = () => e.reg(size, index);
  return { size, read, readForUpdate: read, write: (value) => e.setReg(size, index, value) };
}

function memoryOperand(e: Emitter, size: Size, segment: Expr, offset: Expr): MemoryAccess {
  return {
    size,
    segment,
    offset,
    read: () => e.load(size, segment, offset),
    readForUpdate: () => e.loadForUpdate(size, segment, offset),
    write: (value) => e.store(size, segment, offset, value),
  };
}

function vectorOperand(target: ModRmTarget): VectorAccess {
  const refuse = () => {
    throw new Error('a vector operand is accessed through its target');
  };
  const nowhere = w.constant(0);
  const place = {
    isRegister: target.kind === 'either' ? target.isRegister : w.constant(target.kind === 'register' ? 1 : 0),
    index: target.kind === 'memory' ? nowhere : target.rm,
    segment: target.kind === 'register' ? nowhere : target.segment,
    offset: target.kind === 'register' ? nowhere : target.offset,
  };
  return { size: 32, target: place, read: refuse, readForUpdate: refuse, write: refuse };
}

function constantOperand(size: Size, value: Expr): OperandAccess {
  const refuse = () => {
    throw new Error('an immediate cannot be written');
  };
  return { size, read: () => value, readForUpdate: refuse, write: refuse };
}

/**
 * MOV to and from a segment register. CS cannot be loaded and numbers 6 and 7 do not exist: #UD, before anything
 * is read.
 */
function segmentOperand(e: Emitter, index: Expr, destination: boolean): OperandAccess {
  const missing = w.gtU(index, SegmentIndex.GS);
  e.if(destination ? w.or(missing, w.eq(index, SegmentIndex.CS)) : missing, () => e.fault(Vector.UD));
  const read = () => e.let(w.load32(w.shl(index, 2), layout.SEG_SELECTOR));
  return {
    size: 16,
    read,
    readForUpdate: read,
    write: (value) => e.call('loadSegment', index, value),
  };
}

function targetOperand(e: Emitter, size: Size, target: ModRmTarget): OperandAccess {
  if (target.kind === 'register') return registerOperand(e, size, target.rm);
  if (target.kind === 'memory') return memoryOperand(e, size, target.segment, target.offset);
  throw new Error('register and memory operands are staged apart');
}

function registerNumber(target: ModRmTarget): Expr {
  if (target.kind !== 'register') throw new Error('the form must be restricted to registers');
  return target.rm;
}

/** An operand in memory whose offset stands in the instruction; as wide as addresses are. */
function offsetOperand(e: Emitter, size: Size, decoded: Decoded): MemoryAccess {
  const wide = e.address32();
  const segment = e.overriddenSegment(SegmentIndex.DS);
  if (wide.constant !== undefined) return memoryOperand(e, size, segment, decoded.fetch(wide.constant ? 32 : 16));
  const offset = e.f.local();
  e.if(
    wide,
    () => e.f.set(offset, decoded.fetch(32)),
    () => e.f.set(offset, decoded.fetch(16)),
  );
  return memoryOperand(e, size, segment, e.f.get(offset));
}

/**
 * Builds the accesses for one operand specification; most give one, a far pointer gives offset and selector.
 * The first operand is the destination.
 */
function accessesFor(e: Emitter, spec: OperandSpec, decoded: Decoded, destination: boolean): OperandAccess[] {
  const v = e.operandSize;
  const target = () => decoded.target as ModRmTarget;
  const inOpcode = decoded.opcode & 7;
  switch (spec) {
    case 'Eb':
      return [targetOperand(e, 8, target())];
    case 'Ew':
      return [targetOperand(e, 16, target())];
    case 'Ed':
    case 'Rd':
      return [targetOperand(e, 32, target())];
    case 'Ev':
    case 'M':
      return [targetOperand(e, v, target())];
    case 'Gb':
      return [registerOperand(e, 8, decoded.reg)];
    case 'Gw':
      return [registerOperand(e, 16, decoded.reg)];
    case 'Gd':
      return [registerOperand(e, 32, decoded.reg)];
    case 'Gv':
      return [registerOperand(e, v, decoded.reg)];
    case 'Sw':
      return [segmentOperand(e, decoded.reg, destination)];
    case 'Qd':
    case 'Qq':
    case 'Wd':
    case 'Wq':
    case 'Wdq':
      return [vectorOperand(target())];
    case 'STi':
    case 'Nq':
    case 'Udq':
      return [constantOperand(8, registerNumber(target()))];
    case 'Pq':
    case 'Vdq':
      return [constantOperand(8, decoded.reg)];
    case 'Cd':
    case 'Dd':
      return [constantOperand(32, decoded.reg)];
    case 'Ib':
      return [constantOperand(8, decoded.fetch(8))];
    case 'Iw':
      return [constantOperand(16, decoded.fetch(16))];
    case 'Iv':
      return [constantOperand(v, decoded.fetch(v))];
    case 'Ibs': {
      const value = decoded.fetch(8, true);
      return [constantOperand(v, v === 16 ? e.let(w.and(value, 0xffff)) : value)];
    }
    case 'Jb':
      return [constantOperand(8, decoded.fetch(8, true))];
    case 'Jv':
      return [constantOperand(v, decoded.fetch(v, true))];
    case 'Ap':
      return [constantOperand(v, decoded.fetch(v)), constantOperand(16, decoded.fetch(16))];
    case 'Ob':
      return [offsetOperand(e, 8, decoded)];
    case 'Ov':
      return [offsetOperand(e, v, decoded)];
    case 'Zb':
      return [registerOperand(e, 8, inOpcode)];
    case 'Zv':
      return [registerOperand(e, v, inOpcode)];
    case 'AL':
      return [registerOperand(e, 8, Register.EAX)];
    case 'CL':
      return [registerOperand(e, 8, Register.ECX)];
    case 'eAX':
      return [registerOperand(e, v, Register.EAX)];
    case '1':
      return [constantOperand(8, w.constant(1))];
  }
}

/** Operand accesses of a form; fetches immediates in order. */
export function decodeOperands(e: Emitter, specs: readonly OperandSpec[], decoded: Decoded): OperandAccess[] {
  return specs.flatMap((spec, position) => accessesFor(e, spec, decoded, position === 0));
}
