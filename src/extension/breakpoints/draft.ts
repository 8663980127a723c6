import type { BreakpointSpec } from '../../debugger/specs/ast';
import { printHitRule } from '../../debugger/specs/hit-rule';
import { parseSpec } from '../../debugger/specs/parser';
import { printSpec } from '../../debugger/specs/printer';
import { quote } from '../../debugger/text/escapes';
import { TextError } from '../../debugger/text/text-error';

/** Kinds of spec that the wizard writes; functions and addresses have VS Code's own commands. */
export type DraftKind = 'io' | 'in' | 'out' | 'hypercall' | 'fault' | 'irq' | 'insn' | 'serial';

/** A spec in the making: each part as text, empty if not wanted. */
export interface Draft {
  kind: DraftKind;
  /** What follows the kind: `0x3f8`, `COM1.THR`, `0x1f0-0x1f7`, `OUTB`, `#GP`, `com1 "login:"`. */
  target: string;
  width: '' | '1' | '2' | '4';
  via: '' | 'trap' | 'vtx' | 'hypercall';
  when: '' | 'before' | 'after';
  condition: string;
  hit: string;
  log: string;
  set: string;
}

export function emptyDraft(kind: DraftKind, target = ''): Draft {
  return { kind, target, width: '', via: '', when: '', condition: '', hit: '', log: '', set: '' };
}

export function isPortDraft(draft: Draft): boolean {
  return draft.kind === 'io' || draft.kind === 'in' || draft.kind === 'out';
}

/** The spec's text. It may be wrong: see `draftProblem`. */
export function draftText(draft: Draft): string {
  const port = isPortDraft(draft);
  const parts: (string | false)[] = [
    `${draft.kind} ${draft.target}${port && draft.width ? `/${draft.width}` : ''}`,
    port && draft.via !== '' && `via ${draft.via}`,
    port && draft.when,
    draft.condition !== '' && `if ${draft.condition}`,
    draft.hit !== '' && `hit ${draft.hit}`,
    draft.log !== '' && `log ${quote(draft.log)}`,
    port && draft.set !== '' && `set ${draft.set}`,
  ];
  return parts.filter(Boolean).join(' ');
}

/** What is wrong with a draft, in one line for the user, or undefined. */
export function draftProblem(draft: Draft): string | undefined {
  try {
    parseSpec(draftText(draft));
    return undefined;
  } catch (error) {
    if (!(error instanceof TextError)) throw error;
    return error.problem;
  }
}

/** Takes a spec apart for editing; undefined for a function or an address. */
export function draftOf(spec: BreakpointSpec): Draft | undefined {
  if (spec.kind === 'function' || spec.kind === 'address') return undefined;
  const { condition, hit, log, ...rest } = spec;
  const bare =
    rest.kind === 'port' ? { ...rest, width: undefined, via: undefined, when: undefined, set: undefined } : rest;
  const [, kind, target] = /^(\S+) (.*)$/s.exec(printSpec(bare)) ?? [];
  const draft = emptyDraft(kind as DraftKind, target);
  if (spec.kind === 'port') {
    draft.width = spec.width === undefined ? '' : (`${spec.width}` as Draft['width']);
    draft.via = spec.via ?? '';
    draft.when = spec.when ?? '';
    draft.set = spec.set?.text ?? '';
  }
  draft.condition = condition?.text ?? '';
  draft.hit = hit ? printHitRule(hit) : '';
  draft.log = log?.text ?? '';
  return draft;
}
