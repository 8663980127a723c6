/*
 * Where the recorder and its cases live in physical memory. test/lockstep/layout.ts says the same for the host.
 */

/* The window: what a case may change, rebuilt before each. */
#define WINDOW		0x20000
#define WINDOW_BYTES	0x9000
#define GDT		(WINDOW + 0x0000)
#define GDT_LIMIT	0x1ff
#define IDT		(WINDOW + 0x0300)
#define IDT_LIMIT	0x1ff
/* A byte per code offset: flags to clear after the instruction there, or HINT_PAD. */
#define HINTS		(WINDOW + 0x8000)
#define HINT_PAD	8
#define HINT_OF		2

/* Entries of the GDT that are always there. */
#define KERNEL_CODE	0x08
#define KERNEL_DATA	0x10
#define TSS_CASE	0x18
#define TSS_STEP	0x20
#define TSS_INVALID	0x28
#define TSS_DOUBLE	0x30

/* The recorder's own memory. */
#define TASKS		0x1b340		/* three TSSs, 128 bytes each */
#define TASK_BYTES	0x80
#define STACKS		0x1c000		/* three stacks below, 0x800 bytes each */
#define STACK_BYTES	0x800
#define PAGE_DIRECTORY	0x250000
#define PAGE_TABLES	0x251000
#define PAGE_TABLE_COUNT 32

/* What the host puts into memory and finds there. */
#define BATCH		0xa35000
#define BATCH_COUNT	(BATCH + 0)
#define BATCH_NEXT	(BATCH + 4)	/* first case to run; runs with the cases */
#define BATCH_OUTPUT	(BATCH + 8)	/* where the next record goes */
#define BATCH_DUMP	(BATCH + 12)	/* 1: the whole window after each case's record */
#define BATCH_CONSOLE	(BATCH + 16)	/* 1: send all records to port 0xe9 at the end */
#define BATCH_TABLE	(BATCH + 32)	/* u32 address per case */
#define TEMPLATE	0x2b7000
#define RECORDS		0x1235000

/* A case: CR0, CR4 (0 where there is none), most events, then patches: offset, count of u32 (0 ends), values. */
#define CASE_CR0	0
#define CASE_CR4	4
#define CASE_EVENTS	8
#define CASE_FLAGS	12
#define CASE_PATCHES	16
#define CASE_HAS_CR4	1

#define DEBUG_EXIT	0xf4
#define DEBUG_CONSOLE	0xe9
