/*
 * Protected mode at level 0: segment registers, limits and types, and the instructions that ask about them.
 */
#include "rom.h"

	.text
	.code32
	.globl	protected
protected:
	movl	$FLAT, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$STACK0, %esp
	call	build_idt
	lidt	idt_pointer
	movl	$-1, EXPECTED_VECTOR
	movl	$0, FAULTS

	/* --- 11: segment registers --- */
	post	0x11
	xorl	%ecx, %ecx
	movl	%ecx, %fs			/* null is no fault, its use is */
	faults	13, 0, movb %fs:0, %al
	movl	$3, %ecx
	movl	%ecx, %fs
	movl	$0, %ecx
	faults	13, 0, movl %ecx, %ss
	movl	$BYTES | 3, %ecx
	faults	13, BYTES, movl %ecx, %ss	/* RPL is not CPL */
	movl	$READ_ONLY, %ecx
	faults	13, READ_ONLY, movl %ecx, %ss
	movl	$ABSENT_STACK, %ecx
	faults	12, ABSENT_STACK, movl %ecx, %ss
	movl	$ABSENT, %ecx
	faults	11, ABSENT, movl %ecx, %ds
	movl	$EXECUTE_ONLY, %ecx
	faults	13, EXECUTE_ONLY, movl %ecx, %ds
	movl	$MAIN_TASK, %ecx
	faults	13, MAIN_TASK, movl %ecx, %gs
	movl	$GDT_BYTES | 3, %ecx		/* outside of the table; RPL is not in the error code */
	faults	13, GDT_BYTES, movl %ecx, %gs
	movl	$LOCAL_DATA, %ecx		/* no LDT yet */
	faults	13, LOCAL_DATA, movl %ecx, %gs
	movl	$LDT_SELECTOR, %ecx
	lldt	%cx
	movl	$LOCAL_DATA, %ecx
	movl	%ecx, %gs
	sldt	%cx
	cmpw	$LDT_SELECTOR, %cx
	equal
	movl	$0x11112222, DATA + 0x40
	cmpl	$0x11112222, %gs:0x40
	equal
	testb	$1, GDT + BYTES + 5		/* the accessed bit comes with the load */
	jnz	fail
	movl	$BYTES, %ecx
	movl	%ecx, %fs
	testb	$1, GDT + BYTES + 5
	jz	fail
	faults	6, 0, .byte 0x8e, 0xc8		/* MOV CS */
	pushl	$FLAT
	popl	%fs
	pushl	$ABSENT
	faults	11, ABSENT, popl %fs
	addl	$4, %esp
	lfs	far_pointer, %edx
	cmpl	$0x89abcdef, %edx
	equal
	movw	%fs, %dx
	cmpw	$BYTES, %dx
	equal
	movl	$0xcafe, %edx			/* a pointer with a bad selector changes nothing */
	faults	11, ABSENT, lfs bad_pointer, %edx
	cmpl	$0xcafe, %edx
	equal

	/* --- 12: limits and types --- */
	post	0x12
	movl	$BYTES, %ecx
	movl	%ecx, %fs
	movb	%fs:0xfff, %al
	movl	%fs:0xffc, %eax
	faults	13, 0, movl %fs:0xffd, %eax
	faults	13, 0, movw %ax, %fs:0xfff
	faults	13, 0, movl %fs:0xffffffff, %eax
	movl	$PAGED, %ecx			/* pages: the low twelve bits of the limit are ones */
	movl	%ecx, %fs
	movl	%fs:0x1ffc, %eax
	faults	13, 0, movl %eax, %fs:0x1ffd
	movl	$DOWN, %ecx
	movl	%ecx, %fs
	movb	%fs:0x1000, %al
	faults	13, 0, movb %fs:0xfff, %al
	faults	13, 0, movl %fs:0, %eax
	faults	13, 0, movl %fs:0xfffffffd, %eax
	movl	$DOWN16, %ecx			/* ends at 64 KiB */
	movl	%ecx, %fs
	movb	%fs:0xffff, %al
	faults	13, 0, movw %fs:0xffff, %ax
	faults	13, 0, movb %fs:0x10000, %al
	movl	$READ_ONLY, %ecx
	movl	%ecx, %fs
	movl	%fs:0, %eax
	faults	13, 0, movl %eax, %fs:0
	faults	13, 0, incl %fs:0
	movb	$0, DATA
	faults	13, 0, movb $0, %cs:DATA
	movb	%cs:DATA, %al
	movl	$BYTES, %ecx			/* the stack segment has its own vector */
	movl	%ecx, %ss
	movl	$0x800, %esp
	pushl	$1
	popl	%eax
	faults	12, 0, movl %ss:0xffd, %eax
	movl	$0xffd, %ebp
	faults	12, 0, movl (%ebp), %eax
	movl	$FLAT, %ecx
	movl	%ecx, %ss
	movl	$STACK0, %esp
	movl	$DATA16, %ecx			/* a stack of 16 bits uses SP, and leaves the rest of ESP alone */
	movl	%ecx, %ss
	movl	$0x12340100, %esp
	pushl	$0x55667788
	cmpl	$0x123400fc, %esp
	equal
	cmpl	$0x55667788, DATA + 0xfc
	equal
	popl	%eax
	movl	$FLAT, %ecx
	movl	%ecx, %ss
	movl	$STACK0, %esp
	movl	$0xdeadbeef, STACK0 - 4		/* 16 bits of a selector in a slot of 32 */
	pushl	%es
	cmpl	$0xdead0000 + FLAT, (%esp)
	equal
	addl	$4, %esp

	/* --- 13: what selectors allow --- */
	post	0x13
	xorl	%eax, %eax
	movl	$BYTES, %ecx
	larl	%ecx, %eax
	jnz	fail
	andl	$0xf0ff00, %eax
	cmpl	$0x409300, %eax
	equal
	lsll	%ecx, %eax
	jnz	fail
	cmpl	$0xfff, %eax
	equal
	movl	$PAGED, %ecx
	lsll	%ecx, %eax
	cmpl	$0x1fff, %eax
	equal
	movl	$MAIN_TASK, %ecx
	lsll	%ecx, %eax
	cmpl	$0x16f, %eax
	equal
	movl	$0x1234, %eax
	movl	$TASK_GATE, %ecx
	lsll	%ecx, %eax			/* gates have no limit */
	jz	fail
	cmpl	$0x1234, %eax
	equal
	larl	%ecx, %eax
	jnz	fail
	movl	$GDT_BYTES, %ecx
	larl	%ecx, %eax
	jz	fail
	xorl	%ecx, %ecx
	verr	%cx
	jz	fail
	.macro	asks selector, read, write
	movw	$\selector, %cx
	verr	%cx
	setzb	%al
	verw	%cx
	setzb	%ah
	cmpw	$\read + \write * 0x100, %ax
	equal
	.endm
	asks	FLAT, 1, 1
	asks	READ_ONLY, 1, 0
	asks	CODE32, 1, 0
	asks	EXECUTE_ONLY, 0, 0
	asks	CONFORMING, 1, 0
	asks	CONFORMING | 3, 1, 0
	asks	FLAT | 3, 0, 0
	asks	MAIN_TASK, 0, 0
	asks	USER_DATA, 1, 1
	movw	$0xfff0, %ax
	movw	$2, %bx
	arpl	%bx, %ax
	jnz	fail
	cmpw	$0xfff2, %ax
	equal
	arpl	%bx, %ax
	jz	fail
	movw	$3, %bx
	movw	$0x10, DATA
	arpl	%bx, DATA
	jnz	fail
	cmpw	$0x13, DATA
	equal
	sgdt	SCRATCH
	cmpw	$GDT_BYTES - 1, SCRATCH
	equal
	cmpl	$GDT, SCRATCH + 2
	equal
	smsw	%ax
	testb	$1, %al
	jz	fail

	/* --- 14: transfers at one level --- */
	post	0x14
	lcall	$CODE32, $far_return
	lcall	$CONFORMING, $far_return
	faults	13, 0, ljmp $0, $far_return
	faults	13, FLAT, ljmp $FLAT, $far_return
	faults	13, USER_CODE & ~3, ljmp $USER_CODE, $far_return
	faults	13, GDT_BYTES, lcall $GDT_BYTES, $far_return
	faults	13, 0, ljmp $CODE16, $0x10000
	pushl	$FLAT
	pushl	$far_return
	faults	13, FLAT, lret
	addl	$8, %esp
	movl	$3, %eax
	bound	%eax, bounds
	movl	$4, %eax
	faults	5, 0, bound %eax, bounds
	movb	$0x7f, %al
	incb	%al
	movl	$4, EXPECTED_VECTOR		/* INTO is a trap: EIP is behind it */
	movl	$0, EXPECTED_ERROR
	movl	$1f, EXPECTED_EIP
	movl	$1f, RESUME_EIP
	into
