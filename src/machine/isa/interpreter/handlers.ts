import type { Operations } from '../../cpu/operations';
import { CR0_EM, CR0_TS } from '../../cpu/control-bits';
import { Vector } from '../../cpu/fault';
import * as layout from '../../layout';
import { Register, type SegmentIndex } from '../../layout';
import { Emitter, type RuntimeFunction } from '../emitter';
import { type Form, MANDATORY_PREFIXES, type MandatoryPrefix, type OperandAccess } from '../form';
import { allowsMod, ESC_OPCODES, type OpcodeEntry } from '../table';
import * as w from '../wasm/expression';
import type { Expr } from '../wasm/expression';
import { FunctionBuilder } from '../wasm/function';
import type { ModuleBuilder } from '../wasm/module';
import { decodeOperands, type ModRmTarget } from './operands';
import { address32, fetch, overridden } from './runtime';

/** Stages semantics as the body of a handler function: operands are found at run time, leaving is returning. */
class HandlerEmitter extends Emitter {
  constructor(
    f: FunctionBuilder,
    operandSize: 16 | 32,
    private readonly module: ModuleBuilder,
    private readonly encoding: { readonly escape: boolean; readonly opcode: number },
  ) {
    super(f, operandSize);
  }

  /** The ModR/M byte, once it is fetched. */
  modRm: Expr = w.constant(0);

  protected runtime(name: RuntimeFunction): number {
    return this.module.indexOf(name);
  }

  protected operation(name: keyof Operations): number {
    return this.module.indexOf(name);
  }

  leave(): void {
    this.f.return();
  }

  address32(): Expr {
    return this.let(address32());
  }

  overriddenSegment(standard: SegmentIndex): Expr {
    return overridden(this.f, standard);
  }

  repeated(): Expr {
    return this.let(w.and(this.state(layout.PREFIXES), layout.PREFIX_REP | layout.PREFIX_REPNE));
  }

  repeatedWhileNotEqual(): Expr {
    return this.let(w.ne(w.and(this.state(layout.PREFIXES), layout.PREFIX_REPNE), 0));
  }

  restart(): void {
    this.setState(layout.IP, this.state(layout.IP_START));
  }

  escapeOpcode(): Expr {
    return w.or((this.encoding.opcode & 7) << 8, this.modRm);
  }

  /** An encoding without a form. The processor does not look into those of a coprocessor that may not be used: #NM. */
  undefinedEncoding(): void {
    if (this.encoding.escape) {
      this.if(w.and(w.load32(layout.CR), CR0_EM | CR0_TS), () => this.fault(Vector.NM));
    }
    this.fault(Vector.UD);
  }
}

function emitForm(e: HandlerEmitter, form: Form, opcode: number, reg: Expr, target?: ModRmTarget): void {
  const operands = decodeOperands(e, form.operands, {
    opcode,
    reg,
    target,
    fetch: (size, signed) => fetch(e.f, size, signed),
  });
  (form.semantics as (e: Emitter, ...operands: OperandAccess[]) => void)(e, ...operands);
}

/** Form(s) for one side of ModR/M.mod; several only where ModR/M.rm chooses among them. */
function emitSide(e: HandlerEmitter, forms: readonly Form[], opcode: number, modRm: Expr, target: ModRmTarget): void {
  const reg = e.let(w.and(w.shrU(modRm, 3), 7));
  const fixed = forms.filter((form) => form.rm !== undefined);
  const general = forms.find((form) => form.rm === undefined);
  for (const form of fixed) {
    e.if(w.eq(w.and(modRm, 7), form.rm as number), () => {
      emitForm(e, form, opcode, reg, target);
      e.leave();
    });
  }
  if (general) emitForm(e, general, opcode, reg, target);
  else e.undefinedEncoding();
}

/** Computes the effective address. POP sees ESP as it will be after the pop. */
function memoryTarget(e: HandlerEmitter, module: ModuleBuilder, modRm: Expr, popped: number): ModRmTarget {
  const esp = () => e.reg(32, Register.ESP);
  if (popped > 0) e.setReg(32, Register.ESP, w.add(esp(), popped));
  const offset = e.let(e.f.callValue(module.indexOf('effectiveAddress'), [modRm]));
  if (popped > 0) e.setReg(32, Register.ESP, w.sub(esp(), popped));
  return { kind: 'memory', segment: e.let(e.state(layout.EA_SEGMENT)), offset };
}

/** True if the form has an MMX or SSE operand that may be in memory: its semantics are staged once for both. */
function isVectorForm(form: Form): boolean {
  return form.operands.some((spec) => spec.startsWith('Q') || spec.startsWith('W'));
}

