/* Page frames and address spaces. */
#ifndef MM_H
#define MM_H

#include "kernel.h"
#include "pgtable.h"

#define USER_HEAP 0x09000000u
#define USER_HEAP_END 0x09800000u
#define USER_STACK_TOP 0xbffff000u
#define USER_STACK_BYTES 0x40000u
#define USER_LOW_END 0x00110000u	/* for V86 code */
#define TASK_SIZE PAGE_OFFSET
/** Mapped by need, a frame per page; every address space learns of its tables by faults. */
#define VMALLOC_START 0xd0000000u
#define VMALLOC_END 0xd8000000u

/** What Linux keeps in struct page, as far as it is needed here. */
struct page {
	u16 count;
};

/** Frames of low memory, which all is. */
extern u32 max_low_pfn;

void pages_init(u32 memory_bytes);
/** @count adjoining frames, zeroed. Never fails: no memory left is a panic. */
void *alloc_pages(u32 count);
void free_pages(void *address, u32 count);
static inline void *alloc_page(void) { return alloc_pages(1); }
static inline void free_page(void *address) { free_pages(address, 1); }
/** One user more or less of a frame; the last one frees it. */
void get_frame(u32 pfn);
void put_frame(u32 pfn);
u32 frame_users(u32 pfn);
u32 free_frames(void);

struct vma {
	u32 start, end;
	int writable;
	int image;			/* pages of the user image; else of zeroes */
};

#define MM_VMAS 5

struct mm {
	void *pgd;
	u32 cr3;
	struct vma vmas[MM_VMAS];
	unsigned vma_count;
	struct desc *ldt;
};

extern struct mm init_mm;

/** The entry belongs to the present address space, or to the kernel's half, which is in all. */
int mm_is_current(const struct mm *mm);

/** Takes over the kernel's tables, maps all low memory, and drops the identity mapping. */
void paging_init(void);

struct mm *mm_create(void);
/** A copy: all pages are shared, those that can be written on copy. */
struct mm *mm_fork(struct mm *from);
void mm_destroy(struct mm *mm);
/** All address spaces of programs, one after the other: NULL starts and ends. */
struct mm *mm_next(struct mm *mm);
void mm_add_vma(struct mm *mm, u32 start, u32 end, int writable, int image);
struct vma *mm_find_vma(struct mm *mm, u32 address);
/** Unmaps and frees what lies in the range, whole pages. */
void mm_unmap(struct mm *mm, u32 start, u32 end);
/** Entry of the page table, with tables made where they are missing. */
void *mm_make_pte(struct mm *mm, u32 address);

/** Handles a fault on the user half. @returns 1 if the access may be tried again */
int mm_fault(struct mm *mm, u32 address, int write, int present);

/** Maps new frames in the vmalloc area, in the kernel's own tables only. */
void *vmalloc(u32 pages);
void vfree(void *address, u32 pages);

/** Counts of what happened, for tests. */
struct mm_counts {
	u32 demand, copies, reused, vmalloc_faults, fixups;
};
extern struct mm_counts mm_counts;

/* Access to user memory: 0, or the number of bytes that could not be moved. */
u32 copy_from_user(void *to, u32 from, u32 size);
u32 copy_to_user(u32 to, const void *from, u32 size);
/** Copies a string; cut to fit. @returns 0 if it cannot be read */
int string_from_user(char *to, u32 from, u32 size);

#endif
