import { CR0_EM, CR0_TS, CR4_OSFXSR } from '../../../cpu/control-bits';
import * as layout from '../../../layout';
import type { Emitter } from '../../emitter';
import type { Form, OperandAccess } from '../../form';
import * as w from '../../wasm/expression';
import { checkPending } from '../x87-stack';

const CR0_BLOCKS = CR0_EM | CR0_TS;

/** What an instruction on MMX registers does first: #UD, #NM, then the #MF of an earlier x87 instruction. */
export function requireMmx(e: Emitter): void {
  e.if(w.and(e.state(layout.CR), CR0_BLOCKS), () => e.unavailable('mmx'));
  checkPending(e);
}

/** What an instruction on XMM registers or MXCSR does first: #UD, #NM. */
export function requireSse(e: Emitter): void {
  const noSse = w.eqz(w.and(e.state(layout.CR + 16), CR4_OSFXSR));
  e.if(w.or(w.and(e.state(layout.CR), CR0_BLOCKS), noSse), () => e.unavailable('sse'));
}

/** Both, for instructions that move data between the two register files. */
export function requireBoth(e: Emitter): void {
  requireSse(e);
  requireMmx(e);
}

/**
 * The state that every MMX instruction but EMMS leaves the x87 in: TOP is 0 and no register is empty
 * (Intel SDM vol. 1, 9.5.1). It comes after the last possible fault.
 */
export function enterMmx(e: Emitter): void {
  e.setState(layout.FPU_TOP, 0);
  e.setState(layout.FPU_EMPTY, 0);
}

/** EMMS: all registers are empty. */
export function emptyMmx(e: Emitter): void {
  requireMmx(e);
  e.setState(layout.FPU_TOP, 0);
  e.setState(layout.FPU_EMPTY, 0xff);
}

type Body = (e: Emitter, ...operands: never[]) => void;

const staged =
  (prologue: (e: Emitter) => void, body: Body, epilogue?: (e: Emitter) => void) =>
  (e: Emitter, ...operands: OperandAccess[]) => {
    prologue(e);
    (body as (e: Emitter, ...operands: OperandAccess[]) => void)(e, ...operands);
    epilogue?.(e);
  };

/** Semantics of an instruction on MMX registers: with the checks before it and the x87 state after it. */
export const onMmx = (body: Body): Form['semantics'] => staged(requireMmx, body, enterMmx);

/** Semantics of an instruction on XMM registers, with the checks before it. */
export const onXmm = (body: Body): Form['semantics'] => staged(requireSse, body);

/** Semantics of an instruction that moves data between MMX and XMM registers. */
export const onBoth = (body: Body): Form['semantics'] => staged(requireBoth, body, enterMmx);
