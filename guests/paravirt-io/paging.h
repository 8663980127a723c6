/* Paging: memory where it is, and one window where neighbours are not. */
#ifndef PAGING_H
#define PAGING_H

#define PAGE_SIZE 4096
#define SCATTERED_PAGES 4

/**
 * Turns paging on. The lowest 8 MiB are mapped where they are, except page 0, so that a null pointer
 * faults. A hypervisor that fetches an instruction or a buffer has to walk these tables.
 */
void paging_init(void);

/**
 * SCATTERED_PAGES pages that follow each other as the program sees them, but lie in memory in reverse
 * order: whoever moves a string across their boundaries by physical addresses goes wrong.
 */
unsigned char *scattered_buffer(void);

#endif
