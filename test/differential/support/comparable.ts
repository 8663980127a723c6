import { Vector } from '../../../src/machine/cpu/fault';
import { FLAG_AC, FLAG_ID, FLAG_NT, Register, SegmentIndex } from '../../../src/machine/layout';
import { type TestCase, TIMED_OUT } from './case';
import { type EmulatedOutcome, EmulatedProcessor } from './emulated';
import { STRINGS } from './generator';
import { CODE, LONG_MODE_CODE, LOW_CODE, SEGMENTS, selectorOf, WINDOWS } from './layout';

/** Where the executor itself is, and what the kernel maps into every process: code there is another world. */
const OWN_TO_THE_HOST: readonly (readonly [number, number])[] = [
  [0x5f3e0000, 0x5f700000],
  [0xf0000000, 0xffffe000],
];

/**
 * Accesses that begin here may run past 4 GiB: whether a flat segment then wraps or faults "may vary from one execution to
 * another" (Intel SDM vol. 3A, 5.3).
 */
const WRAPS = 0xffffff00;

const DATA_WINDOWS = WINDOWS.filter((window) => window !== CODE && window !== LOW_CODE);

const PAGE_FAULT: number = Vector.PF;
/** Exceptions whose error code is a selector. */
const NAME_SELECTORS: ReadonlySet<number> = new Set([Vector.NP, Vector.SS, Vector.GP]);

/** GDT entries whose contents are the computer's own: the 64-bit code segment and the processor number. */
const HOST_SELECTORS = new Set([LONG_MODE_CODE & ~7, 0x78]);

/** Flags that outlive the case on the host. */
const LASTING_FLAGS = FLAG_NT | FLAG_AC | FLAG_ID;

/** SHLD and SHRD of 16 bits by more than 16 are undefined (Intel SDM vol. 2B). */
function isUndefinedShift(test: TestCase): boolean {
  return test.code.some(({ mnemonic, name, bytes }, i) => {
    if (!/^SH[LR]D$/.test(mnemonic)) return false;
    const byImmediate = name === '0FA4' || name === '0FAC';
    const known = byImmediate || i === 0;
    const count = byImmediate ? (bytes.at(-1) as number) : test.registers[Register.ECX];
    return !known || (count & 31) > 16;
  });
}

/** A jump has led into bytes that nobody generated: they may be any instruction. INT3 and the HLT after it count too. */
function ranAstray(test: TestCase, { retired, eip, selectors }: EmulatedOutcome): boolean {
  const segment = SEGMENTS.find((candidate) => selectorOf(candidate) === selectors[SegmentIndex.CS]);
  const linear = ((segment?.base ?? 0) + eip) >>> 0;
  if (DATA_WINDOWS.some(({ address, bytes }) => linear >= address && linear <= address + bytes)) return true;
  const repeats = test.code.some(({ mnemonic }) => STRINGS.has(mnemonic));
  return !repeats && retired > test.code.length + 2;
}

/** POP of a segment register reads 2 or 4 bytes, as the processor likes: it shows only where a page ends in between. */
function popsSelectorAtPageEnd(test: TestCase): boolean {
  const pops = test.code.some(({ name }) => /^(07|17|1F|0FA1|0FA9)$/.test(name));
  const offset = test.registers[Register.ESP] & 0xfff;
  // Instructions before it may have moved the stack pointer.
  const near = test.code.length > 1 ? 64 : 3;
  return pops && (offset >= 0x1000 - near || (test.code.length > 1 && offset < near));
}

/**
 * PUSH of a segment register in a slot of 32 bits: the upper half is zero on some processors and left alone on others,
 * Ringside among them (Intel SDM vol. 2B, PUSH).
 */
function pushesSelectorInDword(test: TestCase): boolean {
  const code = SEGMENTS.find((segment) => selectorOf(segment) === test.selectors[SegmentIndex.CS]);
  const code32 = code?.big ?? true;
  const pushes = test.code.filter(({ name }) => /^(06|0E|16|1E|0FA0|0FA8)$/.test(name));
  return pushes.some(({ bytes }) => bytes.includes(0x66) !== code32);
}

/**
 * Whether a case has one defined outcome that does not depend on the computer. Judged by what Ringside makes of it, before
 * the processor sees it.
 */
export function isComparable(test: TestCase, emulated: EmulatedOutcome): boolean {
  const { trap, cr2, error, eflags } = emulated;
  if (trap === TIMED_OUT || eflags & LASTING_FLAGS) return false;
  if (trap === PAGE_FAULT) {
    const host = OWN_TO_THE_HOST.some(([start, end]) => cr2 >= start - 8 && cr2 < end + 8);
    if (host || cr2 >= WRAPS || EmulatedProcessor.ownsAddress(cr2)) return false;
  }
  if (NAME_SELECTORS.has(trap) && HOST_SELECTORS.has(error & 0xfff8)) return false;
  if (pushesSelectorInDword(test) || popsSelectorAtPageEnd(test)) return false;
  return !ranAstray(test, emulated) && !isUndefinedShift(test);
}
