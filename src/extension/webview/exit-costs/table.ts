import type { SourcePosition, WhatIf } from '../../../../debugAdapter/protocol';
import { type Column, visibleColumns } from './columns';
import { partsBar, partsText, updatePartsBar } from './cost-parts';
import { element, setText } from './dom';
import { integerText } from './format';
import { type ColumnId, type Line, type Order, sumLines } from './table-model';

/** What the user can do in the table. */
export interface TableActions {
  sort: (column: ColumnId) => void;
  open: (source: SourcePosition) => void;
}

interface RowElements {
  row: HTMLTableRowElement;
  cells: HTMLTableCellElement[];
}

/** The table of exit costs. Rows are kept by key and updated in place: focus and selection survive live updates. */
export class CostTable {
  readonly node: HTMLElement;
  private readonly head = element('thead');
  private readonly body = element('tbody');
  private readonly foot = element('tfoot');
  private readonly rows = new Map<string, RowElements>();
  private columns: Column[] = [];

  constructor(private readonly actions: TableActions) {
    const table = element(
      'table',
      { class: 'costs' },
      element('caption', { class: 'hidden' }, 'Exit costs'),
      this.head,
      this.body,
      this.foot,
    );
    this.node = element('div', { class: 'table', tabindex: '0', role: 'region', 'aria-label': 'Exit costs' }, table);
  }

  /**
   * @param comparing whether there is an earlier run beside this one
   * @param channel that costs are reckoned for
   */
  show(lines: Line[], order: Order, keyTitle: string, comparing: boolean, channel: WhatIf['channel']): void {
    this.arrange(visibleColumns(comparing, channel));
    this.node.classList.toggle('comparing', comparing);
    this.markOrder(order, keyTitle);
    const scale = Math.max(0, ...lines.map(({ now }) => now?.totalCycles ?? 0));
    const keys = new Set(lines.map(({ key }) => key));
    for (const [key, { row }] of this.rows) {
      if (keys.has(key)) continue;
      row.remove();
      this.rows.delete(key);
    }
    lines.forEach((line, index) => {
      const { row } = this.update(line, scale);
      if (this.body.children[index] !== row) this.body.insertBefore(row, this.body.children[index] ?? null);
    });
    const sums = sumLines(lines);
    this.columns.forEach((column, index) => setText(this.foot.rows[0].cells[index], column.total(sums)));
  }

  private arrange(columns: Column[]): void {
    const titles = (all: Column[]): string => all.map(({ title }) => title).join('\n');
    if (titles(columns) === titles(this.columns)) return;
    this.columns = columns;
    this.rows.clear();
    this.body.replaceChildren();
    this.head.replaceChildren(element('tr', {}, ...columns.map((column) => this.heading(column))));
    const totals = columns.map(({ id, align }, index) =>
      index === 0 ? element('th', { scope: 'row', class: align }) : element('td', { class: `${align} ${id}` }),
    );
    this.foot.replaceChildren(element('tr', {}, ...totals));
  }

  private heading({ id, title, hint, align }: Column): HTMLElement {
    const button = element(
      'button',
      { type: 'button', title: hint },
      element('span', {}, title),
      element('i', { class: 'codicon', 'aria-hidden': 'true' }),
    );
    button.addEventListener('click', () => this.actions.sort(id));
    return element('th', { scope: 'col', class: `${align} ${id}`, 'data-column': id }, button);
  }

  private markOrder(order: Order, keyTitle: string): void {
    for (const heading of this.head.querySelectorAll('th')) {
      const sorted = heading.dataset.column === order.column;
      if (sorted) heading.setAttribute('aria-sort', order.descending ? 'descending' : 'ascending');
      else heading.removeAttribute('aria-sort');
      heading.querySelector('i')!.className =
        `codicon ${sorted ? `codicon-chevron-${order.descending ? 'down' : 'up'}` : ''}`;
      if (heading.dataset.column === 'key') setText(heading.querySelector('span')!, keyTitle);
    }
  }

  private update(line: Line, scale: number): RowElements {
    let elements = this.rows.get(line.key);
    if (!elements) {
      const cells = this.columns.map(({ id, align }) =>
        id === 'key'
          ? element('th', { scope: 'row', class: `${align} key` })
          : element('td', { class: `${align} ${id}` }),
      );
      elements = { row: element('tr', {}, ...cells), cells };
      this.rows.set(line.key, elements);
    }
    const { row, cells } = elements;
    row.classList.toggle('gone', line.now === undefined);
    this.columns.forEach((column, index) => this.fill(cells[index], column, line, scale));
    return elements;
  }

  private fill(cell: HTMLTableCellElement, column: Column, line: Line, scale: number): void {
    const text = column.text(line);
    switch (column.id) {
      case 'parts':
        fillParts(cell, text, line, scale);
        break;
      case 'source':
        this.fillSource(cell, text, line);
        break;
      case 'channel':
        if (cell.textContent !== text) cell.replaceChildren(element('span', { class: `way ${text}` }, text));
        break;
      case 'whatIf':
        setText(cell, text);
        cell.title = operationsText(line);
        break;
      case 'saved': {
        const saved = line.whatIf?.savedCycles ?? 0;
        cell.classList.toggle('better', saved > 0);
        cell.classList.toggle('worse', saved < 0);
        setText(cell, text);
        break;
      }
      case 'change': {
        const [before, now] = [line.before?.totalCycles ?? 0, line.now?.totalCycles ?? 0];
        cell.classList.toggle('better', now < before);
        cell.classList.toggle('worse', now > before);
        setText(cell, text);
        break;
      }
      default:
        setText(cell, text);
        if (column.id === 'key') cell.title = text;
    }
  }

  private fillSource(cell: HTMLTableCellElement, text: string, line: Line): void {
    const source = (line.now ?? line.before)?.source;
    if (!source || source.path === '') {
      setText(cell, text);
      return;
    }
    const title = `${source.path}:${source.line}${source.function ? ` in ${source.function}` : ''}`;
    if (cell.textContent === text && cell.title === title) return;
    const link = element('button', { type: 'button', class: 'link' }, text);
    link.addEventListener('click', () => this.actions.open(source));
    cell.title = title;
    cell.replaceChildren(link);
  }
}

/** What the reckoning starts from: `4,700 IN/OUT; 3 INS/OUTS of 2,304 elements, 5 runs within a page`. */
function operationsText({ now, whatIf }: Line): string {
  const operations = now?.operations;
  if (!operations || !whatIf) return '';
  const { singles, strings, stringElements, pageRuns } = operations;
  const parts = [singles > 0 && `${integerText(singles)} IN/OUT`];
  if (strings > 0)
    parts.push(
      `${integerText(strings)} INS/OUTS of ${integerText(stringElements)} elements, ${integerText(pageRuns)} runs within a page`,
    );
  return `Reckoned from ${parts.filter(Boolean).join('; ')}, at the figures of the cost profile`;
}

function fillParts(cell: HTMLTableCellElement, text: string, { now }: Line, scale: number): void {
  if (!now) {
    setText(cell, text);
    return;
  }
  const bar = cell.querySelector<HTMLElement>('.bar');
  if (bar) updatePartsBar(bar, now.parts, scale);
  else cell.replaceChildren(partsBar(now.parts, scale), element('span', { class: 'number' }));
  setText(cell.querySelector<HTMLElement>('.number')!, text);
  cell.title = partsText(now.parts);
}
