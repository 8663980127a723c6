import { interesting, type Random } from '../../differential/support/random';
import { CODE, DATA, IDT_ENTRIES, PAGE_DIRECTORY, STACKS, WINDOW } from '../recorder/layout';
import { le } from './encode';
import type { Program } from './program';
import {
  anySelector,
  CALL_GATES,
  dataSelector,
  FIRST_CALL_GATE,
  FIRST_TASK_GATE,
  Kind,
  LDT_ENTRY,
  ringSelector,
  TASK_GATES,
  TSS_A_ENTRY,
  TSS_B_ENTRY,
  TSS_C_ENTRY,
} from './selectors';
import { farTarget, stackTop } from './world';

const EAX = 0;
const EDX = 2;
const FLAG_TF = 0x100;
const FLAG_VM = 0x20000;

/** What sequences of system instructions are made for. */
export interface SystemContext {
  readonly program: Program;
  /** Level that the program starts at. */
  readonly ring: number;
  readonly v86: boolean;
  /** CR4 exists. */
  readonly hasCr4: boolean;
}

type Sequence = (context: SystemContext) => void;

/** EFLAGS to be loaded: mostly with TF, so that steps go on; VM now and then. */
export function anyFlags(random: Random): number {
  const tf = random.chance(0.93) ? FLAG_TF : 0;
  const nt = random.chance(0.08) ? 0x4000 : 0;
  return ((random.u32() & 0x3ed5) | 2 | tf | nt) >>> 0;
}

function size(random: Random, code16: boolean): 2 | 4 {
  return random.chance(0.15) !== code16 ? 2 : 4;
}

function otherRing(random: Random, ring: number): number {
  return random.chance(0.5) ? ring : random.below(4);
}

/** A far pointer's destination: code, a gate, a task; in V86 mode a paragraph. */
function destination({ program, ring, v86 }: SystemContext): { selector: number; offset: number } {
  const { random } = program.surroundings;
  if (v86) {
    const target = farTarget(random, 0);
    return { selector: (WINDOW + CODE) >> 4, offset: target.offset & 0xfff };
  }
  const kind = random.below(10);
  const rpl = random.chance(0.7) ? ring : random.below(4);
  if (kind < 4)
    return { ...farTarget(random, ring), selector: ((FIRST_CALL_GATE + random.below(CALL_GATES)) << 3) | rpl };
  if (kind < 5)
    return { ...farTarget(random, ring), selector: ((FIRST_TASK_GATE + random.below(TASK_GATES)) << 3) | rpl };
  if (kind < 6) {
    const entry = random.pick([TSS_A_ENTRY, TSS_B_ENTRY, TSS_C_ENTRY]);
    return { ...farTarget(random, ring), selector: (entry << 3) | (random.chance(0.7) ? 0 : rpl) };
  }
  return farTarget(random, otherRing(random, ring));
}

/** A selector for a data segment register, or a paragraph in V86 mode. */
function segmentValue({ program, ring, v86 }: SystemContext, stack: boolean): number {
  const { random } = program.surroundings;
  if (v86) return random.chance(0.7) ? (WINDOW + random.pick([DATA, STACKS])) >> 4 : random.u32() & 0x2fff;
  if (stack && random.chance(0.75)) {
    return ringSelector(ring, random.pick([Kind.FlatData, Kind.Stack, Kind.Data16]));
  }
  return dataSelector(random, ring);
}

const moveToSegment: Sequence = (context) => {
  const { program } = context;
  const { random } = program.surroundings;
  const segment = random.chance(0.98) ? random.pick([0, 2, 3, 4, 5]) : random.below(8);
  program.setRegister(EAX, segmentValue(context, segment === 2));
  program.raw('MOV Sw', [0x8e, 0xc0 | (segment << 3)]);
  // There is no step between a load of SS and the instruction behind it, whose flags could be undefined.
  if (segment === 2) program.raw('NOP', [0x90]);
};

