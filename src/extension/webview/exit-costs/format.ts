/** Numbers as the panel shows them: grouped digits, a fixed number of decimals, the unit in the heading. */
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat('en', { minimumFractionDigits: 1, maximumFractionDigits: 1 });
const hundredth = new Intl.NumberFormat('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });

export function integerText(value: number): string {
  return whole.format(value);
}

/** Percent with two decimals, as `perf kvm stat` prints it. */
export function percentText(value: number): string {
  return `${hundredth.format(value)}%`;
}

/** `1,234 ± 0.5%`. */
export function averageText(average: number, stdErrPct: number): string {
  return `${whole.format(average)} ± ${hundredth.format(stdErrPct)}%`;
}

/** Large counts for tiles and axes: `950`, `12.3 k`, `4.5 M`, `6.7 G`. */
export function shortText(value: number): string {
  const magnitude = Math.abs(value);
  if (magnitude < 10_000) return whole.format(value);
  if (magnitude < 1e6) return `${tenth.format(value / 1e3)} k`;
  if (magnitude < 1e9) return `${tenth.format(value / 1e6)} M`;
  return `${tenth.format(value / 1e9)} G`;
}

/** Host time: `870 ns`, `12.3 µs`, `4.5 ms`, `6.7 s`. */
export function nanosecondsText(ns: number): string {
  if (ns < 1000) return `${whole.format(ns)} ns`;
  if (ns < 1e6) return `${tenth.format(ns / 1e3)} µs`;
  if (ns < 1e9) return `${tenth.format(ns / 1e6)} ms`;
  return `${hundredth.format(ns / 1e9)} s`;
}

/** What would be saved: `58.2%`, or `−12.0%` where it would cost more. */
export function savedText(percent: number): string {
  if (Math.abs(percent) < 0.05) return '0%';
  return `${percent < 0 ? '−' : ''}${tenth.format(Math.abs(percent))}%`;
}

/** How a cost changed: `-82.1%`, `×3.2`, `new`, `gone`, `same`. */
export function changeText(before: number, after: number): string {
  if (before === after) return 'same';
  if (before === 0) return 'new';
  if (after === 0) return 'gone';
  const ratio = after / before;
  if (ratio >= 2) return `×${tenth.format(ratio)}`;
  return `${ratio > 1 ? '+' : '−'}${tenth.format(Math.abs(ratio - 1) * 100)}%`;
}
