import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setPrebuiltInterpreters } from '../machine/isa/interpreter/module';

/** File names by processor model, put in by the build; absent when run from source. */
declare const INTERPRETER_FILES: Readonly<Record<string, string>> | undefined;

/** Lets machines use the interpreters that were staged at build time, where they lie beside the bundle. */
export function usePrebuiltInterpreters(): void {
  const files = typeof INTERPRETER_FILES === 'undefined' ? undefined : INTERPRETER_FILES;
  if (!files) return;
  setPrebuiltInterpreters((model) => {
    try {
      return readFileSync(join(__dirname, 'interpreter', files[model]));
    } catch {
      // Missing or unreadable: it can be staged anew.
      return undefined;
    }
  });
}
