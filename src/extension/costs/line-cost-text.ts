import type { ExitCostRow } from '../../../debugAdapter/protocol';

const whole = (value: number): string => Math.round(value).toLocaleString('en');

/** `950`, `12.3 k`, `3.8 M`, `6.7 G`. */
function short(value: number): string {
  if (value < 10_000) return whole(value);
  const [unit, divisor] = value < 1e6 ? ['k', 1e3] : value < 1e9 ? ['M', 1e6] : ['G', 1e9];
  return `${(value / divisor).toFixed(1)} ${unit}`;
}

/** `1,204 exits, 3.8 M cycles, 12.0 % of exit time; by hypercall 0.9 M`. */
export function lineCostText(row: ExitCostRow): string {
  const share = row.timePct < 0.1 ? '< 0.1' : row.timePct.toFixed(1);
  const exits = `${whole(row.samples)} exit${row.samples === 1 ? '' : 's'}`;
  const text = `${exits}, ${short(row.totalCycles)} cycles, ${share} % of exit time`;
  const answer = otherWay(row);
  return answer ? `${text}; by ${answer.name} ${short(answer.cycles)}` : text;
}

/** What the line would have cost by the way that it did not take: a hypercall, or where it was one, a trap. */
function otherWay({ channel, whatIf, operations }: ExitCostRow): { name: string; cycles: number } | undefined {
  if (!operations || operations.singles + operations.strings === 0) return undefined;
  const other = channel === 'hypercall' ? 'trap' : 'hypercall';
  const answer = whatIf?.find((candidate) => candidate.channel === other);
  return answer && { name: other, cycles: answer.cycles };
}

/** The same in full, as Markdown. */
export function lineCostHover(row: ExitCostRow): string {
  const { transition, decode, device, return: back } = row.parts;
  const parts = [transition, decode, device, back, row.totalCycles].map(whole).join(' | ');
  const lines = [
    `**Exit cost of this line** (${row.channel}, ${whole(row.samples)} exits of ${whole(row.avgCycles)} cycles)`,
    `| Transition | Decode | Device | Return | Total |\n|--:|--:|--:|--:|--:|\n| ${parts} |`,
  ];
  const moves = row.operations && row.operations.singles + row.operations.strings > 0;
  if (row.whatIf && moves) {
    const cells = row.whatIf.map(({ channel, cycles }) => [channel, whole(cycles)]);
    lines.push(
      `What if all of its port accesses came by …\n\n| ${cells.map(([name]) => name).join(' | ')} |\n` +
        `|${cells.map(() => '--:|').join('')}\n| ${cells.map(([, cycles]) => cycles).join(' | ')} |`,
    );
  }
  lines.push('Cycles of the cost profile. [Show Exit Costs](command:ringside.showExitCosts)');
  return lines.join('\n\n');
}
