import type { Random } from './random';

/** Where the parts of a random program are; everything is flat. */
export const CODE = 0x10000;
export const DATA = 0x40000;
export const STACK = 0x60000;
/** Counts the rounds of the outer loop down. */
const COUNTER = 0x50000;

const dword = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];

/** EAX, ECX, EDX and EBP hold anything; EBX, ESI and EDI point into the data. */
const FREE = [0, 1, 2, 5];
const FREE_BYTES = [0, 1, 2, 4, 5, 6];
const POINTERS = [3, 6, 7];

/** ModR/M and what follows it: a free register, or memory in or near the data. */
function operand(random: Random, reg: number, byte: boolean): number[] {
  const modRm = (mod: number, rm: number) => (mod << 6) | (reg << 3) | rm;
  switch (random.below(7)) {
    case 0:
      return [modRm(1, random.pick(POINTERS)), random.below(256)];
    case 1:
      return [modRm(2, random.pick(POINTERS)), ...dword(random.below(0x2000) - 0x1000)];
    case 2:
      return [modRm(0, 5), ...dword(DATA + random.below(0x3000))];
    case 3:
      // [pointer + ecx*2 + 8] reaches everywhere: also where nobody is.
      return [
        modRm(1, 4),
        (random.below(4) << 6) | (random.pick(FREE) << 3) | random.pick(POINTERS),
        random.below(128),
      ];
    default:
      return [modRm(3, random.pick(byte ? FREE_BYTES : FREE))];
  }
}

const freeRegister = (random: Random, byte: boolean) => random.pick(byte ? FREE_BYTES : FREE);

/** One instruction that goes on to the next; with an operand-size prefix at times. */
function plain(random: Random): number[] {
  const byte = random.below(2) === 0;
  const wide = byte ? 0 : 1;
  const small = !byte && random.below(4) === 0;
  const prefix = small ? [0x66] : [];
  const reg = freeRegister(random, byte);
  const immediate = () => (byte ? [random.below(256)] : dword(random.value()).slice(0, small ? 2 : 4));
  const rm = (group = reg) => operand(random, group, byte);
  switch (random.below(22)) {
    case 0:
    case 1:
    case 2:
      return [...prefix, (random.below(8) << 3) | wide, ...rm()];
    case 3:
    case 4:
      return [...prefix, (random.below(8) << 3) | 2 | wide, ...rm()];
    case 5:
      return [...prefix, 0x80 | wide, ...rm(random.below(8)), ...immediate()];
    case 6:
      return [...prefix, 0x83, ...operand(random, random.below(8), false), random.below(256)];
    case 7:
      return [...prefix, 0x88 | wide, ...rm()];
    case 8:
      return [...prefix, 0x8a | wide, ...rm()];
    case 9:
      return [...prefix, 0xc0 | wide, ...rm(random.below(8)), random.below(40)];
    case 10:
      return [...prefix, 0xd0 | wide, ...rm(random.below(8))];
    case 11:
      return [...prefix, 0xd2 | wide, ...rm(random.below(8))];
    case 12:
      // NOT, NEG, MUL, IMUL: TEST has an immediate, DIV may fault.
      return [...prefix, 0xf6 | wide, ...rm(random.pick([2, 3, 4, 5]))];
    case 13:
      return [...prefix, 0xfe | wide, ...rm(random.below(2))];
    case 14:
      return [0x0f, random.pick([0xb6, 0xb7, 0xbe, 0xbf]), ...operand(random, freeRegister(random, false), false)];
    case 15:
      return [0x0f, 0x90 | random.below(16), ...operand(random, 0, true)];
    case 16:
      return [0x0f, 0x40 | random.below(16), ...operand(random, freeRegister(random, false), false)];
    case 17:
      return [
        ...prefix,
        0x0f,
        random.pick([0xa3, 0xab, 0xb3, 0xbb, 0xa5, 0xad, 0xaf, 0xbc, 0xbd]),
        ...operand(random, random.pick(FREE), false),
      ];
    case 18:
      return [random.pick([0x98, 0x99, 0x9e, 0x9f, 0xf5, 0xf8, 0xf9, 0x27, 0x2f, 0x37, 0x3f, 0xd6, 0x90, 0xfc])];
    case 19:
      return random.below(2) ? [0x50 + random.pick(FREE), 0x58 + random.pick(FREE)] : [0x9c, 0x58 + random.pick(FREE)];
    case 20:
      return [...prefix, 0x0f, random.pick([0xb0, 0xc0]) | wide, ...rm()];
    default:
      return [...prefix, random.pick([0x86, 0x84]) | wide, ...rm()];
  }
}

