import type { ExitCostRow, ExitLogEntry, HypercallInfo, SourcePosition } from '../../../debugAdapter/protocol';
import type { AccessTarget } from '../breakpoints/spec-breakpoints';
import { type AccessRow, countText, type DetailRow, siteDetail, usableSite } from './access-rows';
import { type CallFilter, matchesCall } from './call-filter';

/** How the Hypercalls view can be grouped, with its names for the user. */
export const CALL_GROUPINGS = {
  call: 'By call',
  line: 'By source line',
  function: 'By function',
  activity: 'Latest calls, live',
} as const;

export type CallGrouping = keyof typeof CALL_GROUPINGS;

/** One row per call of the interface, with the arguments and results of the last one. */
export function callRows(calls: readonly HypercallInfo[], filter: CallFilter): AccessRow[] {
  return calls
    .map((call) => ({
      id: `hypercall:${call.abi}:${call.number}`,
      target: { kind: 'hypercall' as const, abi: call.abi, number: call.number, name: call.name },
      label: call.name,
      description: [call.abi, countText(call.count, 'call'), call.last].filter(Boolean).join(' · '),
      tooltip: `**${call.abi.toUpperCase()} ${numberText(call.number)} ${call.name}**\n\n${call.doc}`,
      count: call.count,
      name: call.name,
      number: call.number,
      doc: call.doc,
      site: usableSite(call.lastSite),
      details: [
        { label: 'Number', description: `${numberText(call.number)} (${call.abi})`, icon: 'symbol-numeric' },
        { label: 'Cost', description: `${call.totalCycles.toLocaleString('en')} cycles in all`, icon: 'dashboard' },
        ...(call.last ? [{ label: 'Last', description: call.last, icon: 'symbol-parameter' }] : []),
        ...siteDetail(call.lastSite),
      ],
    }))
    .filter(({ target, doc, description }) => {
      const port = /\bport=(0x[0-9a-f]+)/.exec(description)?.[1];
      const text = `${target.abi} ${target.number} ${target.name} ${doc} ${description}`;
      return matchesCall(filter, { ...target, port: port === undefined ? undefined : Number(port), text });
    });
}

/** Numbers of calls are small, or made of letters. */
function numberText(number: number): string {
  return number > 0xffff ? `0x${number.toString(16)}` : String(number);
}

/** What a call was, and what it gave back: `port=0x3fd → value=0x60`. */
export function callText(entry: ExitLogEntry): string {
  return [entry.arguments, entry.results && `→ ${entry.results}`].filter(Boolean).join(' ');
}

/** `uart.c:62 uart_putc`, or the symbol. */
function placeText({ source, symbol }: ExitLogEntry): string {
  return source && source.path !== '' ? `${fileName(source)}:${source.line} ${source.function ?? ''}`.trim() : symbol;
}

function fileName({ path }: SourcePosition): string {
  return path.split(/[\\/]/).pop() ?? path;
}

function cyclesOf({ cost }: ExitLogEntry): number {
  return cost.transition + cost.decode + cost.device + cost.return;
}

/** The target of the breakpoints on a logged call. */
function targetOf({ abi = '', number = 0, hypercall = '' }: ExitLogEntry): AccessTarget {
  return { kind: 'hypercall', abi, number, name: hypercall };
}

/** Calls of the log that the filter asks for, oldest first. */
export function filterEntries(entries: readonly ExitLogEntry[], filter: CallFilter): ExitLogEntry[] {
  return entries.filter((entry) => {
    const { abi = '', hypercall = '', number, port, portName = '' } = entry;
    const text = `${abi}:${hypercall} ${number} ${callText(entry)} ${portName} ${placeText(entry)} ${entry.symbol}`;
    return matchesCall(filter, { abi, name: hypercall, number, port, text });
  });
}

/** One row per call of the log, the latest first. */
export function activityRows(entries: readonly ExitLogEntry[]): AccessRow[] {
  return entries.map((entry): AccessRow => {
    const { sequence, abi, hypercall = '', number = 0, source, cost } = entry;
    const cycles = cyclesOf(entry).toLocaleString('en');
    const parts = `transition ${cost.transition}, decode ${cost.decode}, device ${cost.device}, return ${cost.return}`;
    return {
      id: `activity:${sequence}`,
      target: targetOf(entry),
      label: hypercall,
      description: [callText(entry), placeText(entry)].filter(Boolean).join(' · '),
      tooltip: [
        `**${abi}:${hypercall}** ${numberText(number)}${entry.portName ? ` on ${entry.portName}` : ''}`,
        callText(entry),
        `At \`${entry.symbol}\`${source ? `, ${fileName(source)}:${source.line}` : ''} (${entry.site}), CPL ${entry.cpl}`,
        `${cycles} cycles: ${parts}`,
        `Exit ${sequence.toLocaleString('en')}, after ${entry.instructions.toLocaleString('en')} instructions`,
      ]
        .filter(Boolean)
        .join('\n\n'),
      count: 1,
      name: hypercall,
      // The latest first.
      number: -sequence,
      site: usableSite(source),
      details: [],
      opensSite: true,
    };
  });
}

