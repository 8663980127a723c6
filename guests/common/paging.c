#include "paging.h"

#define ENTRIES 1024
#define IDENTITY_TABLES 2
#define CR0_PAGING 0x80000000u

#define page_aligned __attribute__((aligned(PAGE_SIZE)))

static page_aligned uint32_t directory[ENTRIES];
static page_aligned uint32_t identity[IDENTITY_TABLES][ENTRIES];
static page_aligned uint32_t window[ENTRIES];

static uint32_t entry(const void *frame, uint32_t flags)
{
	return (uint32_t)frame | flags;
}

static void load_cr3(void)
{
	asm volatile("mov %0, %%cr3" : : "r"(directory) : "memory");
}

void paging_init(void)
{
	for (uint32_t table = 0; table < IDENTITY_TABLES; table++) {
		directory[table] = entry(identity[table], PAGE_PRESENT | PAGE_WRITABLE);
		for (uint32_t page = 0; page < ENTRIES; page++) {
			const void *frame = (void *)((table * ENTRIES + page) * PAGE_SIZE);
			identity[table][page] = entry(frame, PAGE_PRESENT | PAGE_WRITABLE);
		}
	}
	identity[0][0] = 0;
	directory[PAGING_WINDOW >> 22] = entry(window, PAGE_PRESENT | PAGE_WRITABLE);

	uint32_t cr0;
	load_cr3();
	asm volatile("mov %%cr0, %0" : "=r"(cr0));
	asm volatile("mov %0, %%cr0" : : "r"(cr0 | CR0_PAGING) : "memory");
}

void paging_map(unsigned page, const void *frame, uint32_t flags)
{
	window[page] = entry(frame, flags);
	load_cr3();			/* a 386 has no INVLPG */
}
