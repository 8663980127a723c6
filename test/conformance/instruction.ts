import { ESCAPE_OPCODE, PREFIX_OPCODES } from '../../src/machine/isa/table';

/** What the bytes of a recorded instruction say before anything is executed. */
export interface RecordedInstruction {
  readonly prefixes: readonly number[];
  /** 0-FF, or 0F00-0FFF. */
  readonly opcode: number;
  /** The byte behind the opcode, a ModR/M byte if the opcode has one; 0 at the end of the bytes. */
  readonly modRm: number;
  /** Length in bytes, prefixes included and the HLT behind it left out. */
  readonly length: number;
}

/** Prefixes that the 286 does not have; there their bytes are undefined opcodes. */
const PREFIXES_386 = new Set([0x64, 0x65, 0x66, 0x67]);

/** @param wide the recording is of a 386, which knows FS, GS and the size prefixes */
export function decodeRecorded(bytes: Uint8Array, wide: boolean): RecordedInstruction {
  const isPrefix = (byte: number) => PREFIX_OPCODES.has(byte) && (wide || !PREFIXES_386.has(byte));
  let at = 0;
  while (at < bytes.length && isPrefix(bytes[at])) at++;
  const prefixes = [...bytes.subarray(0, at)];
  const escape = bytes[at] === ESCAPE_OPCODE;
  const opcode = escape ? 0x0f00 + (bytes[at + 1] ?? 0) : (bytes[at] ?? 0);
  const modRm = bytes[at + (escape ? 2 : 1)] ?? 0;
  return { prefixes, opcode, modRm, length: Math.max(bytes.length - 1, 0) };
}

/** Opcodes of which ModR/M.reg chooses the instruction, as the suites number them. */
const GROUPS = new Set([
  ...[0x80, 0x81, 0x82, 0x83, 0xc0, 0xc1, 0xd0, 0xd1, 0xd2, 0xd3, 0xf6, 0xf7, 0xfe, 0xff],
  ...[0x0f00, 0x0f01, 0x0fba],
]);

const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, '0');

/** Opcode and digit as the suites name their files, without size prefixes: `00`, `80.4`, `0FA4`. */
export function formName({ opcode, modRm }: RecordedInstruction): string {
  const base = hex(opcode, opcode > 0xff ? 4 : 2);
  return GROUPS.has(opcode) ? `${base}.${(modRm >> 3) & 7}` : base;
}

/**
 * What a MOO file is called, without extensions and in upper case: `6601` for `/a/6601.MOO.gz`.
 * @returns undefined if the name is not that of a MOO file
 */
export function mooName(path: string): string | undefined {
  return /([^/\\]+?)\.moo(?:\.gz)?$/i.exec(path)?.[1].toUpperCase();
}
