import {
  FLAG_AC,
  FLAG_AF,
  FLAG_CF,
  FLAG_DF,
  FLAG_ID,
  FLAG_IF,
  FLAG_IOPL,
  FLAG_NT,
  FLAG_OF,
  FLAG_PF,
  FLAG_RF,
  FLAG_SF,
  FLAG_TF,
  FLAG_VIF,
  FLAG_VIP,
  FLAG_VM,
  FLAG_ZF,
  GDTR_BASE,
  GDTR_LIMIT,
  IDTR_BASE,
  IDTR_LIMIT,
  SegmentIndex,
} from '../../machine/layout';
import { EvaluationError } from '../values/memory';
import type { RegisterContext, RegisterDefinition } from './definition';
import { fpuRegisters } from './fpu';
import { MXCSR_REGISTER } from './vector';

export type { RegisterContext, RegisterDefinition, SystemWriter } from './definition';

const GENERAL = ['eax', 'ecx', 'edx', 'ebx', 'esp', 'ebp', 'esi', 'edi'];
const BYTES = ['al', 'cl', 'dl', 'bl', 'ah', 'ch', 'dh', 'bh'];
const SEGMENTS = ['es', 'cs', 'ss', 'ds', 'fs', 'gs', 'ldtr', 'tr'];

function setGeneral({ frame }: RegisterContext, index: number, value: number): void {
  if (!frame.setGeneral) throw new EvaluationError('registers of a calling function cannot be set');
  frame.setGeneral(index, value);
}

/** A field of a 32-bit general register: bits `low` on, as many as `mask` has. */
function part(name: string, index: number, low: number, mask: number, doc: string): RegisterDefinition {
  return {
    name,
    group: 'half',
    size: mask === 0xff ? 1 : 2,
    doc,
    read: ({ frame }) => (frame.general(index) >>> low) & mask,
    write: (context, value) => {
      const rest = context.frame.general(index) & ~(mask << low);
      setGeneral(context, index, (rest | ((value & mask) << low)) >>> 0);
    },
  };
}

function general(): RegisterDefinition[] {
  const whole = GENERAL.map(
    (name, index): RegisterDefinition => ({
      name,
      group: 'general',
      size: 4,
      doc: 'general register',
      read: ({ frame }) => frame.general(index),
      write: (context, value) => setGeneral(context, index, value >>> 0),
    }),
  );
  const words = GENERAL.map((name, index) =>
    part(name.slice(1), index, 0, 0xffff, `low 16 bits of ${name.toUpperCase()}`),
  );
  const bytes = BYTES.map((name, index) =>
    part(
      name,
      index & 3,
      index >> 2 ? 8 : 0,
      0xff,
      `bits ${index >> 2 ? '15:8' : '7:0'} of ${GENERAL[index & 3].toUpperCase()}`,
    ),
  );
  return [...whole, ...words, ...bytes];
}

/** EFLAGS bits with the manual's names (Intel SDM vol. 1, 3.4.3). */
export const FLAG_BITS: readonly { name: string; mask: number; doc: string }[] = [
  { name: 'cf', mask: FLAG_CF, doc: 'carry' },
  { name: 'pf', mask: FLAG_PF, doc: 'parity of the low byte is even' },
  { name: 'af', mask: FLAG_AF, doc: 'carry out of bit 3' },
  { name: 'zf', mask: FLAG_ZF, doc: 'zero' },
  { name: 'sf', mask: FLAG_SF, doc: 'sign' },
  { name: 'tf', mask: FLAG_TF, doc: 'single-step trap' },
  { name: 'if', mask: FLAG_IF, doc: 'interrupts enabled' },
  { name: 'df', mask: FLAG_DF, doc: 'strings go downwards' },
  { name: 'of', mask: FLAG_OF, doc: 'signed overflow' },
  { name: 'iopl', mask: FLAG_IOPL, doc: 'privilege level that may do I/O' },
  { name: 'nt', mask: FLAG_NT, doc: 'nested task' },
  { name: 'rf', mask: FLAG_RF, doc: 'resume: no instruction breakpoint on the next instruction' },
  { name: 'vm', mask: FLAG_VM, doc: 'virtual-8086 mode' },
  { name: 'ac', mask: FLAG_AC, doc: 'alignment check' },
  { name: 'vif', mask: FLAG_VIF, doc: 'virtual interrupt flag' },
  { name: 'vip', mask: FLAG_VIP, doc: 'virtual interrupt pending' },
  { name: 'id', mask: FLAG_ID, doc: 'CPUID is there' },
];

