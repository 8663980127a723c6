/*
 * Page tables by VMI call. Every store of an entry goes through SetPxE (with PAE SetPxELong), or is
 * followed by UpdatePxE; pages are announced before and taken back after their use as tables.
 */
#include "mm.h"
#include "paravirt.h"
#include "pgtable.h"
#include "vmi.h"

static struct {
	void (*set_pxe)(u32 value, void *entry, u32 flags);
	void (*set_pxe_long)(u64 value, void *entry, u32 flags);
	void (*update_pxe)(void *entry, u32 flags);
	void (*allocate_page)(u32 pfn, u32 flags, u32 clone_pfn, u32 start, u32 count);
	void (*release_page)(u32 pfn, u32 flags);
	void (*flush_tlb)(u32 what);
	void (*inval_page)(u32 address);
	void (*set_linear_mapping)(int slot, u32 address, u32 pages, u32 pfn);
} rom;

static void set_pxe(void *entry, pxe_t value, u32 flags)
{
	if (paging_format.pae) {
		count_call(SetPxELong);
		rom.set_pxe_long(value, entry, flags);
	} else {
		count_call(SetPxE);
		rom.set_pxe((u32)value, entry, flags);
	}
}

static void update_pxe(void *entry, u32 flags)
{
	if (paging_format.pae)
		count_call(UpdatePxELong);
	else
		count_call(UpdatePxE);
	rom.update_pxe(entry, flags);
}

/** Linux's vmi_flags_addr(): the address is told where the entry is of the present address space. */
static u32 flags_addr(const struct mm *mm, u32 address, u32 level)
{
	return mm_is_current(mm) ? level | VMI_PAGE_CURRENT_AS | (address & VMI_PAGE_VA_MASK) : level;
}

static u32 flags_addr_defer(const struct mm *mm, u32 address, u32 level)
{
	return mm_is_current(mm) ? flags_addr(mm, address, level) | VMI_PAGE_DEFER : level;
}

static void vmi_set_pte(void *pte, pxe_t value) { set_pxe(pte, value, VMI_PAGE_PT); }
static void vmi_set_pmd(void *pmd, pxe_t value) { set_pxe(pmd, value, VMI_PAGE_PD); }
static void vmi_set_pud(void *pud, pxe_t value) { set_pxe(pud, value, VMI_PAGE_PDP); }
static void vmi_pmd_clear(void *pmd) { set_pxe(pmd, 0, VMI_PAGE_PD); }

/** As Linux: with PAE the entry is stored by the guest, then told; always as that of a page table. */
static void vmi_set_pte_atomic(void *pte, pxe_t value)
{
	if (!paging_format.pae) {
		set_pxe(pte, value, VMI_PAGE_PT);
		return;
	}
	native_set_pte_atomic(pte, value);
	update_pxe(pte, VMI_PAGE_PT);
}

static void vmi_set_pte_at(struct mm *mm, u32 address, void *pte, pxe_t value)
{
	set_pxe(pte, value, flags_addr_defer(mm, address, VMI_PAGE_PT));
}

static void vmi_pte_clear(struct mm *mm, u32 address, void *pte)
{
	set_pxe(pte, 0, flags_addr(mm, address, VMI_PAGE_PT));
}

static void vmi_update_pte(struct mm *mm, u32 address, void *pte)
{
	update_pxe(pte, flags_addr(mm, address, VMI_PAGE_PT));
}

static void vmi_update_pte_defer(struct mm *mm, u32 address, void *pte)
{
	update_pxe(pte, flags_addr_defer(mm, address, VMI_PAGE_PT));
}

/** Flags of a page type: with PAE its bit, as the entries are longer. */
static u32 page_type(u32 type)
{
	return paging_format.pae ? type | VMI_PAGE_PAE : type;
}

static void allocate(u32 pfn, u32 flags, u32 clone_pfn, u32 start, u32 count)
{
	count_call(AllocatePage);
	rom.allocate_page(pfn, page_type(flags), clone_pfn, start, count);
}

