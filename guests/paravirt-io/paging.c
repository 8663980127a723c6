#include "paging.h"

#include <stdint.h>

#define PRESENT_WRITABLE 0x003
#define ENTRIES 1024
#define IDENTITY_TABLES 2
#define WINDOW 0x40000000u
#define CR0_PAGING 0x80000000u

#define page_aligned __attribute__((aligned(PAGE_SIZE)))

static page_aligned uint32_t directory[ENTRIES];
static page_aligned uint32_t identity[IDENTITY_TABLES][ENTRIES];
static page_aligned uint32_t window[ENTRIES];
static page_aligned unsigned char frames[SCATTERED_PAGES][PAGE_SIZE];

static uint32_t entry(const void *frame)
{
	return (uint32_t)frame | PRESENT_WRITABLE;
}

void paging_init(void)
{
	for (uint32_t table = 0; table < IDENTITY_TABLES; table++) {
		directory[table] = entry(identity[table]);
		for (uint32_t page = 0; page < ENTRIES; page++)
			identity[table][page] = entry((void *)((table * ENTRIES + page) * PAGE_SIZE));
	}
	identity[0][0] = 0;

	directory[WINDOW >> 22] = entry(window);
	for (unsigned page = 0; page < SCATTERED_PAGES; page++)
		window[page] = entry(frames[SCATTERED_PAGES - 1 - page]);

	uint32_t cr0;
	asm volatile("mov %0, %%cr3" : : "r"(directory) : "memory");
	asm volatile("mov %%cr0, %0" : "=r"(cr0));
	asm volatile("mov %0, %%cr0" : : "r"(cr0 | CR0_PAGING) : "memory");
}

unsigned char *scattered_buffer(void)
{
	return (unsigned char *)WINDOW;
}