function lowestBit(mask: number): number {
  return 31 - Math.clz32(mask & -mask);
}

/** A debugger cannot switch to and from virtual-8086 mode by a bit: the segment registers would not fit. */
function setFlags({ state, system }: RegisterContext, value: number): void {
  state.eflags = (value & ~FLAG_VM) | (state.eflags & FLAG_VM);
  system.flagsChanged();
}

function flags(): RegisterDefinition[] {
  return FLAG_BITS.map(({ name, mask, doc }) => {
    const low = lowestBit(mask);
    const limit = mask >>> low;
    const flag: RegisterDefinition = {
      name,
      group: 'flag',
      size: 1,
      doc,
      read: ({ state }) => (state.eflags & mask) >>> low,
    };
    if (mask === FLAG_VM) return flag;
    return {
      ...flag,
      write: (context, value) => {
        if (value < 0 || value > limit) throw new EvaluationError(`${name} takes 0 to ${limit}`);
        setFlags(context, (context.state.eflags & ~mask) | (value << low));
      },
    };
  });
}

const SEGMENT_DOCS = [
  'extra data',
  'code',
  'stack',
  'data',
  'extra data',
  'extra data',
  'local descriptor table',
  'task',
];

function segments(): RegisterDefinition[] {
  return SEGMENTS.map((name, index) => {
    const segment: RegisterDefinition = {
      name,
      group: index < 6 ? 'segment' : 'system',
      size: 2,
      doc: `${SEGMENT_DOCS[index]} segment selector`,
      read: ({ state }) => state.selector(index),
    };
    if (index === (SegmentIndex.CS as number) || index > 5) return segment;
    return { ...segment, write: ({ system }, value) => system.segment(index, value & 0xffff) };
  });
}

function control(index: number, doc: string): RegisterDefinition {
  return {
    name: `cr${index}`,
    group: 'system',
    size: 4,
    doc,
    read: ({ state }) => state.cr(index),
    write: ({ system }, value) => system.control(index, value >>> 0),
  };
}

function debug(index: number): RegisterDefinition {
  return {
    name: `dr${index}`,
    group: 'system',
    size: 4,
    doc: index < 4 ? "address of the guest's own breakpoint" : index === 6 ? 'debug status' : 'debug control',
    read: ({ state }) => state.dr(index),
    write: ({ system }, value) => system.debug(index, value >>> 0),
  };
}

function tableRegister(name: string, offset: number, size: 2 | 4, doc: string): RegisterDefinition {
  return { name, group: 'system', size, doc, read: ({ state }) => state.get(offset) };
}

/** All registers that expressions and views know. */
export const REGISTERS: readonly RegisterDefinition[] = [
  ...general(),
  {
    name: 'eip',
    group: 'general',
    size: 4,
    doc: 'offset in CS of the next instruction',
    read: ({ frame }) => frame.eip,
    write: ({ frame }: RegisterContext, value: number): void => {
      if (!frame.setEip) throw new EvaluationError('registers of a calling function cannot be set');
      frame.setEip(value >>> 0);
    },
  },
  {
    name: 'eflags',
    group: 'general',
    size: 4,
    doc: 'flags',
    read: ({ state }) => state.eflags,
    write: (context, value) => setFlags(context, value),
  },
  ...flags(),
  ...segments(),
  control(0, 'mode of the processor'),
  control(2, 'linear address of the last page fault'),
  control(3, 'physical address of the page directory'),
  control(4, 'extensions of the architecture'),
  ...[0, 1, 2, 3, 6, 7].map(debug),
  tableRegister('gdtr_base', GDTR_BASE, 4, 'linear address of the global descriptor table'),
  tableRegister('gdtr_limit', GDTR_LIMIT, 2, 'limit of the global descriptor table'),
  tableRegister('idtr_base', IDTR_BASE, 4, 'linear address of the interrupt descriptor table'),
  tableRegister('idtr_limit', IDTR_LIMIT, 2, 'limit of the interrupt descriptor table'),
  {
    name: 'cpl',
    group: 'system',
    size: 1,
    doc: 'current privilege level',
    read: ({ state }) => state.cpl,
  },
  ...fpuRegisters(),
  MXCSR_REGISTER,
];

const BY_NAME = new Map(REGISTERS.map((register) => [register.name, register]));

/** A register by name; letter case is ignored. */
export function findRegister(name: string): RegisterDefinition | undefined {
  return BY_NAME.get(name.toLowerCase());
}
