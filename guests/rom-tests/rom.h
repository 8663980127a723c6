/*
 * What the parts of the test ROM share: where things are in memory, selectors, and the macros that a test is written with.
 */

/* POST codes go to port 0x190, one for each step before it begins; 0xFF is the end. A failed step stays the last. */
#define POST_PORT	0x190
#define POST_END	0xff

/* Low memory. */
#define EXPECTED_VECTOR	0x500
#define EXPECTED_ERROR	0x504
#define EXPECTED_EIP	0x508
#define RESUME_EIP	0x50c
#define FAULTS		0x510		/* exceptions taken so far */
#define FAULT_ADDRESS	0x514		/* CR2 at the last of them */
#define SCRATCH		0x520		/* for the step's own use */
#define GDT		0x1000
#define LDT		(GDT + GDT_BYTES)
#define IDT		0x1800
#define TSS_MAIN	0x2000		/* with an I/O bitmap */
#define TSS_OTHER	0x2200
#define TSS_DOUBLE	0x2300
#define TSS_OLD		0x2400		/* of the 286 */
#define PAGE_DIRECTORY	0x4000
#define PAGE_TABLE	0x5000
#define REAL_STACK	0x7000
#define STACK0		0x9000
#define STACK3		0xb000
#define STACK_OTHER	0xc000
#define DATA		0x10000
#define DATA_SEGMENT	0x1000
#define PAGES		0x20000		/* for page faults */

/* Selectors. The GDT's order is that of the table in tables.S. */
#define CODE32		0x08
#define FLAT		0x10
#define CODE16		0x18
#define DATA16		0x20
#define USER_CODE	0x2b
#define USER_DATA	0x33
#define BYTES		0x38		/* DATA, limit 0xfff */
#define PAGED		0x40		/* DATA, limit 0x1fff by a page granular limit of 1 */
#define DOWN		0x48		/* expand-down: offsets above 0xfff, 32 bits */
#define DOWN16		0x50		/* the same, 16 bits */
#define READ_ONLY	0x58
#define EXECUTE_ONLY	0x60
#define ABSENT		0x68
#define CONFORMING	0x70
#define ABSENT_STACK	0x78
#define USER_CODE16	0x83
#define MAIN_TASK	0x88
#define OTHER_TASK	0x90
#define OLD_TASK	0x98
#define DOUBLE_TASK	0xa0
#define GATE0		0xab		/* call gate to level 0, two parameters, DPL 3 */
#define GATE_PRIVATE	0xb3		/* the same with DPL 0 */
#define TASK_GATE	0xb8
#define LDT_SELECTOR	0xc0
#define GDT_BYTES	0xc8
#define LOCAL_DATA	0x0c		/* entry 1 of the LDT */

/* Interrupts with gates of their own. */
#define INT_USER	0x30		/* to level 0, DPL 3 */
#define INT_PRIVATE	0x31		/* DPL 0 */
#define INT_TASK	0x32		/* task gate, DPL 3 */
#define INT_LEAVE	0x33		/* back to level 0 for good, at RESUME_EIP */
#define IDT_BYTES	(0x34 * 8)

#define CF	0x001
#define PF	0x004
#define AF	0x010
#define ZF	0x040
#define SF	0x080
#define DF	0x400
#define OF	0x800

#ifdef __ASSEMBLER__
	.macro	post code
	movb	$\code, %al
	movw	$POST_PORT, %dx
	outb	%al, %dx
	.endm

	/* The last comparison must have been equal. */
	.macro	equal
	jne	fail
	.endm

	/* Arithmetic flags: those of the mask must be as given. Uses EAX. */
	.macro	flags mask, value
	pushfl
	popl	%eax
	andl	$\mask, %eax
	cmpl	$\value, %eax
	equal
	.endm

	/* 32 bits: an instruction that must raise an exception with an error code. ES is flat. */
	.macro	faults vector, error, instruction:vararg
	movl	$\vector, %es:EXPECTED_VECTOR
	movl	$\error, %es:EXPECTED_ERROR
	movl	$8f, %es:EXPECTED_EIP
	movl	$9f, %es:RESUME_EIP
8:	\instruction
	jmp	fail
9:
	.endm
#endif
