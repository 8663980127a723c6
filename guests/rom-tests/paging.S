/*
 * Paging: what each bit forbids, the error codes, accessed and dirty bits, and faults in the middle of instructions.
 */
#include "rom.h"

#define PRESENT		1
#define WRITABLE	2
#define USER		4
#define ACCESSED	0x20
#define DIRTY		0x40
#define ENTRY(page)	(PAGE_TABLE + ((page) >> 12) * 4)

	.text
	.code32
	/* Makes the entry of a page and drops old translations. Uses EAX. */
	.macro	map page, bits
	movl	$(\page) + (\bits), ENTRY(\page)
	movl	%cr3, %eax
	movl	%eax, %cr3
	.endm

	/* The page fault just taken was at this address. */
	.macro	at address
	cmpl	$\address, FAULT_ADDRESS
	equal
	.endm

	/* Which of A and D are set. Uses EAX. */
	.macro	marks page, bits
	movl	ENTRY(\page), %eax
	andl	$ACCESSED | DIRTY, %eax
	cmpl	$\bits, %eax
	equal
	.endm

	/* On to level 3. */
	.macro	to_user stack
	movl	$USER_DATA, %eax
	movl	%eax, %es
	pushl	$USER_DATA
	pushl	$\stack
	pushl	$2
	pushl	$USER_CODE
	pushl	$7f
	iret
7:	movl	$USER_DATA, %eax
	movl	%eax, %ds
	.endm

	.macro	to_kernel
	movl	$7f, RESUME_EIP
	int	$INT_LEAVE
7:
	.endm

	.globl	paging
paging:
	/* --- 30: identity for 4 MiB --- */
	post	0x30
	movl	$PAGE_DIRECTORY, %edi
	xorl	%eax, %eax
	movl	$1024, %ecx
	rep stosl
	movl	$PAGE_TABLE + 7, PAGE_DIRECTORY
	movl	$PAGE_TABLE, %edi
	movl	$7, %eax
	movl	$1024, %ecx
1:	stosl
	addl	$0x1000, %eax
	loop	1b
	movl	$PAGE_DIRECTORY, %eax
	movl	%eax, %cr3
	movl	%eax, TSS_MAIN + 0x1c
	movl	%cr0, %eax
	orl	$0x80000000, %eax
	movl	%eax, %cr0
	jmp	1f
1:	testb	$ACCESSED, PAGE_DIRECTORY
	jz	fail

	/* --- 31: level 0 --- */
	post	0x31
	map	PAGES, WRITABLE | USER
	faults	14, 0, movl PAGES + 4, %eax
	at	PAGES + 4
	faults	14, 2, movl %ebx, PAGES + 8
	at	PAGES + 8
	faults	14, 2, incl PAGES + 12		/* what reads and writes is a write */
	marks	PAGES, 0
	map	PAGES, PRESENT
	movl	PAGES, %ebx
	marks	PAGES, ACCESSED
	movl	%ebx, PAGES			/* level 0 may, as long as WP is clear */
	marks	PAGES, ACCESSED | DIRTY
	map	PAGES, PRESENT | WRITABLE
	movl	%ebx, PAGES
	marks	PAGES, ACCESSED | DIRTY
	faults	14, 0, movl 0x400000, %eax	/* no page table */
	at	0x400000
	map	PAGES + 0x1000, 0		/* over the end of a page */
	faults	14, 0, movl PAGES + 0xffe, %eax
	at	PAGES + 0x1000
	faults	14, 2, movl %eax, PAGES + 0xffe
	at	PAGES + 0x1000

	/* --- 32: level 3 --- */
	post	0x32
	map	PAGES, PRESENT
	map	PAGES + 0x1000, PRESENT | USER
	map	PAGES + 0x2000, PRESENT | WRITABLE | USER
	map	PAGES + 0x3000, WRITABLE
	to_user	STACK3
	faults	14, 5, movl PAGES, %ebx
	faults	14, 7, movl %ebx, PAGES
	movl	PAGES + 0x1000, %ebx
	faults	14, 7, movl %ebx, PAGES + 0x1000
	movl	%ebx, PAGES + 0x2000
	faults	14, 4, movl PAGES + 0x3000, %ebx
	faults	14, 6, movl %ebx, PAGES + 0x3000
	to_kernel
	marks	PAGES, 0
	marks	PAGES + 0x1000, ACCESSED
	marks	PAGES + 0x2000, ACCESSED | DIRTY
	marks	PAGES + 0x3000, 0
	movl	$14, EXPECTED_VECTOR
	movl	$7, EXPECTED_ERROR
	movl	$2f, EXPECTED_EIP
	movl	$3f, RESUME_EIP
	movl	$PAGE_TABLE + 5, PAGE_DIRECTORY	/* the directory's bits count as well: read only for all below */
	movl	%cr3, %eax
	movl	%eax, %cr3
	to_user	STACK3
2:	movl	%ebx, PAGES + 0x2000
	jmp	fail
3:	movw	%cs, %ax			/* twice: nothing can be written at level 3, RESUME_EIP stays */
	testb	$3, %al
	jz	1f
	movl	PAGES + 0x2000, %ebx
	int	$INT_LEAVE
1:	movl	$PAGE_TABLE + 7, PAGE_DIRECTORY
	movl	%cr3, %eax
	movl	%eax, %cr3
	/* --- 33: faults half way --- */
	post	0x33
	map	PAGES, 0
	map	PAGES + 0x1000, PRESENT | WRITABLE | USER
	to_user	PAGES + 0x1010
	movl	$0x10, %ecx
	faults	14, 6, pushal
	at	PAGES + 0xffc			/* the first push that does not fit */
	cmpl	$PAGES + 0x1010, %esp		/* as if nothing had been done */
	equal
	movl	$0x11223344, %ebp
	faults	14, 6, enter $0x20, $0		/* only the space is out of reach */
	at	PAGES + 0xfec
	cmpl	$PAGES + 0x1010, %esp
	equal
	cmpl	$0x11223344, %ebp
	equal
	movl	$STACK3 - 0x40, %ebp
	faults	14, 6, enter $4, $8		/* a frame pointer does not fit */
	movl	$PAGES + 0x1000, %esp
	faults	14, 6, pushl %eax
	cmpl	$PAGES + 0x1000, %esp
	equal
	faults	14, 6, pushl PAGES + 0x1000
	faults	14, 6, call 1f
1:	cmpl	$PAGES + 0x1000, %esp
	equal
	movl	$STACK3, %esp
	cld
	std					/* a string stops at the element that cannot be done */
	movl	$STACK3 - 0x100, %esi
	movl	$PAGES + 0x1008, %edi
	movl	$8, %ecx
	faults	14, 6, rep movsl
	cmpl	$5, %ecx
	equal
	cmpl	$PAGES + 0xffc, %edi
	equal
	cmpl	$STACK3 - 0x10c, %esi
	equal
	cld
	to_kernel
	at	PAGES + 0xffc
	jmp	v86
