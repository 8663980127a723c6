/*
 * The page tables of the first moments: the lowest 8 MiB where they are and in the higher half, as
 * Linux's head_32.S has them. This code runs where it lies, without paging: it may call nothing and
 * must turn the address of everything it touches into a physical one.
 */
#include "cpu.h"
#include "kernel.h"
#include "multiboot.h"
#include "pgtable.h"

#define BOOT_MAPPED (8u << 20)
#define boot_text __attribute__((section(".boot.text")))
#define PHYSICAL(symbol) ((typeof(&(symbol)[0]))((u32)(symbol) - PAGE_OFFSET))

page_aligned u32 swapper_pg_dir[1024];
/** PAE: the two page directories of the lowest and of the highest gigabyte. */
page_aligned u64 swapper_pmd_low[512], swapper_pmd_high[512];
static page_aligned u32 boot_tables[BOOT_MAPPED / PAGE_SIZE * 2];
int boot_uses_pae = -1;

/** The word "pae" stands on the line. */
static boot_text int wants_pae(const char *line)
{
	for (; *line; line++) {
		if (line[0] == 'p' && line[1] == 'a' && line[2] == 'e' && (line[3] == 0 || line[3] == ' '))
			return 1;
		while (line[1] && *line != ' ')
			line++;
	}
	return 0;
}

static boot_text int has_pae(void)
{
	u32 a = 1, b, c = 0, d;

	if (!has_cpuid())
		return 0;
	asm volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
	return (d & FEATURE_PAE) != 0;
}

static boot_text u64 two_levels(void)
{
	u32 *directory = PHYSICAL(swapper_pg_dir), *table = PHYSICAL(boot_tables);

	for (u32 i = 0; i < BOOT_MAPPED / PAGE_SIZE; i++)
		table[i] = i * PAGE_SIZE | _KERNPG;
	for (u32 i = 0; i < BOOT_MAPPED >> 22; i++) {
		directory[i] = (u32)(table + i * 1024) | _KERNPG;
		directory[(PAGE_OFFSET >> 22) + i] = directory[i];
	}
	return (u32)directory;
}

static boot_text u64 three_levels(void)
{
	u64 *pointers = (u64 *)PHYSICAL(swapper_pg_dir);
	u64 *low = PHYSICAL(swapper_pmd_low), *high = PHYSICAL(swapper_pmd_high);
	u64 *table = (u64 *)PHYSICAL(boot_tables);

	for (u32 i = 0; i < BOOT_MAPPED / PAGE_SIZE; i++)
		table[i] = i * PAGE_SIZE | _KERNPG;
	for (u32 i = 0; i < BOOT_MAPPED >> 21; i++)
		low[i] = high[i] = (u32)(table + i * 512) | _KERNPG;
	pointers[0] = (u32)low | _PAGE_PRESENT;
	pointers[3] = (u32)high | _PAGE_PRESENT;
	return (u64)CR4_PAE << 32 | (u32)pointers;
}

/** @returns CR3 in the low half, CR4 in the high one */
boot_text u64 boot_paging(const struct multiboot_info *info)
{
	int pae = 0;

	if (info->flags & MULTIBOOT_INFO_CMDLINE)
		pae = wants_pae((const char *)info->cmdline) && has_pae();
	*(int *)((u32)&boot_uses_pae - PAGE_OFFSET) = pae;
	return pae ? three_levels() : two_levels();
}
