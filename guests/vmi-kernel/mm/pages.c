/* Page frames: a user count each, found by looking for the first gap that fits. */
#include "mm.h"
#include "string.h"

#define MOST_FRAMES (64u << 20 >> PAGE_SHIFT)

static struct page frames[MOST_FRAMES];
static u32 first_pfn, search_from;
u32 max_low_pfn;

extern const u8 kernel_end[];

void pages_init(u32 memory_bytes)
{
	max_low_pfn = memory_bytes >> PAGE_SHIFT;
	if (max_low_pfn > MOST_FRAMES)
		max_low_pfn = MOST_FRAMES;
	first_pfn = (__pa(kernel_end) + PAGE_SIZE - 1) >> PAGE_SHIFT;
	search_from = first_pfn;
	BUG_ON(first_pfn + 256 > max_low_pfn);
	for (u32 pfn = 0; pfn < first_pfn; pfn++)
		frames[pfn].count = 1;
}

static int gap_at(u32 pfn, u32 count)
{
	for (u32 i = 0; i < count; i++)
		if (frames[pfn + i].count)
			return 0;
	return 1;
}

void *alloc_pages(u32 count)
{
	for (u32 pass = 0; pass < 2; pass++) {
		for (u32 pfn = search_from; pfn + count <= max_low_pfn; pfn++) {
			if (!gap_at(pfn, count))
				continue;
			for (u32 i = 0; i < count; i++)
				frames[pfn + i].count = 1;
			search_from = pfn + count;
			return memset(__va(pfn << PAGE_SHIFT), 0, count * PAGE_SIZE);
		}
		search_from = first_pfn;
	}
	panic("out of memory");
}

void free_pages(void *address, u32 count)
{
	for (u32 i = 0; i < count; i++)
		put_frame(pfn_of(address) + i);
}

void get_frame(u32 pfn)
{
	frames[pfn].count++;
}

void put_frame(u32 pfn)
{
	BUG_ON(!frames[pfn].count);
	frames[pfn].count--;
}

u32 frame_users(u32 pfn)
{
	return frames[pfn].count;
}

u32 free_frames(void)
{
	u32 free = 0;

	for (u32 pfn = first_pfn; pfn < max_low_pfn; pfn++)
		free += frames[pfn].count == 0;
	return free;
}
