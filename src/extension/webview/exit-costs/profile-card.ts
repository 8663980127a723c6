import type { ProfileInfo } from '../../costs/profile-info';
import { PARTS } from './cost-parts';
import { element } from './dom';
import { integerText } from './format';

/** Where the cycles come from: the figures of the cost profile, what each rests on, and the texts behind them. */
export class ProfileCard {
  readonly node = element('details', { class: 'card profile' });
  private shown = '';

  /** @param info undefined for a profile of the user's own */
  show(name: string, info: ProfileInfo | undefined): void {
    if (name === this.shown) return;
    this.shown = name;
    const title = element('summary', {}, element('h2', {}, `Cost profile: ${name}`));
    if (info) title.append(element('span', { class: 'muted' }, info.processor));
    this.node.replaceChildren(title, ...(info ? content(info) : [element('p', {}, OWN)]));
  }
}

const OWN = 'A profile of your own: its figures stand where "hypervisor.costProfile" of the launch configuration says.';

function content({ doc, rows, sources }: ProfileInfo): HTMLElement[] {
  const heads = ['Operation', ...PARTS.map(({ name }) => name), 'Total'];
  const table = element(
    'table',
    { class: 'figures' },
    element('thead', {}, element('tr', {}, ...heads.map((head) => element('th', { scope: 'col' }, head)))),
    element('tbody', {}, ...rows.map(figureRow)),
  );
  return [
    element('p', {}, doc.replaceAll('`', '')),
    element('div', { class: 'scroll' }, table),
    element('p', { class: 'muted' }, 'Cycles. Hover over a figure to see where it comes from.'),
    element('ul', {}, ...sources.map(({ tag, text }) => element('li', {}, element('b', {}, tag), ` ${text}`))),
  ];
}

function figureRow({ operation, parts }: ProfileInfo['rows'][number]): HTMLElement {
  const figures = PARTS.map(({ id }) => parts[id]);
  const total = figures.reduce((sum, { cycles }) => sum + cycles, 0);
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, operation),
    ...figures.map(({ cycles, basis, note }) =>
      element(
        'td',
        { title: `${basis}: ${note}` },
        integerText(cycles),
        element('span', { class: 'basis' }, cycles > 0 ? basis : ''),
      ),
    ),
    element('td', { class: 'total' }, integerText(total)),
  );
}
