import type { Operand } from '../expressions/operand';
import { findRegister, FLAG_BITS, type RegisterDefinition } from '../registers/table';
import { findVectorRegister, MXCSR_REGISTER, VECTOR_REGISTERS } from '../registers/vector';
import type { Value } from '../types';
import { EvaluationError } from '../values/memory';
import { FLOAT80, U16, U32, U8 } from '../values/types';
import { FEATURE_MMX, FEATURE_SSE } from '../../machine/cpu/features';
import { SegmentIndex } from '../../machine/layout';
import type { ValueContext } from './context';
import type { RegisterDetails } from './register-details';
import { segmentDetails } from './segment-details';
import { lastInstruction, stackValue } from './fpu';
import { systemDetails } from './system-details';
import { vectorValue } from './vector';
import { valueOf } from './value';

const TYPES = { 1: U8, 2: U16, 4: U32, 10: FLOAT80 } as const;
const GENERAL = ['eax', 'ebx', 'ecx', 'edx', 'esi', 'edi', 'ebp', 'esp'];
/** Registers with byte halves. */
const BYTE_HALVES: ReadonlySet<string> = new Set(['eax', 'ebx', 'ecx', 'edx']);
const SEGMENTS = ['cs', 'ds', 'es', 'fs', 'gs', 'ss'];
const SYSTEM = [
  'cr0',
  'cr2',
  'cr3',
  'cr4',
  'gdtr',
  'idtr',
  'ldtr',
  'tr',
  'cpl',
  'dr0',
  'dr1',
  'dr2',
  'dr3',
  'dr6',
  'dr7',
];
const FPU = [...Array.from({ length: 8 }, (_, i) => `st${i}`), 'fcw', 'fsw', 'ftw'];
/** Pairs of registers that are shown as one. */
const TABLE_REGISTERS: ReadonlySet<string> = new Set(['gdtr', 'idtr']);
/** The segment that an address in a register is in, for the memory view. */
const POINTERS: Readonly<Record<string, SegmentIndex>> = {
  esp: SegmentIndex.SS,
  ebp: SegmentIndex.SS,
  esi: SegmentIndex.DS,
  edi: SegmentIndex.ES,
  eip: SegmentIndex.CS,
};

function definition(name: string): RegisterDefinition {
  const found = findRegister(name);
  if (!found) throw new RangeError(`there is no register ${name}`);
  return found;
}

function operandOf(context: ValueContext, register: RegisterDefinition): Operand {
  const { target } = context;
  const { name, size, read, write } = register;
  // Registers of a calling function are only reconstructed.
  const fixed = (register.group === 'general' || register.group === 'half') && !target.frame.setGeneral;
  return {
    type: TYPES[size],
    number: () => read(target),
    place: { kind: 'other', name, write: write && !fixed ? (value) => write(target, Number(value)) : undefined },
  };
}

/** The expression that gives a register: with a `$` where a local variable has its name. */
function expressionOf({ scope }: ValueContext, name: string): string {
  return scope.local(name) ? `$${name}` : name;
}

/** A register as its number, with details where it has any. */
export function registerValue(context: ValueContext, name: string, details: RegisterDetails = {}): Value {
  const register = definition(name);
  const value = valueOf(context, operandOf(context, register), {
    name,
    expression: expressionOf(context, name),
    kind: 'register',
  });
  const { words, children } = details;
  const address = pointedTo(context, name);
  return {
    ...value,
    ...(words !== undefined && { text: `${value.text} ${words}` }),
    type: register.doc,
    ...(address !== undefined && { address }),
    ...(children && { children }),
  };
}

function pointedTo({ target }: ValueContext, name: string): number | undefined {
  if (!Object.hasOwn(POINTERS, name)) return undefined;
  try {
    return (target.state.segmentBase(POINTERS[name]) + definition(name).read(target)) >>> 0;
  } catch (error) {
    if (error instanceof EvaluationError) return undefined;
    throw error;
  }
}

function flagValue(context: ValueContext, name: string): Value {
  const value = registerValue(context, name);
  const number = definition(name).read(context.target);
  return {
    ...value,
    text: String(number),
    kind: 'flag',
    ...(value.assign && {
      assign: (text: string): string => {
        value.assign?.(text);
        return String(definition(name).read(context.target));
      },
    }),
  };
}

