import type { ExpressionContext } from '../dwarf/expression';

/** How the canonical frame address (CFA) of a frame is found: a register plus an offset, or an expression. */
export type CfaRule =
  | { kind: 'register'; register: number; offset: number }
  | { kind: 'expression'; expression: Uint8Array };

/** Where the caller's value of a register is (DWARF 5, section 6.4.1). */
export type RegisterRule =
  | { kind: 'undefined' }
  | { kind: 'same' }
  /** Saved at CFA + offset. */
  | { kind: 'offset'; offset: number }
  /** It is CFA + offset. */
  | { kind: 'value-offset'; offset: number }
  | { kind: 'register'; register: number }
  /** Saved at the address that the expression gives. */
  | { kind: 'expression'; expression: Uint8Array }
  /** It is what the expression gives. */
  | { kind: 'value-expression'; expression: Uint8Array };

/** How to get from the frame at some address to its caller's. Registers by DWARF number. */
export interface UnwindRule {
  cfa: CfaRule;
  /** Registers that are not here keep their value. */
  registers: ReadonlyMap<number, RegisterRule>;
  returnAddress: RegisterRule;
  /** The frame was made by an interrupt: its caller's address is that of an instruction, not after a call. */
  signalFrame: boolean;
  /** How the rule was found, from sure to guessed. */
  source: 'debug_frame' | 'eh_frame' | 'prologue' | 'frame-pointer';
}

/** The caller's frame as far as the rule gives it. */
export interface CallerFrame {
  /** Linear address that the callee returns to; undefined at the outermost frame. */
  returnAddress: number | undefined;
  cfa: number;
  /** The caller's registers by DWARF number; undefined where lost. ESP is the CFA. */
  registers: (number | undefined)[];
}

/** What the rule is applied to. */
export type UnwindState = Pick<ExpressionContext, 'address' | 'register' | 'readMemory'>;
