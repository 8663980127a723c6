import { interesting, Random } from '../../differential/support/random';
import type { CpuModel } from '../../../src/machine/isa/form';
import { CODE, DATA, STACKS, TSS_MAIN, WINDOW } from '../recorder/layout';
import type { LockstepCase } from '../recorder/case';
import { TSS_FIELDS, template, Window } from '../recorder/window';
import { Program } from './program';
import { anySelector, dataSelector, Kind, ringSelector, TSS_A_ENTRY, TSS_C_ENTRY } from './selectors';
import { addSystemSequence } from './system-instructions';
import { addUserInstruction } from './user-instructions';
import { buildWorld, randomPaging, stackTop } from './world';

/** Kinds of cases that can be asked for. */
export const KINDS = ['user', 'kernel', 'v86', 'paging'] as const;
export type CaseKind = (typeof KINDS)[number];

const TEMPLATE = template();
const CR0_PE = 1;
const CR0_PG = 0x80000000;
const CR0_WP = 0x10000;
const CR4_PSE = 0x10;

interface Start {
  readonly v86: boolean;
  readonly ring: number;
  readonly code: number;
  readonly eip: number;
  readonly code16: boolean;
  readonly stack: number;
  readonly esp: number;
  /** Data segments are flat. */
  readonly flat: boolean;
}

function protectedStart(random: Random, ring: number): Start {
  const kind = random.pick([
    Kind.FlatCode,
    Kind.FlatCode,
    Kind.FlatCode,
    Kind.Code16,
    Kind.Conforming,
    Kind.ExecuteOnly,
  ]);
  const flatStack = random.chance(0.5);
  return {
    v86: false,
    ring,
    code: ringSelector(ring, kind),
    code16: kind === Kind.Code16,
    eip: kind === Kind.Code16 || kind === Kind.ExecuteOnly ? 0 : WINDOW + CODE,
    stack: ringSelector(ring, flatStack ? Kind.FlatData : Kind.Stack),
    esp:
      (flatStack ? WINDOW + STACKS : 0) +
      (random.chance(0.92) ? stackTop(ring) : random.pick([0, 2, 6, 16, 0xffe, 0x1000])),
    flat: random.chance(0.7),
  };
}

function v86Start(random: Random): Start {
  return {
    v86: true,
    ring: 3,
    code: (WINDOW + CODE) >> 4,
    eip: 0,
    code16: true,
    stack: (WINDOW + STACKS) >> 4,
    esp: random.chance(0.9) ? stackTop(3) : random.pick([0, 1, 2, 6, 0xffff, 0xfffe]),
    flat: false,
  };
}

function startOf(random: Random, kind: CaseKind): Start {
  if (kind === 'v86') return v86Start(random);
  if (kind === 'user') return protectedStart(random, 3);
  return protectedStart(random, random.chance(0.4) ? 0 : random.below(4));
}

function flagsAtStart(random: Random, { v86 }: Start): number {
  const iopl = random.below(4) << 12;
  const arithmetic = random.u32() & 0x8d5;
  const df = random.chance(0.15) ? 0x400 : 0;
  const nt = random.chance(0.03) && !v86 ? 0x4000 : 0;
  const interrupts = random.chance(0.5) ? 0x200 : 0;
  return 0x102 | iopl | arithmetic | df | nt | interrupts | (v86 ? 0x20000 : 0);
}

function fillRegisters(random: Random, window: Window, start: Start, offset: () => number): void {
  const { eip, eflags, registers, segments, link } = TSS_FIELDS;
  const at = (field: number) => TSS_MAIN + field;
  window.set32(at(eip), start.eip);
  window.set32(at(eflags), flagsAtStart(random, start));
  const count = random.chance(0.9) ? random.below(6) : interesting(random);
  const values = [interesting(random), count, interesting(random), offset(), start.esp, offset(), offset(), offset()];
  values.forEach((value, i) => window.set32(at(registers) + i * 4, value));
  const data = (): number => {
    if (start.v86) return (WINDOW + random.pick([DATA, DATA, STACKS])) >> 4;
    if (random.chance(0.1)) return random.chance(0.5) ? 0 : dataSelector(random, start.ring);
    return ringSelector(3, start.flat ? Kind.FlatData : Kind.Data16);
  };
  const selectors = [data(), start.code, start.stack, data(), data(), data()];
  selectors.forEach((value, i) => window.set16(at(segments) + i * 4, value));
  window.set16(at(link), random.chance(0.9) ? random.pick([TSS_A_ENTRY, TSS_C_ENTRY]) << 3 : anySelector(random));
}

/** The case that a kind and a seed stand for. */
export function caseOf(kind: CaseKind, seed: number, model: CpuModel): LockstepCase {
  const random = new Random(Math.imul(seed, 4) + KINDS.indexOf(kind));
  const window = new Window(TEMPLATE);
  const start = startOf(random, kind);
  const hasCr4 = model.startsWith('pentium');
  buildWorld(random, window);
  const pse = hasCr4 && random.chance(0.5);
  if (kind === 'paging') randomPaging(random, window, pse);
  const far = kind === 'paging';
  const offset = (): number => {
    const within = random.chance(0.1)
      ? random.pick([0, 0xffc, 0xffd, 0xffe, 0xfff, 0x1000, 0x1ffe])
      : random.below(0x1f00);
    if (!start.flat) return random.chance(0.05) ? interesting(random) & 0xffff : within & (start.v86 ? 0x1fff : 0xfff);
    return WINDOW + DATA + within + (far && random.chance(0.4) ? 0x400000 : 0);
  };
  const program = new Program({ random, code16: start.code16, offset });
  const length = random.between(3, 12);
  const system = kind === 'user' ? 0.05 : kind === 'v86' ? 0.35 : kind === 'paging' ? 0.25 : 0.6;
  while (program.code.length < length) {
    if (random.chance(system)) addSystemSequence({ program, ring: start.ring, v86: start.v86, hasCr4 });
    else addUserInstruction(program, model);
  }
  fillRegisters(random, window, start, offset);
  const instructions = program.place(window, 0);
  return {
    kind,
    seed,
    window,
    cr0: (CR0_PE | 0x10 | CR0_PG | (random.chance(0.5) ? CR0_WP : 0)) >>> 0,
    cr4: hasCr4 ? (pse ? CR4_PSE : 0) : undefined,
    maxEvents: 24,
    instructions,
  };
}
