/** Renders media/icon.svg to media/icon.png (256 x 256), which VS Code wants. Run it after a change of the drawing. */
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBrowser } from './editor-host/browse.mjs';

const media = join(dirname(dirname(fileURLToPath(import.meta.url))), 'media');
const { page, close } = await openBrowser({ width: 256, height: 256 });
try {
  const svg = await readFile(join(media, 'icon.svg'), 'utf8');
  await page.setContent(`<style>body{margin:0}</style>${svg}`);
  await writeFile(join(media, 'icon.png'), await page.screenshot({ omitBackground: true, type: 'png' }));
} finally {
  await close();
}
