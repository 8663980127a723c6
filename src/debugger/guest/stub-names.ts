import { VMI_ABI } from '../../hypervisor/abi/vmi/abi';
import { callAtOffset, VMI_GET_RELOC_OFFSET, VMI_INIT_OFFSET, VMI_ROM_ADDRESS } from '../../hypervisor/abi/vmi/rom';

/** Code of a stub or an entry is no longer than this. */
const STUB_BYTES = 8;

const ENTRIES: ReadonlyMap<number, string> = new Map([
  [VMI_INIT_OFFSET, 'VMI Init'],
  [VMI_GET_RELOC_OFFSET, 'VMI GetRelocationInfo'],
]);

/**
 * Name of the hypercall whose code in the VMI ROM is at a guest-physical address: `VMI OUTB`. The ROM has no symbols
 * of its own. To be asked only of machines that have the ROM.
 */
export function vmiStubName(physical: number): string | undefined {
  const offset = physical - VMI_ROM_ADDRESS;
  for (let into = 0; into < STUB_BYTES; into++) {
    const entry = ENTRIES.get(offset - into);
    if (entry !== undefined) return entry;
    const number = callAtOffset(offset - into);
    if (number !== undefined) return `VMI ${VMI_ABI.calls[number].name}`;
  }
  return undefined;
}
