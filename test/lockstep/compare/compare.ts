import { FLAG_RF } from '../../../src/machine/layout';
import { CODE, REGIONS, STACKS, WINDOW } from '../recorder/layout';
import type { LockstepCase } from '../recorder/case';
import type { CaseRecord, Outcome, RecordedEvent } from '../recorder/record';
import { fieldsOf } from './fields';
import type { Parting, Reference } from './rules';

/** Where two processors part. */
export interface Difference {
  /** Index of the event, or the number of events where only memory differs. */
  readonly event: number;
  readonly lines: readonly string[];
  /** Name of the rule that explains it, if one does. */
  readonly rule?: string;
}

/** Stands for the rule of cases on which the reference itself fails. */
export const CRASH = 'crash';

const NOTHING = { event: 0, fields: new Map<string, number>(), memory: [], segmentFault: false };

const hex = (value: number) => (value >>> 0).toString(16);

function describeOutcome(outcome: Outcome): string {
  return typeof outcome === 'string' ? outcome : `${outcome.events.length} events`;
}

const STEP = 1;
const EIP = 8;

function ignoredBits(reference: Reference, field: string, events: readonly RecordedEvent[], i: number): number {
  const always = reference.ignored[field] ?? 0;
  const repeats =
    reference.noRepeatFlag && field === 'eflags' && events[i].vector === STEP && isRepeating(events[i - 1], events[i]);
  return repeats ? always | FLAG_RF : always;
}

/** True if the step was one of a repeated instruction, which is still the next. */
function isRepeating(before: RecordedEvent | undefined, event: RecordedEvent): boolean {
  return before === undefined || before.tss[EIP] === event.tss[EIP];
}

interface EventDifference extends Difference {
  /** Differing bits by field. */
  readonly fields: ReadonlyMap<string, number>;
}

function compareEvents(ours: CaseRecord, theirs: CaseRecord, reference: Reference): EventDifference | undefined {
  const count = Math.min(ours.events.length, theirs.events.length);
  for (let i = 0; i < count; i++) {
    const mine = fieldsOf(ours.events[i]);
    const other = fieldsOf(theirs.events[i]);
    const lines: string[] = [];
    const fields = new Map<string, number>();
    for (const [name, value] of mine) {
      const expected = other.get(name);
      if (expected === undefined) lines.push(`${name}: missing`);
      else if ((value ^ expected) & ~ignoredBits(reference, name, ours.events, i)) {
        lines.push(`${name}: ${hex(value)}, ${reference.name} has ${hex(expected)}`);
        fields.set(name, value ^ expected);
      }
    }
    if (lines.length > 0) return { event: i, lines, fields };
  }
  if (ours.events.length === theirs.events.length) return undefined;
  const lines = [`${ours.events.length} events, ${reference.name} has ${theirs.events.length}`];
  return { event: count, lines, fields: new Map() };
}

/** True if only the regions' checksums differ, so that it takes the memory itself to say more. */
export function onlyMemoryDiffers(ours: Outcome, theirs: Outcome, reference: Reference): boolean {
  if (typeof ours === 'string' || typeof theirs === 'string') return false;
  if (compareEvents(ours, theirs, reference)) return false;
  return ours.checksums.some((sum, i) => sum !== theirs.checksums[i]);
}

interface MemoryDifference {
  readonly offset: number;
  readonly difference: number;
  readonly line: string;
}

function compareMemory(ours: Uint8Array, theirs: Uint8Array, reference: Reference): MemoryDifference[] {
  const mine = new Uint32Array(ours.buffer);
  const other = new Uint32Array(theirs.buffer);
  const found: MemoryDifference[] = [];
  for (const { name, offset, bytes } of REGIONS) {
    for (let at = offset; at < offset + bytes; at += 4) {
      const difference = ((mine[at / 4] ^ other[at / 4]) & ~reference.ignoredMemory(at)) >>> 0;
      if (difference === 0) continue;
      const place = `${name} ${hex(WINDOW + at)}${offset === STACKS ? ` (stack page +${hex(at - STACKS)})` : ''}`;
      const line = `${place}: ${hex(mine[at / 4])}, ${reference.name} has ${hex(other[at / 4])}`;
      found.push({ offset: at, difference, line });
    }
  }
  return found;
}

/** Where our outcome of a case parts from the reference's, or undefined. */
export function compare(
  test: LockstepCase,
  ours: Outcome,
  theirs: Outcome,
  reference: Reference,
): Difference | undefined {
  const mnemonics = test.instructions.map(({ mnemonic }) => mnemonic);
  if (typeof ours === 'string' || typeof theirs === 'string') {
    if (ours === theirs) return undefined;
    const lines = [`${describeOutcome(ours)}, ${reference.name}: ${describeOutcome(theirs)}`];
    const events = (outcome: Outcome) => (typeof outcome === 'string' ? [] : outcome.events);
    if (theirs === 'crash') return { event: 0, lines, rule: CRASH };
    const sides = { ours: events(ours), theirs: events(theirs) };
    const parting = { ...NOTHING, ...sides, mnemonics };
    return { event: 0, lines, rule: ruleOf(reference, parting) };
  }
  const { segmentFault = false } = ours;
  const parted = compareEvents(ours, theirs, reference);
  if (parted) {
    const { event, lines, fields } = parted;
    const sides = { ours: ours.events, theirs: theirs.events };
    return { event, lines, rule: ruleOf(reference, { ...NOTHING, ...sides, event, fields, segmentFault, mnemonics }) };
  }
  if (!ours.window || !theirs.window) return undefined;
  const memory = compareMemory(ours.window, theirs.window, reference);
  if (memory.length === 0) return undefined;
  const event = ours.events.length;
  const sides = { ours: ours.events, theirs: theirs.events };
  const rule = ruleOf(reference, { ...NOTHING, ...sides, event, memory, segmentFault, mnemonics });
  return { event, lines: memory.map(({ line }) => line), rule };
}

function ruleOf(reference: Reference, parting: Parting): string | undefined {
  return reference.rules.find((rule) => rule.explains(parting))?.name;
}

const NOP = 0x90;
/** So many events before the one that differs are shown. */
const EVENTS_SHOWN = 4;

/** The case in words: its program, then the events up to the difference. */
export function describe(test: LockstepCase, outcome: Outcome, until: number): string {
  const program = test.instructions
    .filter(({ bytes }) => bytes.some((byte) => byte !== NOP))
    .map(({ offset, bytes, mnemonic }) => {
      return `  ${hex(WINDOW + offset)}: ${Buffer.from(bytes).toString('hex').padEnd(20)} ${mnemonic}`;
    });
  const lines = [
    `${test.kind} ${test.seed}: cr0 ${hex(test.cr0)}${test.cr4 ? ` cr4 ${hex(test.cr4)}` : ''}`,
    ...program,
  ];
  if (typeof outcome === 'string') return lines.join('\n');
  let before: ReadonlyMap<string, number> = new Map();
  for (const [i, event] of outcome.events.slice(0, until + 1).entries()) {
    const fields = fieldsOf(event);
    const all = i === 0 || i === until - EVENTS_SHOWN;
    const changed = [...fields].filter(([name, value]) => all || before.get(name) !== value);
    if (i >= until - EVENTS_SHOWN) {
      const code = CODE + ((fields.get('eip') ?? 0) & 0xfff);
      const next = Buffer.from(test.window.bytes.slice(code, code + 5)).toString('hex');
      lines.push(`  event ${i} (${next}): ${changed.map(([name, value]) => `${name}=${hex(value)}`).join(' ')}`);
    }
    before = fields;
  }
  return lines.join('\n');
}
