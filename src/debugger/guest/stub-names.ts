import { VMI_ABI } from '../../hypervisor/abi/vmi/abi';
import { callAtOffset, VMI_GET_RELOC_OFFSET, VMI_INIT_OFFSET, VMI_ROM_ADDRESS } from '../../hypervisor/abi/vmi/rom';

/** Code of a stub or an entry is no longer than this. */
const STUB_BYTES = 8;

const ENTRIES: ReadonlyMap<number, string> = new Map([
  [VMI_INIT_OFFSET, 'VMI Init'],
  [VMI_GET_RELOC_OFFSET, 'VMI GetRelocationInfo'],
]);

/** Calls that are entered by a jump: nothing on the stack tells from where. */
const JUMPED_TO: readonly string[] = ['IRET', 'SYSEXIT'];

/** What is known of code that has no symbols, by guest-physical address. */
export interface StubNames {
  nameAt(physical: number): string | undefined;
  /** True if the stub has been called, so that its return address is on top of the stack. */
  isCalled(physical: number): boolean;
}

/** No stubs at all. */
export const NO_STUBS: StubNames = { nameAt: () => undefined, isCalled: () => true };

/** The stubs of the VMI ROM, for machines that have it. */
export const VMI_STUBS: StubNames = {
  nameAt: vmiStubName,
  isCalled: (physical) => !JUMPED_TO.some((name) => vmiStubName(physical) === `VMI ${name}`),
};

/**
 * Name of the hypercall whose code in the VMI ROM is at a guest-physical address: `VMI OUTB`. The ROM has no symbols
 * of its own.
 */
function vmiStubName(physical: number): string | undefined {
  const offset = physical - VMI_ROM_ADDRESS;
  for (let into = 0; into < STUB_BYTES; into++) {
    const entry = ENTRIES.get(offset - into);
    if (entry !== undefined) return entry;
    const number = callAtOffset(offset - into);
    if (number !== undefined) return `VMI ${VMI_ABI.calls[number].name}`;
  }
  return undefined;
}
