/* Address spaces: made, copied and given back in the way of Linux's pgd_alloc(), copy_page_range() and exit_mmap(). */
#include "mm.h"
#include "paravirt.h"
#include "pgtable.h"
#include "sched.h"

#define MOST_SPACES MAX_TASKS
#define USER_DIRECTORIES 3		/* of PAE: three gigabytes */

static struct mm spaces[MOST_SPACES];
/** PAE: directory pointers, many to a page, as Linux's cache of 32-byte objects has them. */
static u64 __attribute__((aligned(32))) pointer_tables[MOST_SPACES][4];

int mm_is_current(const struct mm *mm)
{
	return mm == &init_mm || mm == current->mm;
}

static void *pgd_alloc(struct mm *mm)
{
	if (paging_format.pae) {
		u64 *pgd = pointer_tables[mm - spaces];
		for (u32 i = 0; i < USER_DIRECTORIES; i++) {
			void *pmd = alloc_page();
			pv_mmu_ops.alloc_pd(pfn_of(pmd));
			pv_mmu_ops.set_pud(pxe_at(pgd, i), __pa(pmd) | _PAGE_PRESENT);
		}
		pgd[USER_DIRECTORIES] = ((u64 *)swapper_pg_dir)[USER_DIRECTORIES];
		return pgd;
	}
	u32 *pgd = alloc_page();
	u32 first = PAGE_OFFSET >> 22;
	for (u32 i = first; i < 1024; i++)
		pgd[i] = swapper_pg_dir[i];
	pv_mmu_ops.alloc_pd_clone(pfn_of(pgd), pfn_of(swapper_pg_dir), first, 1024 - first);
	return pgd;
}

static void pgd_free(void *pgd)
{
	if (paging_format.pae) {
		for (u32 i = 0; i < USER_DIRECTORIES; i++) {
			void *pmd = pxe_table(read_pxe(pxe_at(pgd, i)));
			pv_mmu_ops.release_pd(pfn_of(pmd));
			free_page(pmd);
		}
	} else {
		pv_mmu_ops.release_pd(pfn_of(pgd));
		free_page(pgd);
	}
}

struct mm *mm_create(void)
{
	for (u32 i = 0; i < MOST_SPACES; i++) {
		struct mm *mm = &spaces[i];
		if (mm->pgd)
			continue;
		*mm = (struct mm){ .pgd = pgd_alloc(mm) };
		mm->cr3 = __pa(mm->pgd);
		return mm;
	}
	panic("too many address spaces");
}

struct mm *mm_next(struct mm *mm)
{
	for (mm = mm ? mm + 1 : spaces; mm < spaces + MOST_SPACES; mm++)
		if (mm->pgd)
			return mm;
	return NULL;
}

void mm_add_vma(struct mm *mm, u32 start, u32 end, int writable, int image)
{
	BUG_ON(mm->vma_count == MM_VMAS);
	mm->vmas[mm->vma_count++] = (struct vma){ start, end, writable, image };
}

struct vma *mm_find_vma(struct mm *mm, u32 address)
{
	for (u32 i = 0; i < mm->vma_count; i++)
		if (address >= mm->vmas[i].start && address < mm->vmas[i].end)
			return &mm->vmas[i];
	return NULL;
}

void *mm_make_pte(struct mm *mm, u32 address)
{
	void *pmd = pmd_offset(mm->pgd, address);

	if (!(read_pxe(pmd) & _PAGE_PRESENT)) {
		void *table = alloc_page();
		pv_mmu_ops.alloc_pt(pfn_of(table));
		pv_mmu_ops.set_pmd(pmd, __pa(table) | _KERNPG | _PAGE_USER);
	}
	return pte_offset(pmd, address);
}

/** Pages and entries of one range, present ones only. */
static void copy_range(struct mm *child, struct mm *parent, const struct vma *vma)
{
	for (u32 address = vma->start; address < vma->end; address += PAGE_SIZE) {
		void *from = lookup_pte(parent->pgd, address);
		if (!from) {
			address |= (1u << paging_format.pmd_shift) - PAGE_SIZE;
			continue;
		}
		if (!(read_pxe(from) & _PAGE_PRESENT))
			continue;
		if (read_pxe(from) & _PAGE_RW)
			ptep_set_wrprotect(parent, address, from);
		pxe_t entry = read_pxe(from) & ~(pxe_t)_PAGE_DIRTY;
		get_frame(pxe_frame(entry) >> PAGE_SHIFT);
		pv_mmu_ops.set_pte_at(child, address, mm_make_pte(child, address), entry);
	}
}

struct mm *mm_fork(struct mm *from)
{
	struct mm *mm = mm_create();

	mm->vma_count = from->vma_count;
	for (u32 i = 0; i < from->vma_count; i++) {
		mm->vmas[i] = from->vmas[i];
		set_lazy_mode(LAZY_MMU);
		copy_range(mm, from, &from->vmas[i]);
		set_lazy_mode(LAZY_NONE);
	}
	pv_mmu_ops.flush_tlb_user();
	return mm;
}

void mm_unmap(struct mm *mm, u32 start, u32 end)
{
	set_lazy_mode(LAZY_MMU);
	for (u32 address = start; address < end; address += PAGE_SIZE) {
		void *pte = lookup_pte(mm->pgd, address);
		if (!pte) {
			address |= (1u << paging_format.pmd_shift) - PAGE_SIZE;
			continue;
		}
		if (!(read_pxe(pte) & _PAGE_PRESENT))
			continue;
		pxe_t entry = ptep_get_and_clear(mm, address, pte);
		put_frame(pxe_frame(entry) >> PAGE_SHIFT);
	}
	set_lazy_mode(LAZY_NONE);
	pv_mmu_ops.flush_tlb_user();
}

/** The tables below the directory, all empty by now. */
static void free_tables(struct mm *mm)
{
	u32 step = 1u << paging_format.pmd_shift;

	for (u32 address = 0; address < TASK_SIZE; address += step) {
		void *pmd = pmd_offset(mm->pgd, address);
		if (!(read_pxe(pmd) & _PAGE_PRESENT))
			continue;
		void *table = pxe_table(read_pxe(pmd));
		pv_mmu_ops.pmd_clear(pmd);
		pv_mmu_ops.release_pt(pfn_of(table));
		free_page(table);
	}
}

void mm_destroy(struct mm *mm)
{
	BUG_ON(mm == current->mm);
	for (u32 i = 0; i < mm->vma_count; i++)
		mm_unmap(mm, mm->vmas[i].start, mm->vmas[i].end);
	free_tables(mm);
	pgd_free(mm->pgd);
	mm->pgd = NULL;
}
