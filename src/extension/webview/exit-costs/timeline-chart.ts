import uPlot from 'uplot';
import type { ChannelName, ExitTimelineResponse } from '../../../../debugAdapter/protocol';
import { element } from './dom';
import { shortText } from './format';
import { channelColor, themeColor } from './theme';

const LEAST_WIDTH = 200;
const LEAST_HEIGHT = 170;

/** Exit cycles over guest time, stacked by channel, with the key to the colours. */
export class TimelineChart {
  readonly node = element('div', { class: 'timeline' });
  private readonly legend = element('ul', { class: 'legend', 'aria-label': 'Channels' });
  private readonly canvas = element('div', { class: 'plot', role: 'img' });
  private plot: uPlot | undefined;
  private data: ExitTimelineResponse | undefined;
  private drawn = '';

  constructor() {
    this.node.append(this.legend, this.canvas);
    new ResizeObserver(() => this.resize()).observe(this.canvas);
  }

  show(data: ExitTimelineResponse): void {
    const print = JSON.stringify(data);
    if (print === this.drawn) return;
    this.drawn = print;
    const before = this.data && channelsOf(this.data).join();
    this.data = data;
    // The channels in use decide the series; they seldom change.
    if (!this.plot || before !== channelsOf(data).join()) this.rebuild();
    else this.plot.setData(stacked(data));
    this.canvas.setAttribute('aria-label', inWords(data));
  }

  /** Draws anew with the colours of the present theme. */
  rebuild(): void {
    if (!this.data) return;
    const channels = channelsOf(this.data);
    this.plot?.destroy();
    this.canvas.replaceChildren();
    this.plot = new uPlot({ ...options(channels), ...this.size }, stacked(this.data), this.canvas);
    this.legend.replaceChildren(...channels.map(legendItem));
  }

  private get size(): { width: number; height: number } {
    const { clientWidth, clientHeight } = this.canvas;
    return { width: Math.max(LEAST_WIDTH, clientWidth), height: Math.max(LEAST_HEIGHT, clientHeight) };
  }

  private resize(): void {
    const { width, height } = this.size;
    if (this.plot && (this.plot.width !== width || this.plot.height !== height)) this.plot.setSize({ width, height });
  }
}

function channelsOf({ channels }: ExitTimelineResponse): ChannelName[] {
  return channels.map(({ channel }) => channel);
}

function legendItem(channel: ChannelName): HTMLElement {
  return element('li', {}, element('span', { class: `swatch channel-${channel}`, 'aria-hidden': 'true' }), channel);
}

/** The plot for those who do not see it. */
function inWords({ channels }: ExitTimelineResponse): string {
  const sums = channels.map(
    ({ channel, cycles }) => `${channel} ${shortText(cycles.reduce((all, span) => all + span, 0))} cycles`,
  );
  return `Exit cycles over guest time: ${sums.join(', ') || 'none'}`;
}

/** uPlot has no stacking of its own: each series is the sum of those below it, and drawn from the top one down. */
function stacked({ spanCycles, channels }: ExitTimelineResponse): uPlot.AlignedData {
  const spans = channels[0]?.cycles.length ?? 0;
  // One point more than spans, so that the last step has a width.
  const time = Array.from({ length: spans + 1 }, (_, index) => index * spanCycles);
  const below = new Float64Array(spans + 1);
  const series = channels.map(({ cycles }) => {
    for (let index = 0; index <= spans; index++) below[index] += cycles[Math.min(index, spans - 1)] ?? 0;
    return Array.from(below);
  });
  return [time, ...series.reverse()];
}

function options(channels: ChannelName[]): Omit<uPlot.Options, 'width' | 'height'> {
  const text = themeColor('--vscode-descriptionForeground');
  const grid = themeColor('--vscode-panel-border');
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const axis: uPlot.Axis = {
    stroke: text,
    font,
    grid: { stroke: grid, width: 1 },
    ticks: { stroke: grid, width: 1, size: 4 },
    border: { show: true, stroke: grid, width: 1 },
    values: (_plot, values) => values.map(shortText),
  };
  const steps = uPlot.paths.stepped!({ align: 1 });
  const contrast =
    document.body.classList.contains('vscode-high-contrast') ||
    document.body.classList.contains('vscode-high-contrast-light');
  return {
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: true, y: false } },
    padding: [8, 22, 0, 0],
    scales: { x: { time: false }, y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.05 : 1] } },
    axes: [
      { ...axis, size: 26, space: 70 },
      { ...axis, size: 52, space: 36 },
    ],
    series: [
      {},
      ...[...channels].reverse().map((channel) => {
        const color = channelColor(channel);
        // The stack is opaque: a series covers the sums that lie above it.
        return {
          label: channel,
          stroke: color,
          fill: color,
          width: contrast ? 2 : 1,
          paths: steps,
          points: { show: false },
        };
      }),
    ],
  };
}
