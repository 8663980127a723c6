import type { ExitCostsResponse } from '../../../../debugAdapter/protocol';
import { element, setText } from './dom';
import { nanosecondsText, percentText, shortText, integerText } from './format';

type Totals = ExitCostsResponse['totals'];

/** The figures above the charts. */
const TILES: { title: string; hint: string; text: (totals: Totals) => string; note: (totals: Totals) => string }[] = [
  {
    title: 'Exits',
    hint: 'Times the guest was left; a string instruction is one exit that moves many elements',
    text: ({ samples }) => integerText(samples),
    note: ({ elements }) => `${integerText(elements)} port elements`,
  },
  {
    title: 'Exit cycles',
    hint: 'Modelled cost of all exits',
    text: ({ totalCycles }) => shortText(totalCycles),
    note: ({ samples, totalCycles }) => (samples > 0 ? `${integerText(totalCycles / samples)} per exit` : 'none yet'),
  },
  {
    title: 'Share of guest time',
    hint: 'Part of the guest’s own time that exits took, as its RDTSC sees it',
    text: ({ exitTimePct }) => percentText(exitTimePct),
    note: ({ guestCycles }) => `of ${shortText(guestCycles)} cycles`,
  },
  {
    title: 'Instructions',
    hint: 'Instructions that the guest has retired',
    text: ({ instructions }) => shortText(instructions),
    note: ({ samples, instructions }) =>
      samples > 0 ? `one exit in ${shortText(instructions / samples)}` : 'no exits yet',
  },
  {
    title: 'Host time',
    hint: 'What the exits really cost on this computer',
    text: ({ hostNs }) => nanosecondsText(hostNs),
    note: ({ samples, hostNs }) => (samples > 0 ? `${nanosecondsText(hostNs / samples)} per exit` : 'none yet'),
  },
  {
    title: 'Hypervisor',
    hint: 'Mode, and the cost profile that the cycles come from',
    text: ({ mode }) => mode,
    note: ({ costProfile }) => costProfile,
  },
];

/** Figures of the whole run. */
export class Tiles {
  readonly node: HTMLElement;
  private readonly texts: { value: HTMLElement; note: HTMLElement }[] = [];

  constructor() {
    const tiles = TILES.map(({ title, hint }) => {
      const value = element('dd', { class: 'value' });
      const note = element('dd', { class: 'note' });
      this.texts.push({ value, note });
      return element('div', { class: 'tile', title: hint }, element('dt', {}, title), value, note);
    });
    this.node = element('dl', { class: 'tiles', 'aria-label': 'Totals' }, ...tiles);
  }

  show(totals: Totals): void {
    TILES.forEach(({ text, note }, index) => {
      setText(this.texts[index].value, text(totals));
      setText(this.texts[index].note, note(totals));
    });
  }
}
