/*
 * The vmalloc area. Its tables are put into the kernel's own directory only; without PAE other address
 * spaces have copies of that and catch up by page faults (vmalloc_fault() of Linux's mm/fault_32.c).
 */
#include "mm.h"
#include "pgtable.h"

static u32 next_address = VMALLOC_START;

void *vmalloc(u32 pages)
{
	u32 address = next_address;

	next_address += (pages + 1) * PAGE_SIZE;	/* a hole between areas */
	BUG_ON(next_address > VMALLOC_END);
	for (u32 i = 0; i < pages; i++) {
		u32 at = address + i * PAGE_SIZE;
		pv_mmu_ops.set_pte_at(&init_mm, at, kernel_pte(at), __pa(alloc_page()) | _KERNPG | kernel_page_flags);
	}
	return (void *)address;
}

void vfree(void *address, u32 pages)
{
	for (u32 i = 0; i < pages; i++) {
		u32 at = (u32)address + i * PAGE_SIZE;
		put_frame(pxe_frame(ptep_get_and_clear(&init_mm, at, kernel_pte(at))) >> PAGE_SHIFT);
	}
	pv_mmu_ops.flush_tlb_kernel();
}
