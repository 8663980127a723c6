/*
 * Hardware task switches: by CALL, JMP, gates and interrupts, to a task of the 286, and for a double fault.
 */
#include "rom.h"

	.text
	.code32
	/* ESI: a TSS, EAX: where its task starts, EBX: its stack. */
make_task:
	movl	%esi, %edi
	pushl	%eax
	xorl	%eax, %eax
	movl	$26, %ecx
	rep stosl
	popl	%eax
	movl	$PAGE_DIRECTORY, 0x1c(%esi)
	movl	%eax, 0x20(%esi)
	movl	$2, 0x24(%esi)
	movl	%ebx, 0x38(%esi)
	movl	$0x0badcafe, 0x2c(%esi)		/* ECX */
	movl	$FLAT, 0x48(%esi)
	movl	$CODE32, 0x4c(%esi)
	movl	$FLAT, 0x50(%esi)
	movl	$FLAT, 0x54(%esi)
	movl	$LDT_SELECTOR, 0x60(%esi)
	movw	$0x68, 0x66(%esi)
	ret

	/* A TSS descriptor is busy, or not. */
	.macro	busy selector, is
	testb	$2, GDT + \selector + 5
	.if	\is
	jz	fail
	.else
	jnz	fail
	.endif
	.endm

	.globl	tasks
tasks:
	/* --- 20: CALL and IRET --- */
	post	0x20
	movl	$TSS_OTHER, %esi
	movl	$other_task, %eax
	movl	$STACK_OTHER, %ebx
	call	make_task
	movl	$TSS_DOUBLE, %esi
	movl	$double_task, %eax
	movl	$STACK_OTHER + 0x800, %ebx
	call	make_task
	movl	$0, SCRATCH			/* the other task returns by IRET, and counts */
	movl	$0x1f, SCRATCH + 4
	movl	$0x12345678, %ecx
	movl	$0x89abcdef, %ebp
	lcall	$OTHER_TASK, $0
	cmpl	$0x12345678, %ecx
	equal
	cmpl	$0x89abcdef, %ebp
	equal
	cmpl	$0x20, SCRATCH + 4		/* it was there */
	equal
	busy	MAIN_TASK, 1
	busy	OTHER_TASK, 0
	pushfl
	popl	%eax
	testl	$0x4000, %eax			/* NT was the other's */
	jnz	fail
	movl	%cr0, %eax
	testb	$8, %al
	jz	fail
	clts
	faults	13, MAIN_TASK, lcall $MAIN_TASK, $0

	/* --- 21: an interrupt through a task gate; JMP through a task gate and back --- */
	post	0x21
	int	$INT_TASK
	cmpl	$0x21, SCRATCH + 4
	equal
	busy	OTHER_TASK, 0
	movl	$1, SCRATCH			/* now it returns by JMP */
	ljmp	$TASK_GATE, $0
	cmpl	$0x22, SCRATCH + 4
	equal
	busy	MAIN_TASK, 1
	busy	OTHER_TASK, 0
	clts

	/* --- 22: bad tasks --- */
	post	0x22
	movb	$0x66, GDT + OTHER_TASK		/* one byte too short */
	faults	10, OTHER_TASK, lcall $OTHER_TASK, $0
	movb	$0x67, GDT + OTHER_TASK
	andb	$0x7f, GDT + OTHER_TASK + 5
	faults	11, OTHER_TASK, lcall $OTHER_TASK, $0
	orb	$0x80, GDT + OTHER_TASK + 5
	pushfl					/* IRET with NT to a task that is not busy */
	popl	%eax
	movl	%eax, %ebx
	orl	$0x4000, %eax
	movw	$OTHER_TASK, TSS_MAIN
	pushl	%eax
	popfl
	faults	10, OTHER_TASK, iret
	pushl	%ebx
	popfl

	/* --- 23: a task of the 286 --- */
	post	0x23
	movl	$TSS_OLD, %edi
	xorl	%eax, %eax
	movl	$11, %ecx
	rep stosl
	movl	$old_task, %eax
	movw	%ax, TSS_OLD + 0x0e
	movw	$2, TSS_OLD + 0x10
	movw	$0x4711, TSS_OLD + 0x14		/* CX */
	movw	$0x800, TSS_OLD + 0x1a
	movw	$FLAT, TSS_OLD + 0x22
	movw	$CODE16, TSS_OLD + 0x24
	movw	$DATA16, TSS_OLD + 0x26
	movw	$DATA16, TSS_OLD + 0x28
	movw	$LDT_SELECTOR, TSS_OLD + 0x2a
	movl	$0, SCRATCH + 4
	movl	$0x12345678, %ecx
	lcall	$OLD_TASK, $0
	cmpl	$0x23, SCRATCH + 4
	equal
	cmpl	$0x12345678, %ecx		/* this task's TSS has 32 bits */
	equal
	cmpw	$MAIN_TASK, TSS_OLD
	equal
	cmpw	$0x4712, TSS_OLD + 0x14
	equal
	clts

	/* --- 24: a double fault --- */
	post	0x24
	movb	$0, IDT + 13 * 8 + 5		/* #GP finds no gate: #NP is the second fault, which makes it a double one */
	movb	$0, IDT + 11 * 8 + 5
	movl	$1f, RESUME_EIP
	movl	$0, SCRATCH + 4
	xorl	%eax, %eax
	movl	%eax, %fs
	movb	%fs:0, %al
	jmp	fail
1:	cmpl	$0x24, SCRATCH + 4
	equal
	movb	$0x8e, IDT + 13 * 8 + 5
	movb	$0x8e, IDT + 11 * 8 + 5
	clts
	jmp	paging

other_task:
	cmpl	$0x0badcafe, %ecx		/* what the TSS said */
	jne	fail
other_again:
	str	%ax
	cmpw	$OTHER_TASK, %ax
	jne	fail
	busy	OTHER_TASK, 1
	incl	SCRATCH + 4
	cmpl	$0, SCRATCH
	jne	2f
	busy	MAIN_TASK, 1
	cmpw	$MAIN_TASK, TSS_OTHER
	jne	fail
	pushfl
	popl	%eax
	testl	$0x4000, %eax
	jz	fail
	iret
	jmp	other_again
2:	busy	MAIN_TASK, 0
	ljmp	$MAIN_TASK, $0
	jmp	other_again

double_task:
	popl	%eax
	testl	%eax, %eax
	jnz	fail
	movl	$0x24, SCRATCH + 4
	movl	RESUME_EIP, %eax
	movl	%eax, TSS_MAIN + 0x20
	iret
	jmp	fail

	.section .text16, "ax"
	.code16
old_task:
	cmpw	$0x4711, %cx
	jne	1f
	incw	%cx
	movl	$0x23, %es:SCRATCH + 4
	iretw
1:	hlt
