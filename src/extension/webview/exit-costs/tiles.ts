import type { ExitCostsResponse, WhatIf } from '../../../../debugAdapter/protocol';
import { WHAT_IF } from '../../costs/run';
import { element, setText } from './dom';
import { integerText, nanosecondsText, percentText, savedText, shortText } from './format';

type Totals = ExitCostsResponse['totals'];

/** What the session would have cost by another channel. */
function whatIfOf(totals: Totals, channel: WhatIf['channel']): WhatIf | undefined {
  return totals.whatIf?.find((answer) => answer.channel === channel);
}

/** The figures above the charts. */
interface Tile {
  title: string | ((channel: WhatIf['channel']) => string);
  hint: string;
  text: (totals: Totals, channel: WhatIf['channel']) => string;
  note: (totals: Totals, channel: WhatIf['channel']) => string;
}

const TILES: Tile[] = [
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
    title: (channel) => `All by ${WHAT_IF[channel]}`,
    hint: 'Cycles had all accesses to ports come that way: reckoned from their counts and the cost profile, not run',
    text: (totals, channel) => {
      const answer = whatIfOf(totals, channel);
      return answer ? shortText(answer.cycles) : '–';
    },
    note: (totals, channel) => {
      const answer = whatIfOf(totals, channel);
      if (!answer || totals.samples === 0) return '';
      const { savedPct } = answer;
      if (Math.abs(savedPct) < 0.05) return 'no difference';
      return savedPct > 0 ? `saves ${savedText(savedPct)}` : `costs ${savedText(-savedPct)} more`;
    },
  },
  {
    title: 'Share of guest time',
    hint: 'Part of the guest’s own time that exits took, as its RDTSC sees it',
    text: ({ exitTimePct, charged }) => (charged === false ? 'none' : percentText(exitTimePct)),
    note: ({ guestCycles, charged }) =>
      charged === false ? 'not charged to the guest' : `of ${shortText(guestCycles)} cycles`,
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
];

/** Figures of the whole run. */
export class Tiles {
  readonly node: HTMLElement;
  private readonly texts: { title: HTMLElement; value: HTMLElement; note: HTMLElement }[] = [];

  constructor() {
    const tiles = TILES.map(({ hint }) => {
      const title = element('dt');
      const value = element('dd', { class: 'value' });
      const note = element('dd', { class: 'note' });
      this.texts.push({ title, value, note });
      return element('div', { class: 'tile', title: hint }, title, value, note);
    });
    this.node = element('dl', { class: 'tiles', 'aria-label': 'Totals' }, ...tiles);
  }

  /** @param channel that costs are reckoned for */
  show(totals: Totals, channel: WhatIf['channel']): void {
    TILES.forEach(({ title, text, note }, index) => {
      setText(this.texts[index].title, typeof title === 'string' ? title : title(channel));
      setText(this.texts[index].value, text(totals, channel));
      setText(this.texts[index].note, note(totals, channel));
    });
  }
}
