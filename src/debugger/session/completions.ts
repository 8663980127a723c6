import type { Guest } from '../guest/guest';
import { FUNCTIONS } from '../expressions/parser';
import { REGISTERS } from '../registers/table';
import { VECTOR_REGISTERS } from '../registers/vector';
import type { GuestScope } from '../guest/symbol-scope';
import type { Session } from '../types';

type Completion = ReturnType<Session['completions']>[number];

const MAX_COMPLETIONS = 200;
const WORD = /[$A-Za-z_][$A-Za-z0-9_.]*$/;

/** Names that may stand at a column of a text, the nearest kinds first. */
export function completionsAt(guest: Guest, scope: GuestScope, text: string, column: number): Completion[] {
  const before = text.slice(0, Math.max(0, column));
  const word = WORD.exec(before)?.[0] ?? '';
  const start = before.length - word.length;
  const found = new Map<string, Completion>();
  const prefix = word.toLowerCase();
  const add = (label: string, kind: string): void => {
    if (found.size >= MAX_COMPLETIONS || found.has(label) || !label.toLowerCase().startsWith(prefix)) return;
    found.set(label, { label, kind, start, length: word.length });
  };
  for (const block of scope.blocks) for (const { name } of block) add(name, 'variable');
  for (const { name } of [...REGISTERS, ...VECTOR_REGISTERS]) add(word.startsWith('$') ? `$${name}` : name, 'register');
  for (const name of FUNCTIONS) add(name, 'function');
  for (const { name } of scope.fileVariables()) add(name, 'variable');
  for (const { name } of guest.ports.all()) add(name, 'port');
  for (const { name, kind } of guest.symbols.symbols()) {
    if (found.size >= MAX_COMPLETIONS) break;
    add(name, kind === 'function' ? 'function' : 'variable');
  }
  return [...found.values()];
}
