import type { PortInfo, PortsResponse, SourcePosition } from '../../../debugAdapter/protocol';
import type { AccessTarget } from '../breakpoints/spec-breakpoints';

/** A line below a row: a decoded field, the last value, the last site. */
export interface DetailRow {
  label: string;
  description: string;
  tooltip?: string;
  icon: string;
  site?: SourcePosition;
}

/** One port or hypercall, ready to be shown. */
export interface AccessRow {
  id: string;
  /** What a breakpoint would watch; missing where there is no such thing. */
  target?: AccessTarget;
  label: string;
  description: string;
  /** Markdown. */
  tooltip: string;
  count: number;
  /** What the row is sorted by besides its count and its number. */
  name: string;
  number: number;
  /** What it is, one sentence. */
  doc?: string;
  site?: SourcePosition;
  details: DetailRow[];
  /** Name of a codicon, where the target does not say it. */
  icon?: string;
  /** A click opens the source line. */
  opensSite?: boolean;
}

export type AccessOrder = 'number' | 'name' | 'count';

/** A value with its character, as everywhere in Ringside: `0x41 'A'`. */
export function valueText(value: number, width = 1): string {
  const hex = `0x${(value >>> 0).toString(16).padStart(width * 2, '0')}`;
  return width === 1 && value >= 0x20 && value < 0x7f ? `${hex} '${String.fromCharCode(value)}'` : hex;
}

export function portText(port: number): string {
  return `0x${port.toString(16).padStart(3, '0')}`;
}

/** Rows of the Ports view. */
export function portRows(response: PortsResponse): AccessRow[] {
  return response.ports.map((port) => ({
    id: `port:${port.port}`,
    target: { kind: 'port', port: port.port, name: port.name },
    label: port.name ? `${portText(port.port)}  ${port.name}` : portText(port.port),
    description: portDescription(port),
    tooltip: [`**${portText(port.port)}** ${port.name}`, port.device && `Device: ${port.device}`, port.doc]
      .filter(Boolean)
      .join('\n\n'),
    count: port.ins + port.outs,
    name: port.name,
    number: port.port,
    doc: port.doc,
    site: usableSite(port.lastSite),
    details: [...portDetails(port), ...siteDetail(port.lastSite)],
  }));
}

/** Rows that match the text, sorted. Without a text only those that were used, or that `always` asks for. */
export function arrange(
  rows: AccessRow[],
  filter: string,
  order: AccessOrder,
  always: (row: AccessRow) => boolean,
): AccessRow[] {
  const wanted = filter.trim().toLowerCase();
  const shown = rows.filter((row) =>
    wanted ? `${row.label} ${row.tooltip}`.toLowerCase().includes(wanted) : row.count > 0 || always(row),
  );
  const compare: Record<AccessOrder, (a: AccessRow, b: AccessRow) => number> = {
    number: (a, b) => a.number - b.number,
    name: (a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }),
    count: (a, b) => b.count - a.count,
  };
  return shown.sort((a, b) => compare[order](a, b) || a.number - b.number);
}

/** `1 call`, `4,700 calls`, `no call`. */
export function countText(n: number, noun: string): string {
  return n === 0 ? `no ${noun}` : `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
}

function portDescription({ ins, outs, lastIn, lastOut }: PortInfo): string {
  const parts: string[] = [];
  if (outs > 0)
    parts.push(`${outs.toLocaleString('en')} out${lastOut ? ` ${valueText(lastOut.value, lastOut.width)}` : ''}`);
  if (ins > 0) parts.push(`${ins.toLocaleString('en')} in${lastIn ? ` ${valueText(lastIn.value, lastIn.width)}` : ''}`);
  return parts.length > 0 ? parts.join(' · ') : 'not used yet';
}

function portDetails(port: PortInfo): DetailRow[] {
  const rows: DetailRow[] = [];
  if (port.lastOut)
    rows.push({
      label: 'Last out',
      description: valueText(port.lastOut.value, port.lastOut.width),
      icon: 'arrow-right',
    });
  if (port.lastIn)
    rows.push({ label: 'Last in', description: valueText(port.lastIn.value, port.lastIn.width), icon: 'arrow-left' });
  for (const field of port.fields) {
    rows.push({
      label: field.name,
      description: `${field.value}${field.meaning ? ` – ${field.meaning}` : ''}`,
      tooltip: `Bits ${field.bits}`,
      icon: 'symbol-field',
    });
  }
  return rows;
}

/** The line below a row that leads to its last place. */
export function siteDetail(site: (SourcePosition & { address: string }) | undefined): DetailRow[] {
  if (!site) return [];
  const file = site.path.split(/[\\/]/).pop() ?? '';
  const where =
    site.line > 0 ? `${site.function ? `${site.function}, ` : ''}${file}:${site.line}` : (site.function ?? '');
  return [
    {
      label: 'Last access',
      description: where || site.address,
      tooltip: site.address,
      icon: 'location',
      site: usableSite(site),
    },
  ];
}

/** A place that can be gone to. */
export function usableSite(site: SourcePosition | undefined): SourcePosition | undefined {
  return site && site.path !== '' && site.line > 0 ? site : undefined;
}
