import { FLAG_OF } from '../../../src/machine/layout';
import { CODE, HINT_OF, HINTS } from '../recorder/layout';
import type { PlacedInstruction } from '../recorder/case';
import type { Window } from '../recorder/window';
import { type Encoded, le, type Surroundings } from './encode';

const ARITHMETIC_IN_BYTE = 0xd5;
/** Programs end where the landing pads begin. */
const MAX_BYTES = 0x700;

const PREFIXES = new Set([0x26, 0x2e, 0x36, 0x3e, 0x64, 0x65, 0x66, 0x67, 0xf0, 0xf2, 0xf3]);

/** A program in the making: instructions in a row, from the start of the code page on. */
export class Program {
  readonly code: Encoded[] = [];

  constructor(readonly surroundings: Surroundings) {}

  add(...instructions: readonly Encoded[]): void {
    this.code.push(...instructions);
  }

  /** An instruction by its bytes, without the prefix for its operand size. */
  raw(mnemonic: string, bytes: readonly number[], size?: 2 | 4): void {
    const prefix = size !== undefined && (size === 2) !== this.surroundings.code16 ? [0x66] : [];
    this.code.push({ mnemonic, bytes: [...prefix, ...bytes], undefinedFlags: 0 });
  }

  /** MOV register, immediate. */
  setRegister(register: number, value: number, size: 2 | 4 = 4): void {
    this.raw('MOV', [0xb8 + register, ...le(value, size)], size);
  }

  push(value: number, size: 2 | 4): void {
    this.raw('PUSH', [0x68, ...le(value, size)], size);
  }

  /** Puts the program into the code page, with hints about undefined flags. */
  place(window: Window, start: number): PlacedInstruction[] {
    const placed: PlacedInstruction[] = [];
    let at = start;
    for (const { bytes, mnemonic, undefinedFlags } of this.code) {
      if (at + bytes.length > MAX_BYTES) break;
      window.put(CODE + at, bytes);
      const hint = (undefinedFlags & ARITHMETIC_IN_BYTE) | (undefinedFlags & FLAG_OF ? HINT_OF : 0);
      // Jumps may land behind a prefix.
      const prefixes = bytes.findIndex((byte) => !PREFIXES.has(byte));
      for (let i = 0; i <= prefixes; i++) window.bytes[HINTS + at + i] = hint;
      placed.push({ offset: CODE + at, bytes, mnemonic });
      at += bytes.length;
    }
    return placed;
  }
}
