import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

function filesIn(directory) {
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(directory, entry.name))
    .sort();
}

/**
 * A digest of all that a guest's outputs depend on: every file of the directories given (sources, headers, linker
 * scripts, the build's own scripts), and the further strings (compiler version, generated text, place of the checkout).
 */
export function fingerprint(directories, strings) {
  const hash = createHash('sha256');
  for (const directory of directories) {
    for (const file of filesIn(directory)) hash.update(file).update('\0').update(readFileSync(file)).update('\0');
  }
  for (const text of strings) hash.update(text).update('\0');
  return hash.digest('hex');
}
