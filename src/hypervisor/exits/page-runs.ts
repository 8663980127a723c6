import type { StringIoForm } from '../../machine/cpu/string-io-form';

const PAGE_SIZE = 4096;

/**
 * How many elements of a string a hypervisor can move in one go that works page by page, as KVM's
 * `kvm_emulate_pio_string` did (at the time of Linux 2.6.24): up to the end of the page, downwards to its start; an element
 * that lies across two pages by itself. (KVM of that time refused a string that runs downwards; here it goes by page too.)
 * @param linear address of the first element
 * @returns 1 or more, not limited by the string's length
 */
export function elementsInPage(linear: number, width: StringIoForm['width'], down: boolean): number {
  const offset = linear & (PAGE_SIZE - 1);
  if (offset + width > PAGE_SIZE) return 1;
  return down ? Math.floor(offset / width) + 1 : Math.floor((PAGE_SIZE - offset) / width);
}
