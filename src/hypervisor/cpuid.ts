import type { CpuidLeaf } from '../machine/cpu/models';
import type { CpuidBlock, TableAbi } from './abi/table';

/**
 * Where hypervisors say who they are: leaf 40000000 and, for each further interface, every 100 leaves on. Linux looks
 * for KVM's there (`hypervisor_cpuid_base`, arch/x86/include/asm/processor.h since 3.14), for VMware's in the first place only.
 */
const FIRST_LEAF = 0x40000000;
const LEAVES_PER_BLOCK = 0x100;

/** CPUID.1:ECX bit 31: there is a hypervisor. */
const HYPERVISOR_PRESENT = 0x80000000;

const NOTHING: CpuidLeaf = [0, 0, 0, 0];

/** Twelve characters as EBX, ECX, EDX have them. */
function characters(text: string): [number, number, number] {
  const dword = (at: number): number =>
    [3, 2, 1, 0].reduce((value, byte) => (value << 8) | (text.charCodeAt(at + byte) || 0), 0) >>> 0;
  return [dword(0), dword(4), dword(8)];
}

/**
 * Ringside's own block: one leaf per ABI with the number of its first port I/O call (EAX) and the ABI's short name. None
 * of the hypervisors that the ABIs are from has such calls, so a guest must not take them for granted.
 */
function portCallBlock(abis: readonly TableAbi[]): CpuidBlock {
  const withPorts = abis.flatMap((abi) => {
    const first = abi.calls.find(({ io }) => io !== undefined);
    return first ? [[first.number, ...characters(abi.name)] as const] : [];
  });
  return {
    signature: 'RingsideIO',
    last: withPorts.length,
    leaves: Object.fromEntries(withPorts.map((leaf, index) => [index + 1, leaf])),
  };
}

/**
 * What CPUID answers where these ABIs are offered, the first one in the first place.
 * @returns undefined where none of them is to be found by CPUID
 */
export function hypervisorCpuid(
  abis: readonly TableAbi[],
): ((leaf: number, answer: CpuidLeaf) => CpuidLeaf) | undefined {
  if (abis.length === 0) return undefined;
  const blocks = [...abis.flatMap(({ cpuid }) => cpuid ?? []), portCallBlock(abis)];
  return (leaf, answer) => {
    if (leaf === 1) {
      const [eax, ebx, ecx, edx] = answer;
      return [eax, ebx, (ecx | HYPERVISOR_PRESENT) >>> 0, edx];
    }
    const offset = leaf - FIRST_LEAF;
    const index = Math.floor(offset / LEAVES_PER_BLOCK);
    if (offset < 0 || index >= blocks.length) return answer;
    const block = blocks[index];
    const relative = offset % LEAVES_PER_BLOCK;
    if (relative === 0) return [leaf + block.last, ...characters(block.signature)];
    return block.leaves[relative] ?? NOTHING;
  };
}
