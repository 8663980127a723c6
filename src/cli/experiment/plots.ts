import type { Results } from './figures';
import { digits } from './markdown';
import { type TimeShares, timeShares } from './measurement';
import { Svg } from './svg';

const WIDTH = 900;
const LEFT = 230;
const RIGHT = 90;
const BAR = 16;
const STEP = 20;
const GAP = 34;
const LAYERS: readonly (keyof TimeShares)[] = ['guest', 'waiting', 'transition', 'decode', 'device', 'return'];
const LAYER_NAMES: Readonly<Record<keyof TimeShares, string>> = {
  guest: 'guest instructions',
  waiting: 'waiting',
  transition: 'transition',
  decode: 'fetch and decode',
  device: 'device',
  return: 'return',
};

function legend(svg: Svg, y: number, layers: readonly (keyof TimeShares)[]): void {
  let x = 12;
  for (const layer of layers) {
    svg.bar(x, y - 10, 12, 12, layer, LAYER_NAMES[layer]);
    svg.text(x + 17, y, LAYER_NAMES[layer]);
    x += 32 + LAYER_NAMES[layer].length * 7;
  }
}

/** `34.8 M` */
function millions(cycles: number): string {
  return `${(cycles / 1e6).toFixed(cycles < 1e7 ? 2 : 1)} M`;
}

/**
 * Where guest time goes under one profile: a bar for each world of each workload, as long as its time. Bare metal is
 * left out, because its accesses to the chipset would dwarf the rest.
 */
export function timePlot(results: Results, profile: string): string {
  const title = `Where the guest's time goes: ${profile}`;
  const svg = new Svg(WIDTH, title);
  svg.text(12, 22, title, { class: 'title' });
  const used = results.all.filter((result) => result.profile === profile && result.world.mode !== 'none');
  const layers = LAYERS.filter((layer) => used.some(({ stretch }) => timeShares(stretch)[layer] > 0));
  legend(svg, 46, layers);
  let y = 72;
  for (const workload of results.workloads) {
    const shown = results.of(profile, workload).filter(({ world }) => world.mode !== 'none');
    const longest = Math.max(...shown.map(({ stretch }) => stretch.guestCycles));
    svg.text(12, y, workload, { class: 'group' });
    y += 10;
    for (const { world, stretch } of shown) {
      svg.text(LEFT - 8, y + BAR - 4, world.label, { anchor: 'end' });
      const shares = timeShares(stretch);
      const scale = (WIDTH - LEFT - RIGHT) / longest;
      let x = LEFT;
      for (const layer of layers) {
        if (shares[layer] <= 0) continue;
        svg.bar(x, y, shares[layer] * scale, BAR, layer, `${LAYER_NAMES[layer]}: ${digits(shares[layer])} cycles`);
        x += shares[layer] * scale;
      }
      svg.text(x + 6, y + BAR - 4, millions(stretch.guestCycles));
      y += STEP;
    }
    svg.line(LEFT, y - (STEP - BAR) - shown.length * STEP, LEFT, y);
    y += GAP;
  }
  return svg.finish(y - GAP + 12);
}

/** Guest time that I/O hypercalls save against traps: a bar for each profile of each workload, 0 to 40 %. */
export function savingPlot(results: Results): string {
  const title = "Guest time that I/O hypercalls save native-style drivers, in percent of the trapped drivers' time";
  const most = 40;
  const svg = new Svg(WIDTH, title);
  svg.text(12, 22, title, { class: 'title' });
  const scale = (WIDTH - LEFT - RIGHT) / most;
  let y = 48;
  const top = y - 10;
  for (const workload of results.workloads) {
    svg.text(12, y + BAR - 4, workload, { class: 'group' });
    for (const profile of results.profiles) {
      const saved = results.savedPct(profile, workload, 'native-vmi', 'native-trap') ?? 0;
      svg.text(LEFT - 8, y + BAR - 4, profile, { anchor: 'end' });
      svg.bar(LEFT, y, Math.max(0, saved) * scale, BAR, 'decode', `${saved.toFixed(2)} %`);
      svg.text(LEFT + Math.max(0, saved) * scale + 6, y + BAR - 4, `${saved.toFixed(1)} %`);
      y += STEP;
    }
    y += 14;
  }
  for (const mark of [0, 10, 20, 30, 40]) {
    svg.line(LEFT + mark * scale, top, LEFT + mark * scale, y);
    svg.text(LEFT + mark * scale, y + 14, `${mark} %`, { anchor: 'middle' });
  }
  return svg.finish(y + 26);
}
