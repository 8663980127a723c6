import type { Mmu } from '../../machine/cpu/mmu';
import type { Guest } from '../guest/guest';
import { hex32 } from '../text/hex';
import { EvaluationError } from '../values/memory';
import type { PageWalk } from './types';

type Step = ReturnType<Mmu['walk']>['steps'][number];

function flagsText(step: Step): string {
  if (!step.present) return step.entry === 0 ? 'not present' : "not present (the rest is the guest's own)";
  const words = ['present', step.writable ? 'writable' : 'read-only', step.user ? 'user' : 'supervisor'];
  if (step.accessed) words.push('accessed');
  if (step.dirty) words.push('dirty');
  if (step.global) words.push('global');
  if (step.large) words.push(step.span === 0x200000 ? '2 MiB page' : '4 MiB page');
  return words.join(', ');
}

function linearAddress(address: string | number, evaluate: (expression: string) => number): number {
  const value = typeof address === 'number' ? address : evaluate(address);
  if (Number.isInteger(value) && value >= 0 && value < 2 ** 32) return value;
  throw new EvaluationError(`${String(address)} is no linear address: expected 0 to 0xffffffff`);
}

/**
 * The way of a linear address through the page tables, without side effects on them.
 * @throws EvaluationError if it is no address, or whatever `evaluate` throws
 */
export function pageWalk(guest: Guest, address: string | number, evaluate: (expression: string) => number): PageWalk {
  const linear = linearAddress(address, evaluate);
  const { paging, steps, physical } = guest.machine.cpu.mmu.walk(linear);
  const levels = steps.map((step) => ({
    name: step.name,
    entryAddress: hex32(step.address),
    entry: hex32(step.entry),
    flags: flagsText(step),
  }));
  const last = steps.at(-1);
  const message = !paging
    ? 'Paging is off: linear addresses are physical ones.'
    : physical === undefined && last
      ? `No page is mapped: the ${last.name} at ${hex32(last.address)} is not present.`
      : undefined;
  return {
    linear: hex32(linear),
    ...(physical !== undefined && { physical: hex32(physical) }),
    levels,
    ...(message !== undefined && { message }),
  };
}