/** Calls of the log by the key of their line or function. */
type Recent = Map<string, ExitLogEntry[]>;

function byPlace(entries: readonly ExitLogEntry[], grouping: 'line' | 'function'): Recent {
  const recent: Recent = new Map();
  for (const entry of entries) {
    const { source, symbol } = entry;
    const key =
      grouping === 'line' ? (lineKey(source) ?? symbol) : (source?.function ?? symbol).replace(/\+0x[0-9a-f]+$/, '');
    recent.set(key, [...(recent.get(key) ?? []), entry]);
  }
  return recent;
}

function lineKey(source: SourcePosition | undefined): string | undefined {
  return source && source.path !== '' ? `${source.path}:${source.line}` : undefined;
}

/**
 * One row per line or function that makes hypercalls: counts and cycles of the whole run, and below it the calls that it
 * made last.
 * @param rows of `ringside/exitCosts` by that grouping
 * @param entries calls of the log, oldest first
 */
export function placeRows(
  rows: readonly ExitCostRow[],
  entries: readonly ExitLogEntry[],
  grouping: 'line' | 'function',
  filter: CallFilter,
): AccessRow[] {
  const recent = byPlace(entries, grouping);
  const calling = rows.filter(({ channel }) => channel === 'hypercall' || channel === 'mixed');
  return calling.flatMap((row): AccessRow[] => {
    const { key, samples, totalCycles, avgCycles, channel, source } = row;
    const calls = recent.get((grouping === 'line' && lineKey(source)) || key) ?? [];
    const last = calls.at(-1);
    const name = grouping === 'line' && source?.function ? `${key}  ${source.function}` : key;
    const description = [
      countText(samples, channel === 'mixed' ? 'exit' : 'call'),
      `${Math.round(avgCycles).toLocaleString('en')} cycles each`,
      last && `${last.hypercall} ${callText(last)}`,
    ]
      .filter(Boolean)
      .join(' · ');
    const texts = calls.map((entry) => `${entry.abi}:${entry.hypercall} ${entry.number} ${callText(entry)}`);
    // What a place called is known of its last calls only.
    const matching = [...calls.map(({ abi, hypercall, number, port }) => ({ abi, hypercall, number, port })), {}].some(
      ({ abi = '', hypercall = '', number, port }: Partial<ExitLogEntry>) =>
        matchesCall(filter, { abi, name: hypercall, number, port, text: `${name} ${description} ${texts.join(' ')}` }),
    );
    if (!matching) return [];
    return [
      {
        id: `${grouping}:${key}`,
        label: name,
        description,
        tooltip: `**${name}**\n\n${totalCycles.toLocaleString('en')} cycles in all${channel === 'mixed' ? ', hypercalls and other exits' : ''}`,
        count: samples,
        name,
        number: source?.line ?? 0,
        site: usableSite(source),
        icon: grouping === 'line' ? 'list-selection' : 'symbol-method',
        details: callDetails(calls, totalCycles),
      },
    ];
  });
}

/** The distinct calls among the last ones of a place, each with its last arguments. */
function callDetails(calls: readonly ExitLogEntry[], totalCycles: number): DetailRow[] {
  const byName = new Map<string, { last: ExitLogEntry; count: number }>();
  for (const entry of calls) {
    const name = `${entry.abi}:${entry.hypercall}`;
    byName.set(name, { last: entry, count: (byName.get(name)?.count ?? 0) + 1 });
  }
  return [
    { label: 'Cost', description: `${totalCycles.toLocaleString('en')} cycles in all`, icon: 'dashboard' },
    ...[...byName].map(([name, { last, count }]) => ({
      label: name,
      description: `${callText(last)} · ${countText(count, 'call')} of the last ones`,
      tooltip: `At ${last.symbol}`,
      icon: 'zap',
      site: usableSite(last.source),
    })),
  ];
}
