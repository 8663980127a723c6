/* Attributes of single pages of low memory (change_page_attr(), split_large_page() of Linux's pageattr.c). */
#include "mm.h"
#include "pgtable.h"

/** The same directory entry in every address space: without PAE each has a copy. */
static void set_pmd_everywhere(u32 address, pxe_t value)
{
	pv_mmu_ops.set_pte_atomic(pmd_offset(swapper_pg_dir, address), value);
	if (paging_format.pae)
		return;
	for (struct mm *mm = NULL; (mm = mm_next(mm));)
		pv_mmu_ops.set_pte_atomic(pmd_offset(mm->pgd, address), value);
}

static void split_large_page(u32 address, pxe_t large)
{
	void *table = alloc_page();
	u32 flags = (u32)large & ~PAGE_MASK & ~_PAGE_PSE;

	pv_mmu_ops.alloc_pt(pfn_of(table));
	for (u32 i = 0; i < paging_format.entries; i++)
		pv_mmu_ops.set_pte(pxe_at(table, i), (pxe_frame(large) + i * PAGE_SIZE) | flags);
	set_pmd_everywhere(address, __pa(table) | _KERNPG);
	pv_mmu_ops.flush_tlb_kernel();
}

void change_page_attr(void *page, int writable)
{
	u32 address = (u32)page;
	pxe_t pmd = read_pxe(pmd_offset(swapper_pg_dir, address));

	if (pmd & _PAGE_PSE)
		split_large_page(address, pmd);
	void *pte = lookup_pte(swapper_pg_dir, address);
	pxe_t entry = read_pxe(pte);
	pv_mmu_ops.set_pte_atomic(pte, writable ? entry | _PAGE_RW : entry & ~(pxe_t)_PAGE_RW);
	pv_mmu_ops.flush_tlb_kernel();
}
