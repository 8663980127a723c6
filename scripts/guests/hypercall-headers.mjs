import { importBundled } from '../build/bundled.mjs';

/**
 * Renders the C headers of all hypercall ABIs from the hypervisor's own tables, which are TypeScript.
 * @returns texts by file name: vmi_calls.h, kvm_calls.h, …
 */
export async function renderHypercallHeaders(root) {
  const headers = await importBundled(root, 'src/hypervisor/abi/headers.ts');
  return headers.renderHypercallHeaders();
}