/** String instructions with their pointers put back afterwards: lea esi/edi from absolute addresses. */
function strings(random: Random): number[] {
  const repeat = random.pick([[], [0xf3], [0xf2]]);
  const setCount = [0xb9, ...dword(random.below(40))];
  const direction = random.below(4) === 0 ? [0xfd] : [0xfc];
  const opcode = random.pick([0xa4, 0xa5, 0xa6, 0xa7, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf]);
  const pointers = [0xbe, ...dword(DATA + random.below(0x1800)), 0xbf, ...dword(DATA + random.below(0x1800))];
  return [...setCount, ...direction, ...repeat, opcode, ...pointers, 0xfc];
}

/**
 * A program of straight code, forward branches, inner loops, calls and string instructions in an outer loop of `rounds`;
 * it ends in HLT.
 */
export function randomProgram(random: Random, length: number, rounds: number): Uint8Array {
  const bytes: number[] = [];
  const add = (...code: number[]) => bytes.push(...code);
  // Pointers, counter, stack.
  add(0xbb, ...dword(DATA + 0x800), 0xbe, ...dword(DATA + 0x1000), 0xbf, ...dword(DATA + 0x1ff0));
  add(0xc7, 0x05, ...dword(COUNTER), ...dword(rounds), 0xbc, ...dword(STACK));
  const top = bytes.length;
  const procedures: number[] = [];
  const calls: number[] = [];
  for (let i = 0; i < length; i++) {
    const kind = random.below(20);
    if (kind === 0) {
      // Over a few instructions, if a condition holds.
      const skipped = Array.from({ length: 1 + random.below(4) }, () => plain(random)).flat();
      add(0x0f, 0x80 | random.below(16), ...dword(skipped.length), ...skipped);
    } else if (kind === 1) {
      // mov ebp, n; L: body; dec ebp; jnz L (the body must leave EBP alone)
      const body = Array.from({ length: 1 + random.below(3) }, () => plain(random)).flat();
      add(0x55, 0x6a, 1 + random.below(6));
      const back = body.length + 4;
      add(...body, 0xff, 0x0c, 0x24, 0x75, -(back + 1) & 0xff, 0x58, 0x5d);
    } else if (kind === 2) {
      add(0xe8);
      calls.push(bytes.length);
      add(...dword(0));
    } else if (kind === 3) add(...strings(random));
    else if (kind === 4) add(0xe2, 0, 0xe3, 0);
    else add(...plain(random));
  }
  // dec dword [COUNTER]; jnz top; hlt
  add(0xff, 0x0d, ...dword(COUNTER));
  add(0x0f, 0x85, ...dword(top - (bytes.length + 6)), 0xf4);
  for (let i = 0; i < 3; i++) {
    procedures.push(bytes.length);
    const body = Array.from({ length: 1 + random.below(5) }, () => plain(random)).flat();
    add(...body, ...(random.below(2) ? [0xc3] : [0xc2, 0, 0]));
  }
  for (const at of calls) {
    const target = random.pick(procedures) - (at + 4);
    bytes.splice(at, 4, ...dword(target));
  }
  return Uint8Array.from(bytes);
}
