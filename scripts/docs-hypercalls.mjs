/**
 * Writes docs/hypercalls.md from the hypervisor's tables of calls.
 *
 *     node scripts/docs-hypercalls.mjs
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { importBundled } from './build/bundled.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { renderHypercallReference } = await importBundled(root, 'src/hypervisor/hypercall-reference.ts');
writeFileSync(join(root, 'docs', 'hypercalls.md'), renderHypercallReference());
