import { readFileSync } from 'node:fs';
import { basename, dirname, extname, join } from 'node:path';

/** A drive as launch configurations have it. */
interface Drive {
  file: string;
  kind: string;
}

/**
 * Disks that belong to a guest: `guest.json` beside `guest.elf` names them, as `npm run build:guests` writes it
 * (`{ "program": "guest.elf", "drives": [{ "file": "guest.img", "kind": "disk" }] }`).
 * @returns undefined if there is no such description, or it is of another program, or it names none
 */
export function drivesBeside(program: string): Drive[] | undefined {
  const folder = dirname(program);
  try {
    const description = JSON.parse(
      readFileSync(join(folder, `${basename(program, extname(program))}.json`), 'utf8'),
    ) as { program?: unknown; drives?: unknown };
    if (description.program !== basename(program) || !Array.isArray(description.drives)) return undefined;
    const drives = (description.drives as Drive[]).map(({ file, kind }) => ({ file: join(folder, file), kind }));
    return drives.length > 0 ? drives : undefined;
  } catch {
    return undefined;
  }
}
