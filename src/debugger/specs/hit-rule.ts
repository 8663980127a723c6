import { TextError } from '../text/text-error';

/**
 * On which hits a breakpoint acts, counted from 1: on the n-th only (`N`), from the n-th on (`>=N`), on every
 * n-th (`%N`).
 */
export interface HitRule {
  test: 'exactly' | 'from' | 'every';
  /** 1 or more. */
  count: number;
}

const SIGNS: Readonly<Record<HitRule['test'], string>> = { exactly: '', from: '>=', every: '%' };
const RULE = /(>=|==|>|%|)\s*([0-9]+)(?![0-9A-Za-z_.])/y;

/** True if a breakpoint with this rule acts on its `hits`-th hit. Without a rule it acts on all. */
export function hitRuleApplies(rule: HitRule | undefined, hits: number): boolean {
  if (!rule) return true;
  switch (rule.test) {
    case 'exactly':
      return hits === rule.count;
    case 'from':
      return hits >= rule.count;
    case 'every':
      return hits % rule.count === 0;
  }
}

/**
 * Reads `N`, `>=N` or `%N` at an offset; also `==N`, and `>N` for `>=N+1`, which clients offer.
 * @throws TextError if there is none or the number is 0
 */
export function readHitRule(text: string, start: number): { rule: HitRule; end: number } {
  RULE.lastIndex = start;
  const match = RULE.exec(text);
  if (!match) throw new TextError('expected a hit count: N, >=N or %N', text, start, Math.max(1, text.length - start));
  const number = Number(match[2]);
  const count = match[1] === '>' ? number + 1 : number;
  const end = start + match[0].length;
  if (count < 1 || !Number.isSafeInteger(count)) {
    throw new TextError('a hit count is 1 or more', text, start, match[0].length);
  }
  const test = match[1] === '%' ? 'every' : match[1].startsWith('>') ? 'from' : 'exactly';
  return { rule: { test, count }, end };
}

/** Parses a hit condition that is a text of its own. @throws TextError */
export function parseHitRule(text: string): HitRule {
  const start = text.length - text.trimStart().length;
  const { rule, end } = readHitRule(text, start);
  if (text.slice(end).trim() !== '') {
    throw new TextError('expected the end after the hit count', text, end, text.length - end);
  }
  return rule;
}

export function printHitRule(rule: HitRule): string {
  return SIGNS[rule.test] + String(rule.count);
}