/** All forms that share opcode and ModR/M.reg. */
function emitModRm(
  e: HandlerEmitter,
  module: ModuleBuilder,
  forms: readonly Form[],
  opcode: number,
  modRm: Expr,
): void {
  const registers = forms.filter((form) => allowsMod(form, 'register'));
  const memories = forms.filter((form) => allowsMod(form, 'memory'));
  const popped = memories.some((form) => form.addressAfterPop) ? e.operandSize / 8 : 0;
  const onRegister = () => {
    if (registers.length === 0) e.undefinedEncoding();
    else emitSide(e, registers, opcode, modRm, { kind: 'register', rm: e.let(w.and(modRm, 7)) });
  };
  if (forms.some((form) => form.operands.includes('Rd'))) {
    onRegister();
    return;
  }
  if (forms.length === 1 && registers.length === 1 && memories.length === 1 && isVectorForm(forms[0])) {
    const isRegister = e.let(w.geU(modRm, 0xc0));
    const [segment, offset] = [e.f.local(), e.f.local()];
    e.if(w.eqz(isRegister), () => {
      e.f.set(offset, e.f.callValue(module.indexOf('effectiveAddress'), [modRm]));
      e.f.set(segment, e.state(layout.EA_SEGMENT));
    });
    const rm = e.let(w.and(modRm, 7));
    const target = { kind: 'either', isRegister, rm, segment: e.f.get(segment), offset: e.f.get(offset) } as const;
    emitSide(e, forms, opcode, modRm, target);
    return;
  }
  e.if(w.geU(modRm, 0xc0), onRegister, () => {
    if (memories.length === 0) e.undefinedEncoding();
    else emitSide(e, memories, opcode, modRm, memoryTarget(e, module, modRm, popped));
  });
}

/** True if this instruction has the given mandatory prefix. */
function hasPrefix(e: HandlerEmitter, prefix: MandatoryPrefix): Expr {
  const repeats = layout.PREFIX_REP | layout.PREFIX_REPNE;
  const relevant = w.and(e.state(layout.PREFIXES), repeats | layout.PREFIX_OPERAND_SIZE);
  if (prefix === 'F3') return w.and(relevant, layout.PREFIX_REP);
  if (prefix === 'F2') return w.and(relevant, layout.PREFIX_REPNE);
  return w.eq(relevant, prefix === '66' ? layout.PREFIX_OPERAND_SIZE : 0);
}

/** Forms of one opcode that a mandatory prefix chooses among; without one of them the encoding is #UD. */
function emitByPrefix(e: HandlerEmitter, forms: readonly Form[], emit: (forms: readonly Form[]) => void): void {
  if (forms.every((form) => form.prefix === undefined)) {
    emit(forms);
    return;
  }
  for (const prefix of MANDATORY_PREFIXES) {
    const chosen = forms.filter((form) => form.prefix === undefined || form.prefix === prefix);
    if (chosen.length === 0) continue;
    e.if(hasPrefix(e, prefix), () => {
      emit(chosen);
      e.leave();
    });
  }
  e.fault(Vector.UD);
}

/**
 * The handler of one opcode at one operand size, a function of type [] -> []. IP is past the opcode when it
 * is called and past the instruction when it returns.
 */
export function buildHandler(
  module: ModuleBuilder,
  entry: OpcodeEntry,
  opcode: number,
  operandSize: 16 | 32,
): FunctionBuilder {
  const f = new FunctionBuilder();
  const escape = entry.forms.some((form) => form.map === 0) && ESC_OPCODES.has(opcode);
  const e = new HandlerEmitter(f, operandSize, module, { escape, opcode });
  if (!entry.modRm) {
    emitByPrefix(e, entry.forms, ([form]) => emitForm(e, form, opcode, w.constant(0)));
    return f;
  }
  const modRm = fetch(f, 8);
  e.modRm = modRm;
  const emit = (forms: readonly Form[]) => emitModRm(e, module, forms, opcode, modRm);
  if (entry.forms.every((form) => form.reg === undefined)) {
    emitByPrefix(e, entry.forms, emit);
    return f;
  }
  const groups = Array.from({ length: 8 }, (_, reg) =>
    entry.forms.filter((form) => form.reg === reg || form.reg === undefined),
  );
  f.switch(
    w.and(w.shrU(modRm, 3), 7),
    groups.map((forms) => () => {
      if (forms.length === 0) e.undefinedEncoding();
      else emitByPrefix(e, forms, emit);
    }),
  );
  return f;
}

/** The handler of every encoding without a form. */
export function buildUndefined(module: ModuleBuilder): FunctionBuilder {
  const f = new FunctionBuilder();
  new HandlerEmitter(f, 32, module, { escape: false, opcode: 0 }).fault(Vector.UD);
  return f;
}
