/* Addresses at the top that are fixed once the hypervisor's hole is known (Linux's asm/fixmap.h). */
#ifndef FIXMAP_H
#define FIXMAP_H

#include "kernel.h"
#include "pgtable.h"

enum fixed_address { FIX_HOLE, FIX_APIC_BASE, FIX_TEST, FIX_ADDRESSES };

/** One page below the top: 0xfffff000 natively. */
extern u32 fixaddr_top;

/** Keeps the topmost @bytes of the address space free for the hypervisor; says so. */
void reserve_top_address(u32 bytes);

static inline u32 fix_to_virt(enum fixed_address index)
{
	return fixaddr_top - (index << PAGE_SHIFT);
}

/** Maps a page of physical memory at a fixed address; @flags 0 takes it away. */
void set_fixmap(enum fixed_address index, u32 physical, u32 flags);

#endif
