import { SegmentIndex } from '../../../layout';
import type { Emitter } from '../../emitter';
import type { CpuModel, Form, OperandAccess } from '../../form';
import { allowsMod, type OpcodeEntry } from '../../table';
import * as w from '../../wasm/expression';
import type { Expr } from '../../wasm/expression';
import type { FunctionBuilder, Label } from '../../wasm/function';
import { decodeOperands, type ModRmTarget } from '../operands';
import { quickAddress } from './address';
import type { Chain } from './chain';
import { type Cursor, NotQuick, QuickEmitter } from './emitter';

/**
 * Quick handlers: a second staging of the common instructions, for 32-bit code and stack with flat segments, no prefixes and
 * no breakpoint in sight. Everything else, faults included, is left to the general handlers.
 */
class QuickHandler {
  /** Forms that were staged in place. */
  staged = 0;

  constructor(
    private readonly f: FunctionBuilder,
    private readonly chain: Chain,
    private readonly model: CpuModel,
    private readonly entry: OpcodeEntry,
    private readonly opcode: number,
    private readonly slow: Label,
  ) {}

  /** @param start place after the opcode */
  emit(start: Cursor, onMemory?: () => void): void {
    const { f } = this;
    if (!this.entry.modRm) {
      this.emitForm(this.forms('memory'), start);
      return;
    }
    const modRm = f.let(w.load8(start.base, start.bytes));
    const cursor = { base: start.base, bytes: start.bytes + 1 };
    f.if(w.geU(modRm, 0xc0), () =>
      this.emitSide('register', cursor, modRm, (e) => ({ kind: 'register', rm: e.field(modRm, 0) })),
    );
    if (onMemory) {
      onMemory();
      return;
    }
    const { position } = f;
    const before = this.staged;
    const { offset, cursor: after } = quickAddress(f, modRm, cursor, this.model, this.slow);
    const segment = w.constant(SegmentIndex.DS);
    this.emitSide('memory', after, modRm, () => ({ kind: 'memory', segment, offset }));
    if (this.staged === before) {
      f.rewind(position);
      f.branch(this.slow);
    }
  }

  /** Forms without a prefix for one side of ModR/M.mod. */
  private forms(mod: 'register' | 'memory'): Form[] {
    const plain = this.entry.forms.filter((form) => form.prefix === undefined || form.prefix === 'NP');
    return this.entry.modRm ? plain.filter((form) => allowsMod(form, mod)) : plain;
  }

  private emitSide(
    mod: 'register' | 'memory',
    cursor: Cursor,
    modRm: Expr,
    target: (e: QuickEmitter) => ModRmTarget,
  ): void {
    const forms = this.forms(mod);
    if (forms.every((form) => form.reg === undefined)) {
      this.emitForm(forms, cursor, modRm, target);
      return;
    }
    const members = Array.from({ length: 8 }, (_, reg) => forms.filter((form) => (form.reg ?? reg) === reg));
    this.f.switch(
      w.and(w.shrU(modRm, 3), 7),
      members.map((own) => () => this.emitForm(own, cursor, modRm, target)),
    );
  }

  /** Stages the only one of some forms; what cannot be staged is left to the general handler. */
  private emitForm(
    [form, ...others]: readonly Form[],
    cursor: Cursor,
    modRm: Expr = w.constant(0),
    target?: (e: QuickEmitter) => ModRmTarget,
  ): void {
    const { f, opcode } = this;
    const { position, nesting } = f;
    f.scope(() => {
      try {
        if (!form || others.length > 0 || form.rm !== undefined) throw new NotQuick('no form for all');
        const e = new QuickEmitter(f, this.chain, this.slow, cursor, form.mnemonic.startsWith('J'));
        const operands = decodeOperands(e, form.operands, {
          opcode,
          reg: e.field(modRm, 3),
          target: target?.(e),
          fetch: (size, signed) => e.fetch(size, signed),
        });
        (form.semantics as (e: Emitter, ...operands: OperandAccess[]) => void)(e, ...operands);
        e.end();
        this.staged++;
      } catch (thrown) {
        if (!(thrown instanceof NotQuick)) throw thrown;
        f.rewind(position);
        f.nesting = nesting;
        f.branch(this.slow);
      }
    });
  }
}

/**
 * Writes the quick handler of an opcode.
 *
 * @param start place after the opcode
 * @param onMemory what to do instead where the ModR/M byte names memory
 * @returns false if no form of the opcode could be staged
 */
export function emitQuickHandler(
  f: FunctionBuilder,
  chain: Chain,
  model: CpuModel,
  entry: OpcodeEntry,
  opcode: number,
  start: Cursor,
  onMemory?: () => void,
): boolean {
  let staged = 0;
  f.block((slow) => {
    const handler = new QuickHandler(f, chain, model, entry, opcode, slow);
    handler.emit(start, onMemory);
    staged = handler.staged;
  });
  chain.giveUp();
  return staged > 0;
}
