/**
 * Writes docs/hypercalls.md from the hypervisor's tables of calls.
 *
 *     node scripts/docs-hypercalls.mjs
 */
import { build } from 'esbuild';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bundle = await build({
  entryPoints: [join(root, 'src/hypervisor/hypercall-reference.ts')],
  bundle: true,
  format: 'esm',
  platform: 'neutral',
  write: false,
  logLevel: 'silent',
});
const code = Buffer.from(bundle.outputFiles[0].contents).toString('base64');
const { renderHypercallReference } = await import(`data:text/javascript;base64,${code}`);
writeFileSync(join(root, 'docs', 'hypercalls.md'), renderHypercallReference());