const popSegment: Sequence = (context) => {
  const { program } = context;
  const { random, code16 } = program.surroundings;
  const width = size(random, code16);
  const [opcode, stack] = random.pick([
    [[0x07], false],
    [[0x17], true],
    [[0x1f], false],
    [[0x0f, 0xa1], false],
    [[0x0f, 0xa9], false],
  ] as const);
  program.push(segmentValue(context, stack), width);
  program.raw('POP Sw', opcode, width);
  if (stack) program.raw('NOP', [0x90]);
};

const loadPointer: Sequence = (context) => {
  const { program } = context;
  const { random, code16 } = program.surroundings;
  const width = size(random, code16);
  const opcode = random.pick([[0xc4], [0xc5], [0x0f, 0xb2], [0x0f, 0xb4], [0x0f, 0xb5]] as const);
  const stack = opcode[0] === 0x0f && opcode[1] === 0xb2;
  program.push(segmentValue(context, stack), width);
  program.push(random.chance(0.9) ? stackTop(context.ring) : interesting(random), width);
  // [ESP] through a 32-bit address; the destination is EBP, or for LSS ESP.
  program.raw('LxS', [...(code16 ? [0x67] : []), ...opcode, 0x04 | ((stack ? 4 : 5) << 3), 0x24], width);
  if (stack) program.raw('NOP', [0x90]);
};

const inspect: Sequence = ({ program, v86 }) => {
  const { random, code16 } = program.surroundings;
  if (v86 && random.chance(0.7)) return;
  program.setRegister(EAX, anySelector(random));
  const width = size(random, code16);
  switch (random.below(5)) {
    case 0:
      return program.raw('LAR', [0x0f, 0x02, 0xd0], width);
    case 1:
      return program.raw('LSL', [0x0f, 0x03, 0xd0], width);
    case 2:
      return program.raw('VERR', [0x0f, 0x00, 0xe0]);
    case 3:
      return program.raw('VERW', [0x0f, 0x00, 0xe8]);
    default:
      return program.raw('ARPL', [0x63, 0xc0 | (EDX << 3)]);
  }
};

const farDirect: Sequence = (context) => {
  const { program } = context;
  const { random, code16 } = program.surroundings;
  const { selector, offset } = destination(context);
  const width = size(random, code16);
  const call = random.chance(0.6);
  program.raw(call ? 'CALLF' : 'JMPF', [call ? 0x9a : 0xea, ...le(offset, width), ...le(selector, 2)], width);
};

const farIndirect: Sequence = (context) => {
  const { program } = context;
  const { random, code16 } = program.surroundings;
  const { selector, offset } = destination(context);
  const width = size(random, code16);
  program.push(selector, width);
  program.push(offset, width);
  const call = random.chance(0.6);
  program.raw(call ? 'CALLF' : 'JMPF', [...(code16 ? [0x67] : []), 0xff, call ? 0x1c : 0x2c, 0x24], width);
};

/** Pushes SS and ESP of the level that is returned to. */
function pushOuterStack({ program, v86 }: SystemContext, ring: number, width: 2 | 4): void {
  const { random } = program.surroundings;
  if (v86) return;
  const good = ringSelector(ring, random.pick([Kind.Stack, Kind.Stack, Kind.FlatData]));
  program.push(random.chance(0.9) ? good : anySelector(random), width);
  program.push(random.chance(0.9) ? stackTop(ring) : interesting(random), width);
}

function outward({ program, ring }: SystemContext): number {
  const { random } = program.surroundings;
  return random.chance(0.9) ? random.between(ring, 3) : random.below(4);
}

const farReturn: Sequence = (context) => {
  const { program, v86 } = context;
  const { random, code16 } = program.surroundings;
  const width = size(random, code16);
  const ring = outward(context);
  const target = v86 ? destination(context) : farTarget(random, ring);
  const released = random.chance(0.4) ? random.pick([2, 4, 6, 8]) : 0;
  pushOuterStack(context, ring, width);
  for (let i = 0; i < released; i += width) program.push(0x11111111 * i, width);
  program.push(target.selector, width);
  program.push(target.offset, width);
  program.raw('RETF', released ? [0xca, ...le(released, 2)] : [0xcb], width);
};

