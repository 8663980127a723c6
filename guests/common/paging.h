/* Paging: memory where it is, and one window for pages that should be elsewhere. */
#ifndef PAGING_H
#define PAGING_H

#include <stdint.h>

#define PAGE_SIZE 4096
#define PAGE_PRESENT 0x1
#define PAGE_WRITABLE 0x2

/** The window: 4 MiB of addresses with nothing behind them until paging_map(). */
#define PAGING_WINDOW 0x40000000u

/**
 * Turns paging on. The lowest 8 MiB are mapped where they are, except page 0, so that a null pointer
 * faults. A hypervisor that fetches an instruction or a buffer has to walk these tables.
 */
void paging_init(void);

/** Puts the page frame @frame behind page @page (0-1023) of the window; @flags are those of the entry. */
void paging_map(unsigned page, const void *frame, uint32_t flags);

#endif
