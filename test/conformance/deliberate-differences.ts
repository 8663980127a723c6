import { PREFIX_OPCODES } from '../../src/machine/isa/table';

/** Prefixes that the 286 does not have; there their bytes are undefined opcodes. */
const PREFIXES_386 = new Set([0x64, 0x65, 0x66, 0x67]);

/**
 * Why a 386 is meant to behave otherwise than the processor a test was recorded on, or undefined.
 * Intel 80386 Programmer's Reference Manual, chapter 14.7 (differences from the 80286).
 */
export function deliberateDifference(cpu: string, bytes: readonly number[]): string | undefined {
  if (!cpu.startsWith('C286')) return undefined;
  const opcode = bytes.findIndex((byte) => !PREFIX_OPCODES.has(byte) || PREFIXES_386.has(byte));
  if (bytes.slice(0, opcode).includes(0xf0))
    return 'LOCK is #UD on the 386 but for a few forms; the 286 takes it anywhere';
  return undefined;
}
