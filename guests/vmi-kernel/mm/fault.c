/* Page faults: demand paging, copy on write, the vmalloc area, fixups, and the faults that are real. */
#include "mm.h"
#include "paravirt.h"
#include "pgtable.h"
#include "sched.h"
#include "string.h"
#include "traps.h"

#define ERROR_PRESENT 1
#define ERROR_WRITE 2
#define ERROR_USER 4

extern const u8 user_image[];		/* link.ld */
extern const u8 user_start[];

struct mm_counts mm_counts;

/** A page that is not there yet: of the image (shared, to be copied when written) or of zeroes. */
static void fill_page(struct mm *mm, const struct vma *vma, u32 address, void *pte, int write)
{
	pxe_t entry;

	mm_counts.demand++;
	if (vma->image) {
		const u8 *page = user_image + (address - (u32)user_start);
		if (write) {
			void *copy = memcpy(alloc_page(), page, PAGE_SIZE);
			entry = __pa(copy) | _USERPG | _PAGE_RW | _PAGE_DIRTY;
		} else {
			get_frame(pfn_of(page));
			entry = __pa(page) | _USERPG;
		}
	} else {
		entry = __pa(alloc_page()) | _USERPG | (vma->writable ? _PAGE_RW | _PAGE_DIRTY : 0);
	}
	pv_mmu_ops.set_pte_at(mm, address, pte, entry);
}

/** do_wp_page(): a page that only this space uses becomes writable, another is copied. */
static void copy_on_write(struct mm *mm, u32 address, void *pte)
{
	pxe_t entry = read_pxe(pte);
	u32 pfn = pxe_frame(entry) >> PAGE_SHIFT;

	if (frame_users(pfn) == 1) {
		mm_counts.reused++;
		pv_mmu_ops.set_pte_at(mm, address, pte, entry | _PAGE_RW | _PAGE_DIRTY | _PAGE_ACCESSED);
		flush_tlb_page(address);
		return;
	}
	mm_counts.copies++;
	void *copy = memcpy(alloc_page(), pxe_table(entry), PAGE_SIZE);
	ptep_clear_flush(mm, address, pte);
	pv_mmu_ops.set_pte_at(mm, address, pte, __pa(copy) | _USERPG | _PAGE_RW | _PAGE_DIRTY);
	put_frame(pfn);
}

int mm_fault(struct mm *mm, u32 address, int write, int present)
{
	struct vma *vma = mm_find_vma(mm, address);

	if (!vma || (write && !vma->writable))
		return 0;
	address &= PAGE_MASK;
	void *pte = mm_make_pte(mm, address);
	pxe_t entry = read_pxe(pte);
	if (!(entry & _PAGE_PRESENT)) {
		fill_page(mm, vma, address, pte, write);
		return 1;
	}
	if (write && !(entry & _PAGE_RW)) {
		copy_on_write(mm, address, pte);
		return 1;
	}
	/* Another fault on the page was handled in between, or the translation was stale. */
	(void)present;
	return write ? (entry & _PAGE_RW) != 0 : 1;
}

/** The kernel's own directory has the table, the present one does not yet. By CR3: no task need be known. */
static int vmalloc_fault(u32 address)
{
	if (paging_format.pae)
		return 0;
	u32 *pgd = __va(read_cr3() & PAGE_MASK);
	u32 index = address >> 22;
	if (!(swapper_pg_dir[index] & _PAGE_PRESENT) || pgd[index] == swapper_pg_dir[index])
		return 0;
	mm_counts.vmalloc_faults++;
	pv_mmu_ops.set_pmd(&pgd[index], swapper_pg_dir[index]);
	return 1;
}

void do_page_fault(struct pt_regs *regs, u32 error_code, u32 address)
{
	int user = user_mode(regs), write = (error_code & ERROR_WRITE) != 0;

	if (address >= VMALLOC_START && address < VMALLOC_END && !(error_code & (ERROR_PRESENT | ERROR_USER)) &&
	    vmalloc_fault(address))
		return;
	if (address < TASK_SIZE && current->mm && mm_fault(current->mm, address, write, error_code & ERROR_PRESENT))
		return;
	if (user) {
		send_fault(TRAP_PF, error_code, address);
		return;
	}
	if (fixup_exception(regs)) {
		mm_counts.fixups++;
		return;
	}
	if (deliver_to_catcher(regs, TRAP_PF, error_code, address))
		return;
	panic("kernel #PF, error code %x, address %08x, at %04x:%08x, stack %08x", error_code, address, regs->xcs & 0xffff,
	      regs->eip, (u32)regs);
}
