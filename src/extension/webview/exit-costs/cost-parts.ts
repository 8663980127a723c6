import type { ExitCostRow } from '../../../../debugAdapter/protocol';
import { element } from './dom';
import { integerText } from './format';

type Parts = ExitCostRow['parts'];

/** Parts of an exit's cost in the order in which they happen, with their names. */
export const PARTS: readonly { id: keyof Parts; name: string; hint: string }[] = [
  { id: 'transition', name: 'Transition', hint: 'leaving the guest' },
  { id: 'decode', name: 'Fetch and decode', hint: 'finding out what the instruction does' },
  { id: 'device', name: 'Device', hint: 'the device model behind the port' },
  { id: 'return', name: 'Return', hint: 'going back to the guest' },
];

/** `transition 1,200, decode 3,400 …`, for tooltips and screen readers. */
export function partsText(parts: Parts): string {
  return PARTS.map(({ id, name }) => `${name.toLowerCase()} ${integerText(parts[id])}`).join(', ');
}

/**
 * A stacked bar of the parts.
 * @param scale cycles that fill the whole width
 */
export function partsBar(parts: Parts, scale: number): HTMLElement {
  const bar = element('span', { class: 'bar', 'aria-hidden': 'true' });
  updatePartsBar(bar, parts, scale);
  return bar;
}

/** Brings a bar made by `partsBar` up to date. */
export function updatePartsBar(bar: HTMLElement, parts: Parts, scale: number): void {
  if (bar.childElementCount === 0) bar.append(...PARTS.map(({ id }) => element('span', { class: `part ${id}` })));
  PARTS.forEach(({ id }, index) => {
    const share = scale > 0 ? (100 * parts[id]) / scale : 0;
    (bar.children[index] as HTMLElement).style.width = `${share}%`;
  });
}

/** The key to the colours. */
export function partsLegend(): HTMLElement {
  return element(
    'ul',
    { class: 'legend', 'aria-label': 'Parts of the cost' },
    ...PARTS.map(({ id, name, hint }) =>
      element('li', { title: hint }, element('span', { class: `swatch ${id}`, 'aria-hidden': 'true' }), name),
    ),
  );
}
