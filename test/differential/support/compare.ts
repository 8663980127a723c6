import { undefinedFlags } from '../../conformance/undefined-flags';
import * as layout from '../../../src/machine/layout';
import { Vector } from '../../../src/machine/cpu/fault';
import type { Outcome, TestCase } from './case';

const REGISTERS = ['EAX', 'ECX', 'EDX', 'EBX', 'ESP', 'EBP', 'ESI', 'EDI'];
const SEGMENTS = ['ES', 'CS', 'SS', 'DS', 'FS', 'GS'];

/** What user code can change and sees the same on every processor. RF, as pushed, is not among it. */
const COMPARED_FLAGS = layout.FLAGS_ARITHMETIC | layout.FLAG_DF | layout.FLAG_TF;

/** The instruction-fetch bit: set where the kernel uses no-execute pages, which the 386 does not have. */
const PF_FETCH = 0x10;

/**
 * Instructions with several accesses (or checks) whose order is the processor's own: when one faults, which of the faults it is
 * and what it has done by then is not compared.
 */
const UNORDERED = new Set(['PUSHA', 'POPA', 'ENTER', 'IRET', 'RETF', 'CALLF', 'CMPS']);

/** Of two faults of these the processor may take either, but it has done nothing by then. */
const EITHER_FAULT = new Set(['CALL']);

const PAGE_FAULT: number = Vector.PF;

const hex = (value: number) => `0x${value.toString(16)}`;

/** Index of the instruction that starts at an offset in CS: where a fault was; or the number of instructions. */
function indexAt(test: TestCase, eip: number): number {
  let at = test.eip;
  const index = test.code.findIndex(({ bytes }) => {
    const found = at === eip;
    at += bytes.length;
    return found;
  });
  return index < 0 ? test.code.length : index;
}

/** EFLAGS bits that the last instruction before a place leaves undefined (inner ones are followed by a CMP). */
function undefinedBefore(test: TestCase, index: number): number {
  return index > 0 ? undefinedFlags(test.code[index - 1].name) : 0;
}

/** Differences in words, none if the two sides agree. */
export function differences(test: TestCase, native: Outcome, emulated: Outcome): string[] {
  const found: string[] = [];
  const compare = (what: string, expected: number, actual: number) => {
    if (expected !== actual) found.push(`${what}: the processor has ${hex(expected)}, Ringside ${hex(actual)}`);
  };
  const place = indexAt(test, native.eip);
  const faulted = test.code[place];
  if (faulted && native.eip === emulated.eip) {
    if (UNORDERED.has(faulted.mnemonic)) return [];
    if (EITHER_FAULT.has(faulted.mnemonic) && native.trap !== emulated.trap) return [];
  }
  compare('vector', native.trap, emulated.trap);
  if (native.trap === emulated.trap) {
    const errorMask = native.trap === PAGE_FAULT ? ~PF_FETCH : ~0;
    compare('error code', (native.error & errorMask) >>> 0, (emulated.error & errorMask) >>> 0);
    if (native.trap === PAGE_FAULT) compare('CR2', native.cr2, emulated.cr2);
  }
  for (const [i, name] of REGISTERS.entries()) {
    compare(name, native.registers[i], emulated.registers[i]);
  }
  for (const [i, name] of SEGMENTS.entries()) compare(name, native.selectors[i], emulated.selectors[i]);
  compare('EIP', native.eip, emulated.eip);
  const flags = COMPARED_FLAGS & ~undefinedBefore(test, place);
  compare('EFLAGS', (native.eflags & flags) >>> 0, (emulated.eflags & flags) >>> 0);
  for (const address of new Set([...native.changes.keys(), ...emulated.changes.keys()])) {
    const expected = native.changes.get(address);
    const actual = emulated.changes.get(address);
    if (expected === actual) continue;
    const text = (value: number | undefined) => (value === undefined ? 'left it' : `has ${hex(value)}`);
    found.push(`[${hex(address)}]: the processor ${text(expected)}, Ringside ${text(actual)}`);
  }
  return found;
}

/** A case in words, enough to write a regression test from. */
export function describeCase(test: TestCase): string {
  const registers = REGISTERS.map((name, i) => `${name}=${hex(test.registers[i])}`).join(' ');
  const selectors = SEGMENTS.map((name, i) => `${name}=${hex(test.selectors[i])}`).join(' ');
  const code = test.code.map(({ mnemonic, bytes }) => `${mnemonic} [${Buffer.from(bytes).toString('hex')}]`).join('; ');
  const data = test.patches
    .slice(0, -1)
    .map(({ address, bytes }) => `${hex(address)}: ${Buffer.from(bytes).toString('hex')}`);
  return `${code} at ${hex(test.eip)}\n    ${registers} EFLAGS=${hex(test.eflags)}\n    ${selectors}\n    ${data.join(', ')}`;
}
