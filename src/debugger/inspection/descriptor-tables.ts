import { Descriptor, SystemType } from '../../machine/cpu/descriptor';
import { vectorName } from '../../machine/cpu/fault';
import { GDTR_BASE, GDTR_LIMIT, SegmentIndex } from '../../machine/layout';
import type { Guest } from '../guest/guest';
import { descriptorType, isGate, segmentText } from '../registers/descriptor-text';
import { hex, hex16, hex32 } from '../text/hex';
import type { DescriptorRow, Inspection } from './types';

const MAX_VECTORS = 256;
const MAX_ENTRIES = 8192;
const DESCRIPTOR_BYTES = 8;
/** An entry of the real-mode interrupt vector table: offset, then segment. */
const VECTOR_BYTES = 4;
/** Limit that GDTR has after reset, when there is no table yet. */
const RESET_LIMIT = 0xffff;

interface Table {
  readonly base: number;
  /** Last valid offset in bytes. */
  readonly limit: number;
  readonly entryBytes: number;
  readonly mostEntries: number;
  /** What names an entry: its selector, or its vector. */
  name(index: number): string;
  row(
    index: number,
    low: number,
    high: number,
  ): Pick<DescriptorRow, 'type' | 'dpl' | 'present' | 'text'> & Partial<DescriptorRow>;
}

/** What an entry is, for joining runs of those that have nothing to show. */
type EntryState = 'used' | 'empty' | 'unmapped';

function runRow(table: Table, first: number, last: number, state: EntryState): DescriptorRow {
  const entries = first === last ? `entry ${first}` : `entries ${first} to ${last}`;
  const start = hex32(table.base + first * table.entryBytes);
  const text = state === 'empty' ? `${entries}: empty` : `${entries}: cannot be read, no page is mapped at ${start}`;
  return { index: first, selector: table.name(first), type: state, dpl: 0, present: false, text };
}

/** All entries within the limit; runs of empty ones, and of those on pages that are not mapped, become one row each. */
function rowsOf(guest: Guest, table: Table): DescriptorRow[] {
  const { base, limit, entryBytes } = table;
  const count = Math.min(table.mostEntries, Math.floor((limit + 1) / entryBytes));
  const rows: DescriptorRow[] = [];
  let run: { first: number; state: EntryState } | undefined;
  const endRun = (next: number): void => {
    if (run) rows.push(runRow(table, run.first, next - 1, run.state));
    run = undefined;
  };
  for (let index = 0; index < count; index++) {
    const bytes = guest.memory.readAvailable((base + index * entryBytes) >>> 0, entryBytes);
    const whole = bytes.length === entryBytes;
    const state: EntryState = !whole ? 'unmapped' : bytes.every((byte) => byte === 0) ? 'empty' : 'used';
    if (run?.state !== state) endRun(index);
    if (state === 'used') {
      const view = new DataView(bytes.buffer, bytes.byteOffset, entryBytes);
      const high = entryBytes === DESCRIPTOR_BYTES ? view.getUint32(4, true) : 0;
      rows.push({ index, selector: table.name(index), ...table.row(index, view.getUint32(0, true), high) });
    } else {
      run ??= { first: index, state };
    }
  }
  endRun(count);
  return rows;
}

/** The row of a descriptor in the GDT or an LDT. */
function descriptorRow(guest: Guest, low: number, high: number): ReturnType<Table['row']> {
  const descriptor = new Descriptor(low, high, 0);
  if (isGate(descriptor)) return gateRow(guest, descriptor);
  const { base, limit, dpl, present } = descriptor;
  const type = descriptorType(descriptor);
  return { type, base: hex32(base), limit: hex32(limit), dpl, present, text: segmentText(descriptor) };
}