const interruptReturn: Sequence = (context) => {
  const { program, v86 } = context;
  const { random, code16 } = program.surroundings;
  const width = size(random, code16);
  const ring = outward(context);
  const toV86 = !v86 && width === 4 && random.chance(0.15);
  const target = v86 || toV86 ? destination({ ...context, v86: true }) : farTarget(random, ring);
  if (toV86) {
    for (let i = 0; i < 4; i++) program.push((WINDOW + random.pick([DATA, STACKS, CODE])) >> 4, width);
    program.push((WINDOW + STACKS) >> 4, width);
    program.push(stackTop(3), width);
  } else pushOuterStack(context, ring, width);
  program.push((anyFlags(random) | (toV86 ? FLAG_VM : 0)) >>> 0, width);
  program.push(target.selector, width);
  program.push(target.offset, width);
  program.raw('IRET', [0xcf], width);
};

const interrupt: Sequence = ({ program }) => {
  const { random } = program.surroundings;
  const kind = random.below(10);
  if (kind === 0) program.raw('INT3', [0xcc]);
  else if (kind === 1) program.raw('INTO', [0xce]);
  else {
    // Vectors of the recorder come from INT as well, but DPL 0 of their gates lets level 0 only.
    let vector = random.chance(0.9) ? random.below(IDT_ENTRIES) : random.below(256);
    if (vector === 8 || vector === 1 || vector === 6) vector = 0x20;
    program.raw('INT', [0xcd, vector]);
  }
};

const flags: Sequence = ({ program }) => {
  const { random, code16 } = program.surroundings;
  const width = size(random, code16);
  switch (random.below(5)) {
    case 0:
      return program.raw('CLI', [0xfa]);
    case 1:
      return program.raw('STI', [0xfb]);
    case 2:
      return program.raw('PUSHF', [0x9c], width);
    default:
      program.push((anyFlags(random) | (random.chance(0.05) ? FLAG_VM | 0x10000 : 0)) >>> 0, width);
      return program.raw('POPF', [0x9d], width);
  }
};

const systemTables: Sequence = ({ program, ring }) => {
  const { random, code16 } = program.surroundings;
  const width = size(random, code16);
  switch (random.below(6)) {
    case 0:
      return program.raw('SLDT', [0x0f, 0x00, 0xc0 | random.below(3)], width);
    case 1:
      return program.raw('STR', [0x0f, 0x00, 0xc8 | random.below(3)], width);
    case 2:
      return program.raw('SMSW', [0x0f, 0x01, 0xe0 | random.below(3)], 2);
    case 3:
      program.setRegister(EAX, random.chance(0.7) ? LDT_ENTRY << 3 : anySelector(random));
      return program.raw('LLDT', [0x0f, 0x00, 0xd0]);
    default: {
      // A TSS that is too short for the recorder's own switches would take the recorder down with it.
      const entry = random.pick([TSS_A_ENTRY, TSS_C_ENTRY]);
      program.setRegister(EAX, (entry << 3) | (random.chance(0.8) ? 0 : random.below(8)));
      return ring === 0 && random.chance(0.5)
        ? program.raw('VERR', [0x0f, 0x00, 0xe0])
        : program.raw('LTR', [0x0f, 0x00, 0xd8]);
    }
  }
};

/** CR0 bits that a case may flip: MP, EM, NE, WP, AM. TS is set by every switch to the recorder. */
const CR0_BITS = [0x2, 0x4, 0x20, 0x10000, 0x40000];

