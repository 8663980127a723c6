/* The kernel's half of the address space (paging_init(), pagetable_init() of Linux's mm/init_32.c). */
#include "cpu.h"
#include "mm.h"
#include "paravirt.h"
#include "pgtable.h"

struct mm init_mm = { .pgd = swapper_pg_dir };

/** Maps all low memory: by large pages where the processor has them, else by tables of its own. */
static void map_low_memory(void)
{
	u32 bytes = 1u << paging_format.pmd_shift;

	for (u32 physical = 0; physical < max_low_pfn << PAGE_SHIFT; physical += bytes) {
		void *pmd = pmd_offset(swapper_pg_dir, PAGE_OFFSET + physical);
		if (cpu_has(FEATURE_PSE)) {
			pv_mmu_ops.set_pmd(pmd, physical | _KERNPG | _PAGE_PSE | kernel_page_flags);
			continue;
		}
		if (!(read_pxe(pmd) & _PAGE_PRESENT)) {
			/* In the part that is mapped already: the allocator starts behind the kernel. */
			void *table = alloc_page();
			pv_mmu_ops.alloc_pt(pfn_of(table));
			pv_mmu_ops.set_pmd(pmd, __pa(table) | _KERNPG);
		}
		for (u32 offset = 0; offset < bytes && physical + offset < max_low_pfn << PAGE_SHIFT; offset += PAGE_SIZE)
			pv_mmu_ops.set_pte(pte_offset(pmd, PAGE_OFFSET + physical + offset),
					   (physical + offset) | _KERNPG | kernel_page_flags);
	}
}

/** The mapping of the first moments, where memory lies. */
static void zap_low_mappings(void)
{
	if (paging_format.pae) {
		pv_mmu_ops.set_pud(swapper_pg_dir, 0);
	} else {
		for (u32 i = 0; i < PAGE_OFFSET >> 22; i++)
			if (swapper_pg_dir[i])
				pv_mmu_ops.set_pmd(&swapper_pg_dir[i], 0);
	}
	pv_mmu_ops.flush_tlb_kernel();
}

void paging_init(void)
{
	if (paging_format.pae)
		pv_mmu_ops.alloc_pd(pfn_of(swapper_pmd_high));
	else
		pv_mmu_ops.alloc_pd(pfn_of(swapper_pg_dir));
	if (cpu_has(FEATURE_PSE))
		write_cr4(read_cr4() | CR4_PSE);
	if (cpu_has(FEATURE_PGE)) {
		write_cr4(read_cr4() | CR4_PGE);
		kernel_page_flags = _PAGE_GLOBAL;
	}
	map_low_memory();
	init_mm.cr3 = __pa(swapper_pg_dir);
	write_cr3(init_mm.cr3);
	zap_low_mappings();
	pv_mmu_ops.flush_tlb_kernel();
}
