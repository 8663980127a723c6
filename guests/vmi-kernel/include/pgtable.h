/*
 * Page tables of two levels, or of three with PAE (command line `pae`). An entry is handled as 64 bits;
 * without PAE the upper half is always 0. The names are Linux's.
 */
#ifndef PGTABLE_H
#define PGTABLE_H

#include "kernel.h"
#include "segment.h"

#define _PAGE_PRESENT 0x001
#define _PAGE_RW 0x002
#define _PAGE_USER 0x004
#define _PAGE_PCD 0x010
#define _PAGE_ACCESSED 0x020
#define _PAGE_DIRTY 0x040
#define _PAGE_PSE 0x080
#define _PAGE_GLOBAL 0x100

#define _KERNPG (_PAGE_PRESENT | _PAGE_RW | _PAGE_ACCESSED | _PAGE_DIRTY)
#define _USERPG (_PAGE_PRESENT | _PAGE_USER | _PAGE_ACCESSED)

typedef u64 pxe_t;

struct mm;

/** What differs between the two formats. */
struct paging_format {
	int pae;
	unsigned entry_bytes, entries;	/* per table */
	unsigned pmd_shift;		/* log2 of what one page-directory entry maps: 22 or 21 */
};

extern struct paging_format paging_format;
extern u32 swapper_pg_dir[1024];
extern u64 swapper_pmd_low[512], swapper_pmd_high[512];
extern int boot_uses_pae;
/** _PAGE_GLOBAL where the processor has it and vmi=disable_pge does not forbid it. */
extern u32 kernel_page_flags;

static inline pxe_t read_pxe(const void *entry)
{
	return paging_format.pae ? *(const volatile u64 *)entry : *(const volatile u32 *)entry;
}

static inline u32 pxe_frame(pxe_t entry)
{
	return (u32)entry & PAGE_MASK;
}

static inline void *pxe_table(pxe_t entry)
{
	return __va(pxe_frame(entry));
}

/** Address of entry @index of the table at @table. */
static inline void *pxe_at(void *table, unsigned index)
{
	return (u8 *)table + index * paging_format.entry_bytes;
}

/** Writes an entry, high half first, so that a present one is never torn. */
void native_set_pxe(void *entry, pxe_t value);
/** The same by one store, CMPXCHG8B with PAE. */
void native_set_pte_atomic(void *pte, pxe_t value);

/* Operations on tables, those of struct paravirt_ops: natively they write, or do nothing. */
struct pv_mmu_ops {
	void (*set_pte)(void *pte, pxe_t value);
	void (*set_pte_at)(struct mm *mm, u32 address, void *pte, pxe_t value);
	/** Of an entry that is in use, also of a directory: never torn. */
	void (*set_pte_atomic)(void *pte, pxe_t value);
	void (*set_pmd)(void *pmd, pxe_t value);
	void (*set_pud)(void *pud, pxe_t value);
	void (*pte_clear)(struct mm *mm, u32 address, void *pte);
	void (*pmd_clear)(void *pmd);
	/** The entry was written in place: before the next use of it, or later. */
	void (*pte_update)(struct mm *mm, u32 address, void *pte);
	void (*pte_update_defer)(struct mm *mm, u32 address, void *pte);
	void (*alloc_pt)(u32 pfn);
	void (*alloc_pd)(u32 pfn);
	void (*alloc_pd_clone)(u32 pfn, u32 clone_pfn, u32 start, u32 count);
	void (*release_pt)(u32 pfn);
	void (*release_pd)(u32 pfn);
	void (*flush_tlb_user)(void);
	void (*flush_tlb_kernel)(void);
	void (*flush_tlb_single)(u32 address);
};

extern struct pv_mmu_ops pv_mmu_ops;

/** Entry of the page directory, or NULL where PAE has no directory. */
void *pmd_offset(void *pgd, u32 address);
/** Entry of the page table under a page-directory entry that is present. */
void *pte_offset(void *pmd, u32 address);
/** The page-table entry of a kernel address; makes a table if need be. */
void *kernel_pte(u32 address);
/** Walks all levels. NULL where a level is not present or the page is large. */
void *lookup_pte(void *pgd, u32 address);

/** Reads and clears by one XCHG, so that no A or D bit is lost; then tells (pte_update). */
pxe_t ptep_get_and_clear(struct mm *mm, u32 address, void *pte);
/** Takes the right to write away, in place; then tells. */
void ptep_set_wrprotect(struct mm *mm, u32 address, void *pte);
/** ptep_get_and_clear, and the translation is flushed. */
pxe_t ptep_clear_flush(struct mm *mm, u32 address, void *pte);
/** A bit of an entry, cleared and flushed; returns whether it was set. */
int ptep_test_and_clear(struct mm *mm, u32 address, void *pte, u32 bit);

void flush_tlb_page(u32 address);

/** Makes a page of low memory read-only, or writable again; a large page is split first. */
void change_page_attr(void *page, int writable);

#endif
