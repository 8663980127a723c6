import { build } from 'esbuild';
import { join } from 'node:path';

/**
 * Renders the C headers of all hypercall ABIs from the hypervisor's own tables, which are TypeScript and bundled on the
 * fly.
 * @returns texts by file name: vmi_calls.h, kvm_calls.h, …
 */
export async function renderHypercallHeaders(root) {
  const bundle = await build({
    entryPoints: [join(root, 'src/hypervisor/abi/headers.ts')],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    write: false,
    logLevel: 'silent',
  });
  const code = Buffer.from(bundle.outputFiles[0].contents).toString('base64');
  const headers = await import(`data:text/javascript;base64,${code}`);
  return headers.renderHypercallHeaders();
}
