import type { SegmentIndex } from '../../machine/layout';
import { decodeMemoryOperand, type MemoryOperand } from './memory-operand';
import {
  MAX_LENGTH,
  PREFIX_ADDRESS_SIZE,
  PREFIX_LOCK,
  PREFIX_OPERAND_SIZE,
  PREFIX_REP,
  PREFIX_REPNE,
  SEGMENT_OF_BYTE,
} from './prefixes';

/** What follows the opcode. */
type Encoding =
  | 'plain'
  /** A 16-bit immediate. */
  | 'immediate16'
  /** ModRM with a register or memory operand. */
  | 'modrm'
  /** ModRM of which both fields are registers whatever mod says: moves to and from special registers. */
  | 'registers';

interface Row {
  /** Opcode; those behind 0F are 0x0f00 and more. */
  readonly opcode: number;
  readonly encoding: Encoding;
  readonly name: string;
  /** The field that extends the opcode. */
  readonly extension?: number;
  /** Only with this kind of operand. */
  readonly only?: 'memory';
}

/**
 * Instructions that fault for want of privilege alone: those of level 0, those that IOPL guards, and loads of CS and SS,
 * whose RPL must be the level (Intel SDM vol. 3A, 5.9; vol. 2, opcode map).
 */
const ROWS = [
  { opcode: 0xfa, encoding: 'plain', name: 'CLI' },
  { opcode: 0xfb, encoding: 'plain', name: 'STI' },
  { opcode: 0xf4, encoding: 'plain', name: 'HLT' },
  { opcode: 0xcf, encoding: 'plain', name: 'IRET' },
  { opcode: 0xcb, encoding: 'plain', name: 'RETF' },
  { opcode: 0xca, encoding: 'immediate16', name: 'RETF' },
  { opcode: 0x17, encoding: 'plain', name: 'POP_SS' },
  { opcode: 0x8e, encoding: 'modrm', name: 'MOV_SS', extension: 2 },
  { opcode: 0x0fb2, encoding: 'modrm', name: 'LSS', only: 'memory' },
  { opcode: 0x0f00, encoding: 'modrm', name: 'LLDT', extension: 2 },
  { opcode: 0x0f00, encoding: 'modrm', name: 'LTR', extension: 3 },
  { opcode: 0x0f01, encoding: 'modrm', name: 'LGDT', extension: 2, only: 'memory' },
  { opcode: 0x0f01, encoding: 'modrm', name: 'LIDT', extension: 3, only: 'memory' },
  { opcode: 0x0f01, encoding: 'modrm', name: 'LMSW', extension: 6 },
  { opcode: 0x0f01, encoding: 'modrm', name: 'INVLPG', extension: 7, only: 'memory' },
  { opcode: 0x0f06, encoding: 'plain', name: 'CLTS' },
  { opcode: 0x0f08, encoding: 'plain', name: 'INVD' },
  { opcode: 0x0f09, encoding: 'plain', name: 'WBINVD' },
  { opcode: 0x0f20, encoding: 'registers', name: 'MOV_FROM_CR' },
  { opcode: 0x0f21, encoding: 'registers', name: 'MOV_FROM_DR' },
  { opcode: 0x0f22, encoding: 'registers', name: 'MOV_CR' },
  { opcode: 0x0f23, encoding: 'registers', name: 'MOV_DR' },
  { opcode: 0x0f24, encoding: 'registers', name: 'MOV_FROM_TR' },
  { opcode: 0x0f26, encoding: 'registers', name: 'MOV_TR' },
  { opcode: 0x0f30, encoding: 'plain', name: 'WRMSR' },
  { opcode: 0x0f31, encoding: 'plain', name: 'RDTSC' },
  { opcode: 0x0f32, encoding: 'plain', name: 'RDMSR' },
  { opcode: 0x0f33, encoding: 'plain', name: 'RDPMC' },
  { opcode: 0x0f35, encoding: 'plain', name: 'SYSEXIT' },
] as const satisfies readonly Row[];

/** Name of an instruction of the table. */
export type PrivilegedName = (typeof ROWS)[number]['name'];

const ROWS_OF_OPCODE = new Map<number, (Row & { name: PrivilegedName })[]>();
for (const row of ROWS) ROWS_OF_OPCODE.set(row.opcode, [...(ROWS_OF_OPCODE.get(row.opcode) ?? []), row]);

/** A decoded instruction of the table. */
export interface PrivilegedInstruction {
  readonly name: PrivilegedName;
  readonly operandSize: 2 | 4;
  /** Fields of ModRM, 0 where there is none: the special register or the destination; the general register. */
  readonly reg: number;
  readonly rm: number;
  /** The operand, where it is in memory. */
  readonly memory: MemoryOperand | undefined;
  readonly immediate: number;
  /** All of its bytes, prefixes included. */
  readonly bytes: Uint8Array;
}

/**
 * The hypervisor's own decoder for what it has to carry out on behalf of a deprivileged kernel. Like the one for port
 * I/O it sees nothing but guest memory.
 * @param fetch byte number `index` of the instruction; may throw `Fault`
 * @param code32 default operand and address size of the code segment (CS.D)
 * @returns undefined where it is no instruction of the table
 */
export function decodePrivileged(fetch: (index: number) => number, code32: boolean): PrivilegedInstruction | undefined {
  let operand32 = code32;
  let address32 = code32;
  let override: SegmentIndex | undefined;
  let at = 0;
  for (; at < MAX_LENGTH; at++) {
    const byte = fetch(at);
    if (byte === PREFIX_OPERAND_SIZE) operand32 = !code32;
    else if (byte === PREFIX_ADDRESS_SIZE) address32 = !code32;
    else if (SEGMENT_OF_BYTE[byte] >= 0) override = SEGMENT_OF_BYTE[byte];
    else if (byte === PREFIX_LOCK) return undefined;
    else if (byte !== PREFIX_REP && byte !== PREFIX_REPNE) break;
  }
  let opcode = fetch(at++);
  if (opcode === 0x0f) opcode = 0x0f00 | fetch(at++);
  const rows = ROWS_OF_OPCODE.get(opcode);
  if (!rows) return undefined;
  const row = rows.length > 1 || rows[0].encoding === 'modrm' ? matchModrm(rows, fetch(at)) : rows[0];
  if (!row) return undefined;
  const modrm = row.encoding === 'modrm' || row.encoding === 'registers' ? fetch(at) : 0;
  let end = row.encoding === 'plain' ? at : at + 1;
  let memory: MemoryOperand | undefined;
  let immediate = 0;
  if (row.encoding === 'immediate16') {
    immediate = fetch(at) | (fetch(at + 1) << 8);
    end = at + 2;
  } else if (row.encoding === 'modrm' && modrm >> 6 !== 3) {
    ({ operand: memory, end } = decodeMemoryOperand(fetch, at, address32 ? 4 : 2, override));
  }
  if (end > MAX_LENGTH) return undefined;
  return {
    name: row.name,
    operandSize: operand32 ? 4 : 2,
    reg: (modrm >> 3) & 7,
    rm: modrm & 7,
    memory,
    immediate,
    bytes: Uint8Array.from({ length: end }, (_, i) => fetch(i)),
  };
}

function matchModrm<R extends Row>(rows: readonly R[], modrm: number): R | undefined {
  return rows.find(
    ({ extension, only }) =>
      (extension === undefined || extension === ((modrm >> 3) & 7)) && (only === undefined || modrm >> 6 !== 3),
  );
}
