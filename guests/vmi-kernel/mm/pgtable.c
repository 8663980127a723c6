/* Walking and changing page tables, natively and by the operations. */
#include "pgtable.h"
#include "fixmap.h"
#include "mm.h"
#include "paravirt.h"

struct paging_format paging_format = { 0, 4, 1024, 22 };
u32 kernel_page_flags;
u32 fixaddr_top = 0xfffff000u;

void native_set_pxe(void *entry, pxe_t value)
{
	volatile u32 *words = entry;

	if (!paging_format.pae) {
		words[0] = (u32)value;
		return;
	}
	if (!(value & _PAGE_PRESENT))
		words[0] = (u32)value;
	words[1] = value >> 32;
	asm volatile("" : : : "memory");
	words[0] = (u32)value;
}

void native_set_pte_atomic(void *pte, pxe_t value)
{
	if (!paging_format.pae) {
		*(volatile u32 *)pte = (u32)value;
		return;
	}
	u64 expected = *(volatile u64 *)pte;
	u8 done;
	do {
		asm volatile("lock; cmpxchg8b %1\n\tsetz %0"
			     : "=q"(done), "+m"(*(u64 *)pte), "+A"(expected)
			     : "b"((u32)value), "c"((u32)(value >> 32))
			     : "memory", "cc");
	} while (!done);
}

static void native_set_pte_at(struct mm *mm, u32 address, void *pte, pxe_t value)
{
	(void)mm;
	(void)address;
	native_set_pxe(pte, value);
}

static void native_pte_clear(struct mm *mm, u32 address, void *pte)
{
	(void)mm;
	(void)address;
	native_set_pxe(pte, 0);
}

static void native_pmd_clear(void *pmd)
{
	native_set_pxe(pmd, 0);
}

static void no_update(struct mm *mm, u32 address, void *pte)
{
	(void)mm;
	(void)address;
	(void)pte;
}

static void no_page(u32 pfn) { (void)pfn; }

static void no_clone(u32 pfn, u32 clone_pfn, u32 start, u32 count)
{
	(void)pfn;
	(void)clone_pfn;
	(void)start;
	(void)count;
}

static void native_flush_tlb_user(void)
{
	write_cr3(read_cr3());
}

static void native_flush_tlb_kernel(void)
{
	if (!kernel_page_flags) {
		native_flush_tlb_user();
		return;
	}
	u32 cr4 = read_cr4();
	write_cr4(cr4 & ~CR4_PGE);
	native_flush_tlb_user();
	write_cr4(cr4);
}

static void native_flush_tlb_single(u32 address)
{
	asm volatile("invlpg (%0)" : : "r"(address) : "memory");
}

struct pv_mmu_ops pv_mmu_ops = {
	.set_pte = native_set_pxe,
	.set_pte_at = native_set_pte_at,
	.set_pte_atomic = native_set_pte_atomic,
	.set_pmd = native_set_pxe,
	.set_pud = native_set_pxe,
	.pte_clear = native_pte_clear,
	.pmd_clear = native_pmd_clear,
	.pte_update = no_update,
	.pte_update_defer = no_update,
	.alloc_pt = no_page,
	.alloc_pd = no_page,
	.alloc_pd_clone = no_clone,
	.release_pt = no_page,
	.release_pd = no_page,
	.flush_tlb_user = native_flush_tlb_user,
	.flush_tlb_kernel = native_flush_tlb_kernel,
	.flush_tlb_single = native_flush_tlb_single,
};

void *pmd_offset(void *pgd, u32 address)
{
	if (!paging_format.pae)
		return pxe_at(pgd, address >> 22);
	pxe_t pointer = read_pxe(pxe_at(pgd, address >> 30));
	return pointer & _PAGE_PRESENT ? pxe_at(pxe_table(pointer), address >> 21 & 511) : NULL;
}

void *pte_offset(void *pmd, u32 address)
{
	return pxe_at(pxe_table(read_pxe(pmd)), address >> PAGE_SHIFT & (paging_format.entries - 1));
}

void *lookup_pte(void *pgd, u32 address)
{
	void *pmd = pmd_offset(pgd, address);

	if (!pmd || !(read_pxe(pmd) & _PAGE_PRESENT) || (read_pxe(pmd) & _PAGE_PSE))
		return NULL;
	return pte_offset(pmd, address);
}

void *kernel_pte(u32 address)
{
	void *pmd = pmd_offset(swapper_pg_dir, address);

	if (!(read_pxe(pmd) & _PAGE_PRESENT)) {
		void *table = alloc_page();
		pv_mmu_ops.alloc_pt(pfn_of(table));
		pv_mmu_ops.set_pmd(pmd, __pa(table) | _KERNPG);
	}
	return pte_offset(pmd, address);
}

pxe_t ptep_get_and_clear(struct mm *mm, u32 address, void *pte)
{
	volatile u32 *words = pte;
	u32 low = 0;
	u64 high = 0;

	asm volatile("xchgl %0, %1" : "+r"(low), "+m"(words[0]) : : "memory");
	if (paging_format.pae) {
		high = words[1];
		words[1] = 0;
	}
	pv_mmu_ops.pte_update(mm, address, pte);
	return high << 32 | low;
}

void ptep_set_wrprotect(struct mm *mm, u32 address, void *pte)
{
	asm volatile("lock; andl %1, %0" : "+m"(*(u32 *)pte) : "i"(~_PAGE_RW) : "memory", "cc");
	pv_mmu_ops.pte_update(mm, address, pte);
}

pxe_t ptep_clear_flush(struct mm *mm, u32 address, void *pte)
{
	pxe_t entry = ptep_get_and_clear(mm, address, pte);

	flush_tlb_page(address);
	return entry;
}

int ptep_test_and_clear(struct mm *mm, u32 address, void *pte, u32 bit)
{
	u32 *word = pte;

	if (!(*word & bit))
		return 0;
	asm volatile("lock; andl %1, %0" : "+m"(*word) : "r"(~bit) : "memory", "cc");
	pv_mmu_ops.pte_update_defer(mm, address, pte);
	flush_tlb_page(address);
	return 1;
}

void flush_tlb_page(u32 address)
{
	pv_mmu_ops.flush_tlb_single(address);
}

void reserve_top_address(u32 bytes)
{
	printk("Reserving virtual address space above 0x%08x\n", -bytes);
	fixaddr_top = -bytes - PAGE_SIZE;
}

void set_fixmap(enum fixed_address index, u32 physical, u32 flags)
{
	u32 address = fix_to_virt(index);

	pv_mmu_ops.set_pte(kernel_pte(address), flags ? physical | flags : 0);
	flush_tlb_page(address);
}
