import { partsBar, partsText } from './cost-parts';
import { element } from './dom';
import { shortText } from './format';
import type { Line } from './table-model';

const MOST = 8;

/** The dearest keys as bars by part of the cost, each with the earlier run's bar below it. */
export function keyChart(lines: Line[]): HTMLElement {
  const cost = ({ now, before }: Line): number => Math.max(now?.totalCycles ?? 0, before?.totalCycles ?? 0);
  const top = [...lines].sort((a, b) => cost(b) - cost(a)).slice(0, MOST);
  const scale = top.length > 0 ? cost(top[0]) : 0;
  const rest = lines.length - top.length;
  return element(
    'div',
    { class: 'keys' },
    ...top.flatMap((line) => keyRow(line, scale)),
    ...(rest > 0 ? [element('p', { class: 'more' }, `and ${rest} more below`)] : []),
  );
}

function keyRow({ key, now, before }: Line, scale: number): HTMLElement[] {
  const bars: HTMLElement[] = [];
  if (now) bars.push(barWithNumber(now.parts, now.totalCycles, scale, 'now'));
  if (before) bars.push(barWithNumber(before.parts, before.totalCycles, scale, 'before'));
  return [element('span', { class: 'label', title: key }, key), element('span', { class: 'bars' }, ...bars)];
}

function barWithNumber(
  parts: Parameters<typeof partsBar>[0],
  total: number,
  scale: number,
  run: 'now' | 'before',
): HTMLElement {
  const title = `${run === 'before' ? 'Earlier run: ' : ''}${partsText(parts)} cycles`;
  return element(
    'span',
    { class: `line ${run}`, title },
    partsBar(parts, scale),
    element('span', { class: 'number' }, shortText(total)),
  );
}
