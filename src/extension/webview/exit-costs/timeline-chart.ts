import uPlot from 'uplot';
import { CHANNELS, type TimelineData } from '../../costs/timeline';
import { element } from './dom';
import { shortText } from './format';
import { channelColor, themeColor } from './theme';

const HEIGHT = 190;

/** Exit cycles over guest time, stacked by channel. */
export class TimelineChart {
  readonly node = element('div', { class: 'plot' });
  private plot: uPlot | undefined;
  private data: TimelineData | undefined;
  private drawn = '';

  constructor() {
    new ResizeObserver(() => this.resize()).observe(this.node);
  }

  show(data: TimelineData): void {
    const print = `${data.spanCycles}:${data.cycles.map((sums) => sums.join()).join(';')}`;
    if (print === this.drawn) return;
    this.drawn = print;
    this.data = data;
    // The channels in use decide the series; they seldom change.
    const shape = usedChannels(data).join();
    if (!this.plot || this.node.dataset.shape !== shape) this.rebuild();
    else this.plot.setData(stacked(data));
    this.describe(data);
  }

  /** Draws anew with the colours of the present theme. */
  rebuild(): void {
    if (!this.data) return;
    this.plot?.destroy();
    const channels = usedChannels(this.data);
    this.node.dataset.shape = channels.join();
    this.node.replaceChildren();
    this.plot = new uPlot(options(channels, this.width), stacked(this.data), this.node);
  }

  private get width(): number {
    return Math.max(200, this.node.clientWidth);
  }

  private resize(): void {
    if (this.plot && this.plot.width !== this.width) this.plot.setSize({ width: this.width, height: HEIGHT });
  }

  /** The plot in words, for screen readers. */
  private describe({ cycles }: TimelineData): void {
    const sums = CHANNELS.map((channel, index) => ({ channel, sum: cycles[index].reduce((a, b) => a + b, 0) }));
    const parts = sums.filter(({ sum }) => sum > 0).map(({ channel, sum }) => `${channel} ${shortText(sum)} cycles`);
    this.node.setAttribute('role', 'img');
    this.node.setAttribute('aria-label', `Exit cycles over guest time: ${parts.join(', ') || 'none'}`);
  }
}

function usedChannels({ cycles }: TimelineData): number[] {
  const used = CHANNELS.map((_, index) => index).filter((index) => cycles[index].some((sum) => sum > 0));
  return used.length > 0 ? used : [0];
}

/** uPlot has no stacking of its own: each series is the sum of those below it, and drawn from the top one down. */
function stacked(data: TimelineData): uPlot.AlignedData {
  const spans = data.cycles[0].length;
  // One point more than spans, so that the last step has a width.
  const time = Array.from({ length: spans + 1 }, (_, index) => index * data.spanCycles);
  const below = new Float64Array(spans + 1);
  const series = usedChannels(data).map((channel) => {
    for (let index = 0; index <= spans; index++) below[index] += data.cycles[channel][Math.min(index, spans - 1)] ?? 0;
    return Array.from(below);
  });
  return [time, ...series.reverse()];
}

function options(channels: number[], width: number): uPlot.Options {
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
    width,
    height: HEIGHT,
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
      ...[...channels].reverse().map((index) => {
        const color = channelColor(CHANNELS[index]);
        // The stack is opaque: a series covers the sums that lie above it.
        return {
          label: CHANNELS[index],
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