/** Linear base of the code segment that a gate leads to, as far as the GDT tells. */
function codeBase(guest: Guest, selector: number): number {
  const { state, memory } = guest;
  if (selector & 4) return 0;
  const bytes = memory.readAvailable((state.get(GDTR_BASE) + (selector & 0xfff8)) >>> 0, DESCRIPTOR_BYTES);
  if (bytes.length < DESCRIPTOR_BYTES) return 0;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return new Descriptor(view.getUint32(0, true), view.getUint32(4, true), 0).base;
}

function gateRow(guest: Guest, gate: Descriptor): ReturnType<Table['row']> {
  const { dpl, present, gateSelector, gateParameters, systemType } = gate;
  const type = descriptorType(gate);
  const words = [`DPL ${dpl}`];
  let target = hex16(gateSelector);
  let name = '';
  if (systemType !== SystemType.TaskGate) {
    target += `:${hex32(gate.gateOffset)}`;
    const symbol = guest.symbols.symbolAt((codeBase(guest, gateSelector) + gate.gateOffset) >>> 0);
    if (symbol) name = ` (${symbol.text})`;
  }
  const isCall = systemType === SystemType.CallGate16 || systemType === SystemType.CallGate32;
  if (isCall) words.push(`${gateParameters} parameters`);
  if (!present) words.push('not present');
  return { type, target: target + name, dpl, present, text: `${type} to ${target}${name}, ${words.join(', ')}` };
}

function gdt(guest: Guest): DescriptorRow[] {
  const { state } = guest;
  const base = state.get(GDTR_BASE);
  const limit = state.get(GDTR_LIMIT) & 0xffff;
  // Before LGDT there is no table, though the register's reset value would be one.
  if (!state.protectedMode && base === 0 && limit === RESET_LIMIT) return [];
  return rowsOf(guest, {
    base,
    limit,
    entryBytes: DESCRIPTOR_BYTES,
    mostEntries: MAX_ENTRIES,
    name: (index) => hex16(index * DESCRIPTOR_BYTES),
    row: (_index, low, high) => descriptorRow(guest, low, high),
  });
}

function ldt(guest: Guest): DescriptorRow[] {
  const { state } = guest;
  if ((state.selector(SegmentIndex.LDTR) & 0xfffc) === 0) return [];
  return rowsOf(guest, {
    base: state.segmentBase(SegmentIndex.LDTR),
    limit: state.segmentLimit(SegmentIndex.LDTR),
    entryBytes: DESCRIPTOR_BYTES,
    mostEntries: MAX_ENTRIES,
    name: (index) => hex16((index * DESCRIPTOR_BYTES) | 4),
    row: (_index, low, high) => descriptorRow(guest, low, high),
  });
}

/** `0x0e #PF`, or the bare number where the vector has no name. */
function vectorText(index: number): string {
  const name = vectorName(index);
  return name.startsWith('#') || name === 'NMI' ? `${hex(index, 2)} ${name}` : hex(index, 2);
}

function idt(guest: Guest): DescriptorRow[] {
  const { base, limit } = guest.idt;
  const table = { base, limit, mostEntries: MAX_VECTORS, name: vectorText };
  if (guest.state.protectedMode) {
    return rowsOf(guest, {
      ...table,
      entryBytes: DESCRIPTOR_BYTES,
      row: (_index, low, high) => gateRow(guest, new Descriptor(low, high, 0)),
    });
  }
  return rowsOf(guest, {
    ...table,
    entryBytes: VECTOR_BYTES,
    row: (_index, low) => {
      const segment = low >>> 16;
      const offset = low & 0xffff;
      const symbol = guest.symbols.symbolAt(segment * 16 + offset);
      const target = `${hex16(segment)}:${hex16(offset)}${symbol ? ` (${symbol.text})` : ''}`;
      return { type: 'real-mode vector', target, dpl: 0, present: true, text: `real-mode vector to ${target}` };
    },
  });
}

/** GDT, LDT and IDT as the processor's registers name them; the interrupt vector table in real mode. */
export function descriptorTables(guest: Guest): ReturnType<Inspection['descriptorTables']> {
  return { gdt: gdt(guest), ldt: ldt(guest), idt: idt(guest) };
}
