import * as layout from '../../../layout';
import type { CpuModel } from '../../form';
import type { OpcodeEntry } from '../../table';
import * as w from '../../wasm/expression';
import { FunctionBuilder } from '../../wasm/function';
import type { ModuleBuilder } from '../../wasm/module';
import { noteTransfer } from '../runtime';
import { HANDLER_PARAMS, HANDLER_RESULTS, HandlerChain } from './chain';
import { emitQuickHandler } from './handlers';
import { defineQuickLoop, isInLoop } from './loop';

/** Quick handlers in the function table: those of map 0 from 0 on, those of map 1 from 256 on. */
export const QUICK_ROWS = 512;

export function declareQuick(m: ModuleBuilder): void {
  for (const name of ['quickLoop', 'quickTransfer', 'quickNone']) m.declare(name, HANDLER_PARAMS, HANDLER_RESULTS);
}

/** `quickTransfer` (ip, remaining): after a taken branch, while there is a compiled tier; 1 if the loop must be left for it. */
function defineTransfer(m: ModuleBuilder): void {
  const f = new FunctionBuilder(HANDLER_PARAMS, HANDLER_RESULTS);
  noteTransfer(f, f.param(0));
  f.if(w.load32(layout.EXIT), () => {
    f.emit(w.store32(layout.IP, f.param(0)));
    f.emit(w.store32(layout.REMAINING, f.param(1)));
    f.return(1);
  });
  f.return(0);
  m.define(m.declared('quickTransfer'), f);
}

/** Defines the quick loop and handlers; gives the rows of the function table. */
export function defineQuick(m: ModuleBuilder, model: CpuModel, opcodes: ReadonlyMap<number, OpcodeEntry>): number[] {
  defineTransfer(m);
  defineQuickLoop(m, model, opcodes);
  const none = new FunctionBuilder(HANDLER_PARAMS, HANDLER_RESULTS);
  new HandlerChain(none, m).giveUp();
  m.define(m.declared('quickNone'), none);
  const rows = Array<number>(QUICK_ROWS).fill(m.indexOf('quickNone'));
  for (const [key, entry] of opcodes) {
    if (isInLoop(key)) continue;
    const f = new FunctionBuilder(HANDLER_PARAMS, HANDLER_RESULTS);
    const chain = new HandlerChain(f, m);
    const start = { base: chain.ip, bytes: key < 256 ? 1 : 2 };
    if (!emitQuickHandler(f, chain, model, entry, key & 0xff, start)) continue;
    const declared = m.declare(`quick ${key.toString(16)}`, HANDLER_PARAMS, HANDLER_RESULTS);
    m.define(declared, f);
    rows[key] = declared.index;
  }
  return rows;
}
