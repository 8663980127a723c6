import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Folder with the files that ship with Ringside: beside the bundle, or in the packages when run from source. */
export function assetsFolder(): string {
  const bundled = join(__dirname, 'assets');
  return existsSync(bundled) ? bundled : dirname(require.resolve('iced-x86/package.json'));
}