/** EFLAGS bit by bit. */
export function flagValues(context: ValueContext): Value[] {
  return FLAG_BITS.map(({ name }) => flagValue(context, name));
}

/** `IOPL=3 IF ZF`: what is set, highest first. */
function flagsText({ target }: ValueContext): string {
  const set = FLAG_BITS.map(({ name }) => ({ name, value: definition(name).read(target) }))
    .filter(({ value }) => value > 0)
    .reverse();
  return set.map(({ name, value }) => name.toUpperCase() + (name === 'iopl' ? `=${value}` : '')).join(' ');
}

function generalDetails(context: ValueContext, name: string): RegisterDetails {
  if (name === 'eflags') return { words: flagsText(context), children: () => flagValues(context) };
  if (name === 'eip') {
    const symbol = context.guest.symbols.symbolAt((pointedTo(context, name) ?? 0) >>> 0);
    return symbol ? { words: `<${symbol.text}>` } : {};
  }
  const half = name.slice(1);
  const parts = BYTE_HALVES.has(name) ? [half, `${half[0]}h`, `${half[0]}l`] : [half];
  return { children: () => parts.map((part) => registerValue(context, part)) };
}

function detailsOf(context: ValueContext, name: string): RegisterDetails {
  const { group } = definition(name);
  if (group === 'general') return generalDetails(context, name);
  if (group === 'segment' || name === 'ldtr' || name === 'tr') return segmentDetails(context.guest, name);
  return group === 'system' || group === 'x87' || group === 'vector' ? systemDetails(context, name) : {};
}

function tableRegister(context: ValueContext, name: string): Value {
  const parts = [`${name}_base`, `${name}_limit`].map((part) => registerValue(context, part));
  return {
    name,
    text: `base ${parts[0].text}, limit ${parts[1].text}`,
    type: name === 'gdtr' ? 'global descriptor table' : 'interrupt descriptor table',
    kind: 'register',
    address: definition(`${name}_base`).read(context.target),
    children: () => parts,
  };
}

function detailed(context: ValueContext, name: string): Value {
  if (TABLE_REGISTERS.has(name)) return tableRegister(context, name);
  if (definition(name).group === 'flag') return flagValue(context, name);
  if (/^st[0-7]$/.test(name)) return stackValue(context, Number(name.slice(2)), registerValue(context, name));
  return registerValue(context, name, detailsOf(context, name));
}

/** General registers with their halves, EIP and, of the innermost frame, EFLAGS. */
export function generalValues(context: ValueContext): Value[] {
  // The flags of a calling function are lost.
  const flags = context.target.frame.setGeneral ? ['eflags'] : [];
  return [...GENERAL, 'eip', ...flags].map((name) => detailed(context, name));
}

/** Segment registers with what is hidden behind their selectors. */
export function segmentValues(context: ValueContext): Value[] {
  return SEGMENTS.map((name) => detailed(context, name));
}

/** Control, table and debug registers. */
export function systemValues(context: ValueContext): Value[] {
  return SYSTEM.map((name) => detailed(context, name));
}

/** Registers and words of the x87. */
export function fpuValues(context: ValueContext): Value[] {
  return [...FPU.map((name) => detailed(context, name)), ...lastInstruction(context)];
}

/** Registers of MMX and SSE, as far as the processor has them, and MXCSR. */
export function vectorValues(context: ValueContext): Value[] {
  const { features } = context.guest.machine.cpu.model;
  const vectors = (bytes: 8 | 16): Value[] =>
    VECTOR_REGISTERS.filter((register) => register.bytes === bytes).map((register) => vectorValue(context, register));
  return [
    ...(features & FEATURE_SSE ? [...vectors(16), detailed(context, MXCSR_REGISTER.name)] : []),
    ...(features & FEATURE_MMX ? vectors(8) : []),
  ];
}

/** The register that a text names, with or without `$`; undefined if it is none or a variable hides it. */
export function registerNamed(context: ValueContext, text: string): Value | undefined {
  const name = text.replace(/^\$/, '').toLowerCase();
  const vector = findVectorRegister(name);
  if (!vector && !findRegister(name) && !TABLE_REGISTERS.has(name)) return undefined;
  if (!text.startsWith('$') && context.scope.local(text)) return undefined;
  return vector ? vectorValue(context, vector) : detailed(context, name);
}
