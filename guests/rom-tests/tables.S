/*
 * Descriptor tables as they are at first, and what is built from them.
 */
#include "rom.h"

	/* A segment descriptor; the limit is that of the descriptor, in bytes or pages. */
	.macro	segment base, limit, access, flags
	.word	(\limit) & 0xffff, (\base) & 0xffff
	.byte	((\base) >> 16) & 0xff, \access, (\flags) | ((\limit) >> 16), (\base) >> 24
	.endm

	.section .rodata, "a"
	.balign	8
	.globl	gdt_image
gdt_image:
	.quad	0
	segment	0, 0xfffff, 0x9a, 0xc0		/* CODE32 */
	segment	0, 0xfffff, 0x92, 0xc0		/* FLAT */
	segment	0xf0000, 0xffff, 0x9a, 0x00	/* CODE16 */
	segment	DATA, 0xffff, 0x92, 0x00	/* DATA16 */
	segment	0, 0xfffff, 0xfa, 0xc0		/* USER_CODE */
	segment	0, 0xfffff, 0xf2, 0xc0		/* USER_DATA */
	segment	DATA, 0xfff, 0x92, 0x40		/* BYTES */
	segment	DATA, 1, 0x92, 0xc0		/* PAGED */
	segment	DATA, 0xfff, 0x96, 0x40		/* DOWN */
	segment	DATA, 0xfff, 0x96, 0x00		/* DOWN16 */
	segment	DATA, 0xffff, 0x90, 0x40	/* READ_ONLY */
	segment	0, 0xfffff, 0x98, 0xc0		/* EXECUTE_ONLY */
	segment	DATA, 0xffff, 0x12, 0x40	/* ABSENT */
	segment	0, 0xfffff, 0x9e, 0xc0		/* CONFORMING */
	segment	DATA, 0xffff, 0x12, 0x40	/* ABSENT_STACK */
	segment	0xf0000, 0xffff, 0xfa, 0x00	/* USER_CODE16 */
	segment	TSS_MAIN, 0x16f, 0x89, 0	/* MAIN_TASK */
	segment	TSS_OTHER, 0x67, 0x89, 0	/* OTHER_TASK */
	segment	TSS_OLD, 0x2b, 0x81, 0		/* OLD_TASK */
	segment	TSS_DOUBLE, 0x67, 0x89, 0	/* DOUBLE_TASK */
	.quad	0				/* GATE0, GATE_PRIVATE: filled in */
	.quad	0
	.word	0, OTHER_TASK, 0x8500, 0	/* TASK_GATE */
	segment	LDT, 15, 0x82, 0		/* LDT_SELECTOR */

	.balign	8
	/* The LDT, which is copied with it. */
	.quad	0
	.word	0xffff, DATA & 0xffff	/* LOCAL_DATA */
	.byte	DATA >> 16, 0x93, 0x40, 0

	.text
	.code32
	/* EAX: offset, CX: selector, DH: access byte, DL: parameters, EDI: where the gate goes (and then the next). */
	.globl	store_gate
store_gate:
	movw	%ax, (%edi)
	movw	%cx, 2(%edi)
	movb	%dl, 4(%edi)
	movb	%dh, 5(%edi)
	shrl	$16, %eax
	movw	%ax, 6(%edi)
	addl	$8, %edi
	ret

	/* All exceptions to `exception`, each through an entry that pushes its number; the tests' own interrupts. */
	.globl	build_idt
build_idt:
	movl	$IDT, %edi
	movl	$entries, %ebx
	movl	$32, %esi
1:	movl	%ebx, %eax
	movw	$CODE32, %cx
	movw	$0x8e00, %dx
	call	store_gate
	addl	$ENTRY_BYTES, %ebx
	decl	%esi
	jnz	1b
	movl	$16, %ecx		/* 20 to 2f: no gates */
	xorl	%eax, %eax
2:	stosl
	stosl
	loop	2b
	movl	$int_user, %eax
	movw	$CODE32, %cx
	movw	$0xee00, %dx
	call	store_gate
	movl	$int_user, %eax
	movw	$0x8e00, %dx
	call	store_gate
	xorl	%eax, %eax
	movw	$OTHER_TASK, %cx
	movw	$0xe500, %dx
	call	store_gate
	movl	$int_leave, %eax
	movw	$CODE32, %cx
	movw	$0xee00, %dx
	call	store_gate
	/* a double fault goes to a task of its own */
	movl	$IDT + 8 * 8, %edi
	movw	$DOUBLE_TASK, %cx
	movw	$0x8500, %dx
	call	store_gate
	/* call gates */
	movl	$GDT + (GATE0 & ~7), %edi
	movl	$gate_target, %eax
	movw	$CODE32, %cx
	movw	$0xec02, %dx
	call	store_gate
	movl	$gate_target, %eax
	movw	$0x8c02, %dx
	jmp	store_gate

	/* One entry per exception, all of the same length; those without an error code push 0. */
	.set	ENTRY_BYTES, 16
	.balign	16
entries:
	.set	vector, 0
	.rept	32
	.balign	16
	.if	(vector == 8) || (vector >= 10 && vector <= 14) || (vector == 17)
	.byte	0x3e, 0x3e		/* prefixes without a meaning here */
	.else
	pushl	$0
	.endif
	pushl	$vector
	jmp	exception
	.set	vector, vector + 1
	.endr
	.balign	16

	/*
	 * Compares vector, error code and EIP with what the step has announced, and goes on at RESUME_EIP.
	 * Stack: vector, error code, EIP, CS, EFLAGS.
	 */
	.globl	exception
exception:
	pushl	%ds
	pushl	%eax
	movl	$FLAT, %eax
	movl	%eax, %ds
	movl	8(%esp), %eax
	cmpl	EXPECTED_VECTOR, %eax
	jne	fail
	movl	12(%esp), %eax
	cmpl	EXPECTED_ERROR, %eax
	jne	fail
	movl	16(%esp), %eax
	cmpl	EXPECTED_EIP, %eax
	jne	fail
	movl	RESUME_EIP, %eax
	movl	%eax, 16(%esp)
	andl	$~0x100, 24(%esp)	/* no further steps */
	incl	FAULTS
	movl	%cr2, %eax
	movl	%eax, FAULT_ADDRESS
	movl	$-1, EXPECTED_VECTOR
	popl	%eax
	popl	%ds
	addl	$8, %esp
	iretl

	/* From any level back to level 0 and its stack, for the rest of the step. */
int_leave:
	movl	$FLAT, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$STACK0, %esp
	jmp	*RESUME_EIP

	.globl	fail
	/* Stops, on whatever stack and at whatever level; the last POST code is that of the step. */
fail:	movw	%cs, %ax
	testb	$3, %al
1:	jnz	1b
	cli
2:	hlt
	jmp	2b