1:	cmpl	$-1, EXPECTED_VECTOR
	equal
	movl	$3, EXPECTED_VECTOR
	movl	$1f, EXPECTED_EIP
	movl	$1f, RESUME_EIP
	int3
1:	cmpl	$-1, EXPECTED_VECTOR
	equal
	xorl	%ebx, %ebx
	faults	0, 0, divl %ebx
	faults	6, 0, ud2
	faults	6, 0, .byte 0xf0, 0x89, 0xc0
	faults	13, 0x20 * 8 + 2, int $0x20	/* no gate there */
	faults	13, 0x40 * 8 + 2, int $0x40	/* beyond the table */
	/* one step: the trap comes after the instruction that follows POPF */
	movl	$1, EXPECTED_VECTOR
	movl	$0, EXPECTED_ERROR
	movl	$1f, EXPECTED_EIP
	movl	$1f, RESUME_EIP
	pushfl
	popl	%eax
	movl	%eax, %ebx
	orl	$0x100, %eax
	pushl	%eax
	popfl
	nop
1:	pushl	%ebx
	popfl
	jmp	privilege

far_return:
	lret

	.section .rodata, "a"
	.balign	4
idt_pointer:
	.word	IDT_BYTES - 1
	.long	IDT
far_pointer:
	.long	0x89abcdef
	.word	BYTES
bad_pointer:
	.long	0x89abcdef
	.word	ABSENT
bounds:	.long	-3, 3
