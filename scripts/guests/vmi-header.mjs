import { build } from 'esbuild';
import { join } from 'node:path';

/** Renders vmi_calls.h from the hypervisor's own table of calls, which is TypeScript and bundled on the fly. */
export async function renderVmiCalls(root) {
  const bundle = await build({
    entryPoints: [join(root, 'src/hypervisor/abi/vmi/header.ts')],
    bundle: true,
    format: 'esm',
    platform: 'neutral',
    write: false,
    logLevel: 'silent',
  });
  const code = Buffer.from(bundle.outputFiles[0].contents).toString('base64');
  const { renderVmiHeader } = await import(`data:text/javascript;base64,${code}`);
  return renderVmiHeader();
}