const controlRegisters: Sequence = ({ program, hasCr4 }) => {
  const { random } = program.surroundings;
  switch (random.below(7)) {
    case 0:
      program.raw('MOV', [0x0f, 0x20, 0xc0]);
      program.raw('XOR', [0x35, ...le(random.pick(CR0_BITS), 4)], 4);
      return program.raw('MOV CR0', [0x0f, 0x22, 0xc0]);
    case 1:
      program.setRegister(EAX, WINDOW + PAGE_DIRECTORY + random.pick([0, 0, 8, 0x18]));
      return program.raw('MOV CR3', [0x0f, 0x22, 0xd8]);
    case 2:
      program.setRegister(EAX, interesting(random));
      return program.raw('MOV CR2', [0x0f, 0x22, 0xd0]);
    case 3:
      return program.raw('MOV', [0x0f, 0x20, 0xc0 | (random.pick([0, 2, 3]) << 3) | random.pick([0, 2])]);
    case 4:
      return program.raw('CLTS', [0x0f, 0x06]);
    case 5:
      program.raw('SMSW', [0x0f, 0x01, 0xe0], 2);
      program.raw('XOR', [0x34, random.pick([2, 4, 6, 8])]);
      return program.raw('LMSW', [0x0f, 0x01, 0xf0]);
    default:
      if (!hasCr4) return program.raw('WBINVD', [0x0f, 0x09]);
      return program.raw('MOV', [0x0f, 0x20, 0xe0]);
  }
};

/** Ports that nobody answers, within and around the end of the I/O bitmap. */
const PORTS = [0x240, 0x241, 0x244, 0x247, 0x24f, 0x4b8, 0x4bc, 0x4bf, 0x4c0, 0x4c4, 0xe0, 0xe5];

const ports: Sequence = ({ program }) => {
  const { random, code16 } = program.surroundings;
  const width = size(random, code16);
  const opcode = random.pick([0xe4, 0xe5, 0xe6, 0xe7, 0xec, 0xed, 0xee, 0xef, 0x6c, 0x6d, 0x6e, 0x6f]);
  const name = opcode < 0x80 ? 'INS/OUTS' : 'IN/OUT';
  if (opcode < 0xe8 && opcode >= 0xe0) return program.raw(name, [opcode, random.pick([0xe0, 0xe5, 0xe2])], width);
  program.setRegister(EDX, random.pick(PORTS));
  const repeat = opcode < 0x80 && random.chance(0.4) ? [0xf3] : [];
  program.raw(name, [...repeat, opcode], width);
};

const invalidate: Sequence = ({ program, ring }) => {
  const { random, code16 } = program.surroundings;
  if (ring === 0 && random.chance(0.5)) return program.raw('INVD', [0x0f, 0x09]);
  program.raw('INVLPG', [...(code16 ? [0x67] : []), 0x0f, 0x01, 0x3d, ...le(WINDOW + DATA, 4)]);
};

const undefinedOpcode: Sequence = ({ program }) => {
  const { random } = program.surroundings;
  program.raw(
    '(bad)',
    random.pick([
      [0x8d, 0xc0],
      [0x0f, 0x0b],
      [0xc5, 0xc0],
      [0x0f, 0xff],
      [0xfe, 0xf8],
      [0xff, 0xf8],
      [0x8e, 0xc8],
      [0x8e, 0xf0],
      [0xf0, 0x90],
      [0xf0, 0x89, 0xc0],
      [0x62, 0xc0],
      [0x0f, 0x01, 0xd0 - 0x40],
      [0x0f, 0xba, 0xc0, 0],
    ]),
  );
};

/** Sequences with their weights. */
const SYSTEM: readonly (readonly [Sequence, number])[] = [
  [moveToSegment, 6],
  [popSegment, 3],
  [loadPointer, 2],
  [inspect, 4],
  [farDirect, 5],
  [farIndirect, 3],
  [farReturn, 4],
  [interruptReturn, 5],
  [interrupt, 5],
  [flags, 4],
  [systemTables, 3],
  [controlRegisters, 3],
  [ports, 3],
  [invalidate, 1],
  [undefinedOpcode, 1],
];
const TOTAL = SYSTEM.reduce((sum, [, weight]) => sum + weight, 0);

/** Adds a sequence that ends with a random system instruction. */
export function addSystemSequence(context: SystemContext): void {
  let left = context.program.surroundings.random.below(TOTAL);
  for (const [sequence, weight] of SYSTEM) {
    left -= weight;
    if (left < 0) {
      sequence(context);
      return;
    }
  }
}
