import { Random } from './random';

/** A range of linear addresses that exists on both sides; what is around it does not. */
export interface Window {
  readonly name: string;
  readonly address: number;
  readonly bytes: number;
  readonly writable: boolean;
}

/** Code of the cases; filled with INT3, so that whatever runs on or jumps astray ends. */
export const CODE: Window = { name: 'code', address: 0x10000000, bytes: 0x2000, writable: true };
/** Two pages to read and write, then one that can only be read, then nothing. */
export const DATA: Window = { name: 'data', address: 0x20000000, bytes: 0x2000, writable: true };
export const CONSTANT: Window = { name: 'constant', address: 0x20002000, bytes: 0x1000, writable: false };
export const STACK: Window = { name: 'stack', address: 0x30000000, bytes: 0x2000, writable: true };
/** Within reach of 16-bit addresses and 16-bit branches. Only a privileged process may map it. */
export const LOW: Window = { name: 'low', address: 0x8000, bytes: 0x2000, writable: true };
export const LOW_CODE: Window = { name: 'low code', address: 0xb000, bytes: 0x1000, writable: true };

export const WINDOWS: readonly Window[] = [CODE, DATA, CONSTANT, STACK, LOW, LOW_CODE];

const INT3 = 0xcc;

/** What a window holds before each case; patches come on top. */
export function baseline(window: Window): Uint8Array {
  const bytes = new Uint8Array(window.bytes);
  if (window === CODE || window === LOW_CODE) return bytes.fill(INT3);
  const random = new Random(window.address);
  for (let i = 0; i < bytes.length; i++) bytes[i] = random.u32() >>> 13;
  return bytes;
}

/** Selectors of Linux on x86: flat segments for 32-bit user code and data (arch/x86/include/asm/segment.h). */
export const USER_CODE = 0x23;
export const USER_DATA = 0x2b;
/** The 64-bit code segment next to them: nothing here may ever get there. */
export const LONG_MODE_CODE = 0x33;

/** An entry of the LDT. Flags as in the kernel's struct user_desc (arch/x86/include/uapi/asm/ldt.h). */
export interface Segment {
  readonly name: string;
  readonly entry: number;
  readonly base: number;
  /** Last offset (of an expand-down segment: the last that is not valid), in bytes or pages. */
  readonly limit: number;
  readonly big: boolean;
  readonly contents: 'data' | 'expand-down' | 'code';
  /** Data that cannot be written, code that cannot be read. */
  readonly restricted: boolean;
  readonly pages: boolean;
  readonly present: boolean;
}

const plain = { big: true, contents: 'data', restricted: false, pages: false, present: true } as const;

/** Segments that are not flat, so that limits and types are tried too. */
export const SEGMENTS: readonly Segment[] = [
  { ...plain, name: 'data with a limit', entry: 0, base: DATA.address, limit: 0xfff },
  { ...plain, name: 'expand-down', entry: 1, base: DATA.address - 0x1000, limit: 0xfff, contents: 'expand-down' },
  { ...plain, name: 'read-only', entry: 2, base: DATA.address, limit: 0x1fff, restricted: true },
  { ...plain, name: 'absent', entry: 3, base: DATA.address, limit: 0xfff, present: false },
  { ...plain, name: 'small stack', entry: 4, base: STACK.address, limit: 0xffff, big: false },
  { ...plain, name: '16-bit code', entry: 5, base: CODE.address, limit: 0x1fff, big: false, contents: 'code' },
  { ...plain, name: '32-bit code', entry: 6, base: CODE.address, limit: 0x1fff, contents: 'code' },
  {
    ...plain,
    name: 'execute-only',
    entry: 7,
    base: CODE.address,
    limit: 0x1fff,
    contents: 'code',
    restricted: true,
  },
];

/** Selector of an LDT entry at privilege 3. */
export function selectorOf(segment: Segment): number {
  return (segment.entry << 3) | 7;
}

const CONTENTS = { data: 0, 'expand-down': 1, code: 2 } as const;

/** The flags dword of struct user_desc. */
export function userDescriptorFlags(segment: Segment): number {
  return (
    (segment.big ? 1 : 0) |
    (CONTENTS[segment.contents] << 1) |
    (segment.restricted ? 8 : 0) |
    (segment.pages ? 16 : 0) |
    (segment.present ? 0 : 32)
  );
}

/** The descriptor that the kernel makes of it, as two dwords. */
export function descriptorOf(segment: Segment): readonly [low: number, high: number] {
  const code = segment.contents === 'code';
  // Accessed, and writable (or, of code, readable).
  const type = 1 | (segment.restricted ? 0 : 2) | (segment.contents === 'expand-down' ? 4 : 0) | (code ? 8 : 0);
  const access = type | 0x10 | 0x60 | (segment.present ? 0x80 : 0);
  const low = ((segment.limit & 0xffff) | (segment.base << 16)) >>> 0;
  const high =
    ((segment.base >>> 16) & 0xff) |
    (access << 8) |
    (segment.limit & 0xf0000) |
    (segment.big ? 0x400000 : 0) |
    (segment.pages ? 0x800000 : 0) |
    (segment.base & 0xff000000);
  return [low, high >>> 0];
}
