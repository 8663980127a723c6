/** Page types of AllocatePage and ReleasePage, and levels of SetPxE and UpdatePxE (Linux 2.6.32, asm/vmi.h). */
export const PAGE_PT = 0x01;
export const PAGE_PD = 0x02;
export const PAGE_PDP = 0x04;
const PAGE_PML4 = 0x08;
export const PAGE_LEVELS = PAGE_PT | PAGE_PD | PAGE_PDP | PAGE_PML4;

/** AllocatePage: entries of 64 bits; entries to be taken over from another page. 0x40, the page is zero, is a hint. */
export const PAGE_PAE = 0x10;
export const PAGE_CLONE = 0x20;

/** SetPxE, UpdatePxE: bits 31-12 hold the linear address that the entry maps. */
export const ENTRY_CURRENT_AS = 0x10;
/** SetPxE, UpdatePxE: may wait for the next flush. */
export const ENTRY_DEFER = 0x20;

/** Bits of paging entries that the calls look at (Intel SDM vol. 3A, tables 4-4 to 4-11). */
export const ENTRY_PRESENT = 0x1;
export const ENTRY_ACCESSED = 0x20;
export const ENTRY_DIRTY = 0x40;
export const ENTRY_LARGE = 0x80;
/** Bits 9-11 are the guest's own. */
const ENTRY_AVAILABLE = 0xe00;
/** Bits of the low half whose change alone leaves the mapping as it is. */
export const ENTRY_INCIDENTAL = ENTRY_ACCESSED | ENTRY_DIRTY | ENTRY_AVAILABLE;
/** Low half of a PAE pointer entry: what must be zero; and of the high half, without which 36 bits of address remain. */
export const POINTER_RESERVED = 0x1e6;
export const POINTER_RESERVED_HIGH = ~0xf;
