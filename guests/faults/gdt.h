/* What the triggers need beyond the GDT of boot.S, and addresses that lead nowhere. */
#ifndef GDT_H
#define GDT_H

#define ABSENT_DS 0x18			/* a data segment that is not present */
#define SHORT_DS 0x20			/* a data segment of SHORT_LIMIT + 1 bytes */
#define SHORT_LIMIT 0xfff
#define BEYOND_GDT 0xfff8
#define BEYOND_IDT 0x80			/* a vector: the IDT has 48 */

#define ABSENT_PAGE 0x40001000		/* page 1 of the window of paging.h */

#endif
