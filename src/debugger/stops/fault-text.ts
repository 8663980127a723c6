import { Vector, vectorName } from '../../machine/cpu/fault';
import type { Guest } from '../guest/guest';

/** What each exception means (Intel SDM vol. 3A, table 6-1). */
const MEANINGS: Readonly<Record<number, string>> = {
  [Vector.DE]: 'division by zero, or the quotient is too large',
  [Vector.DB]: 'debug exception',
  [Vector.NMI]: 'non-maskable interrupt',
  [Vector.BP]: 'breakpoint instruction',
  [Vector.OF]: 'INTO with the overflow flag set',
  [Vector.BR]: 'array index outside the limits of BOUND',
  [Vector.UD]: 'no such instruction',
  [Vector.NM]: 'coprocessor not available',
  [Vector.DF]: 'a fault while another one was being delivered',
  [Vector.TS]: 'invalid task state segment',
  [Vector.NP]: 'segment or gate not present',
  [Vector.SS]: 'stack segment limit exceeded, or not present',
  [Vector.GP]: 'general protection',
  [Vector.MF]: 'floating-point error',
  [Vector.AC]: 'unaligned access',
  [Vector.MC]: 'machine check',
  [Vector.XM]: 'SIMD floating-point error',
};

/** What an exception means, in a few words. */
export function faultMeaning(vector: Vector): string {
  return MEANINGS[vector] ?? (vector === Vector.PF ? 'page fault' : 'reserved exception');
}

/** Vectors whose error code names a selector or a gate. */
const SELECTOR_FAULTS: ReadonlySet<number> = new Set([Vector.TS, Vector.NP, Vector.SS, Vector.GP]);

function hex(value: number, digits = 1): string {
  return `0x${(value >>> 0).toString(16).padStart(digits, '0')}`;
}

/** Error code of a page fault in words (Intel SDM vol. 3A, 4.7). */
export function pageFaultText(address: number, errorCode: number): string {
  const access = errorCode & 0x10 ? 'instruction fetch from' : errorCode & 2 ? 'write to' : 'read of';
  if (errorCode & 8) return `#PF at ${hex(address, 8)}: ${access} a page with a reserved bit set in its entry`;
  const why = errorCode & 1 ? protection(errorCode) : 'a page that is not present';
  return `#PF at ${hex(address, 8)}: ${access} ${why}`;
}

function protection(errorCode: number): string {
  return errorCode & 2 ? 'a page that may not be written' : 'a page that only the supervisor may use';
}

/** Error code with a selector in words (Intel SDM vol. 3A, 6.13). */
export function selectorText(errorCode: number): string {
  const external = errorCode & 1 ? ' while an event from outside was being delivered' : '';
  const index = errorCode >>> 3;
  if (errorCode & 2) return `IDT gate ${hex(index)}${external}`;
  if ((errorCode & 0xfffc) === 0) return external.trimStart();
  const table = errorCode & 4 ? 'LDT' : 'GDT';
  return `selector ${hex(errorCode & 0xfffc, 4)} (${table} entry ${index})${external}`;
}

/**
 * An exception in words: `#PF at 0xc0000000: write to a page that is not present, by user code at main+0x12`.
 * @param errorCode -1 where the vector has none
 * @param pc linear address of the instruction
 */
export function describeFault(guest: Guest, vector: Vector, errorCode: number, pc = guest.pc): string {
  const { state } = guest;
  const who = state.cpl === 3 ? 'user code' : state.v86 ? 'virtual-8086 code' : 'code';
  const where = `by ${who} at ${guest.nameAt(pc)}`;
  if (vector === Vector.PF) return `${pageFaultText(state.cr(2), errorCode)}, ${where}`;
  let text = `${vectorName(vector)}: ${faultMeaning(vector)}`;
  if (SELECTOR_FAULTS.has(vector) && errorCode > 0) {
    const selector = selectorText(errorCode);
    if (selector !== '') text += `, ${selector}`;
  }
  if (vector === Vector.UD) {
    const bytes = guest.memory.readAvailable(pc, 4);
    text += ` (${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ')} …)`;
  }
  return `${text}, ${where}`;
}