static void vmi_alloc_pt(u32 pfn) { allocate(pfn, VMI_PAGE_PT | VMI_PAGE_ZEROED, 0, 0, 0); }
static void vmi_alloc_pd(u32 pfn) { allocate(pfn, VMI_PAGE_PD | VMI_PAGE_ZEROED, 0, 0, 0); }

static void vmi_alloc_pd_clone(u32 pfn, u32 clone_pfn, u32 start, u32 count)
{
	allocate(pfn, VMI_PAGE_PD | VMI_PAGE_CLONE | VMI_PAGE_ZEROED, clone_pfn, start, count);
}

static void vmi_release_pt(u32 pfn)
{
	count_call(ReleasePage);
	rom.release_page(pfn, page_type(VMI_PAGE_PT));
}

static void vmi_release_pd(u32 pfn)
{
	count_call(ReleasePage);
	rom.release_page(pfn, page_type(VMI_PAGE_PD));
}

static void vmi_flush_tlb_user(void)
{
	count_call(FlushTLB);
	rom.flush_tlb(VMI_FLUSH_TLB);
}

static void vmi_flush_tlb_kernel(void)
{
	count_call(FlushTLB);
	rom.flush_tlb(VMI_FLUSH_TLB | VMI_FLUSH_GLOBAL);
}

static void vmi_flush_tlb_single(u32 address)
{
	count_call(InvalPage);
	rom.inval_page(address);
}

/** Linux takes all of these or none: SetPxE and UpdatePxE are of use only together. */
static void fill_entry_ops(void)
{
	struct pv_mmu_ops *mmu = &pv_mmu_ops;
	int complete;

	if (paging_format.pae) {
		rom.set_pxe_long = vmi_get_function(VMI_CALL_SetPxELong);
		rom.update_pxe = vmi_get_function(VMI_CALL_UpdatePxELong);
		complete = rom.set_pxe_long && rom.update_pxe;
	} else {
		rom.set_pxe = vmi_get_function(VMI_CALL_SetPxE);
		rom.update_pxe = vmi_get_function(VMI_CALL_UpdatePxE);
		complete = rom.set_pxe && rom.update_pxe;
	}
	if (!complete)
		return;
	mmu->set_pte = vmi_set_pte;
	mmu->set_pte_at = vmi_set_pte_at;
	mmu->set_pte_atomic = vmi_set_pte_atomic;
	mmu->set_pmd = vmi_set_pmd;
	mmu->set_pud = vmi_set_pud;
	mmu->pte_clear = vmi_pte_clear;
	mmu->pmd_clear = vmi_pmd_clear;
	mmu->pte_update = vmi_update_pte;
	mmu->pte_update_defer = vmi_update_pte_defer;
}

void vmi_fill_mmu_ops(void)
{
	struct pv_mmu_ops *mmu = &pv_mmu_ops;

	para_wrap(mmu->flush_tlb_user, vmi_flush_tlb_user, rom.flush_tlb, FlushTLB);
	if (rom.flush_tlb)
		mmu->flush_tlb_kernel = vmi_flush_tlb_kernel;
	para_wrap(mmu->flush_tlb_single, vmi_flush_tlb_single, rom.inval_page, InvalPage);
	fill_entry_ops();
	rom.allocate_page = vmi_get_function(VMI_CALL_AllocatePage);
	if (rom.allocate_page) {
		mmu->alloc_pt = vmi_alloc_pt;
		mmu->alloc_pd = vmi_alloc_pd;
		mmu->alloc_pd_clone = vmi_alloc_pd_clone;
	}
	rom.release_page = vmi_get_function(VMI_CALL_ReleasePage);
	if (rom.release_page) {
		mmu->release_pt = vmi_release_pt;
		mmu->release_pd = vmi_release_pd;
	}
	rom.set_linear_mapping = vmi_get_function(VMI_CALL_SetLinearMapping);
}

void vmi_set_linear_mapping(u32 pages)
{
	if (!rom.set_linear_mapping)
		return;
	count_call(SetLinearMapping);
	rom.set_linear_mapping(0, PAGE_OFFSET, pages, 0);
}
