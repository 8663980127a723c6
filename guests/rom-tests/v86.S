/*
 * Virtual-8086 mode: what IOPL decides, interrupts out of it, ports; then the end.
 */
#include "rom.h"

#define FLAG_VM		0x20000
#define V86_STACK	0x700

	/* As `faults`, in V86 mode with ES at 0 and CS over the ROM. */
	.macro	faults16 vector, error, instruction:vararg
	movl	$\vector, %es:EXPECTED_VECTOR
	movl	$\error, %es:EXPECTED_ERROR
	movl	$8f, %es:EXPECTED_EIP
	subl	$0xf0000, %es:EXPECTED_EIP
	movl	$9f, %es:RESUME_EIP
	subl	$0xf0000, %es:RESUME_EIP
8:	\instruction
	hlt
9:
	.endm

	/* Into V86 mode at a label, with FLAGS. ES 0, DS and FS over DATA. */
	.macro	to_v86 label, bits
	pushl	$0x4444				/* GS */
	pushl	$DATA_SEGMENT
	pushl	$DATA_SEGMENT
	pushl	$0
	pushl	$STACK3 >> 4
	pushl	$V86_STACK
	pushl	$FLAG_VM | 2 | (\bits)
	pushl	$0xf000
	pushl	$\label - 0xf0000
	iret
	.endm

	.text
	.code32
	.globl	v86
v86:
	/* --- 40: IOPL 0 --- */
	post	0x40
	movl	$IDT + 3 * 8, %edi		/* INT3 asks no IOPL: it is the way back */
	movl	$back, %eax
	movw	$CODE32, %cx
	movw	$0xee00, %dx
	call	store_gate
	movl	$1f, SCRATCH + 16
	to_v86	with_iopl0, 0
1:	/* --- 41: IOPL 3 --- */
	post	0x41
	movl	$1f, SCRATCH + 16
	to_v86	with_iopl3, 0x3000
1:
	/* --- ff: all is well --- */
	post	POST_END
	cli
2:	hlt
	jmp	2b

	/* INT3 in V86 mode. Stack: EIP CS EFLAGS ESP SS ES DS FS GS; data segments are null. */
back:	cmpl	$STACK0 - 36, %esp
	jne	fail
	movw	%ds, %ax
	testw	%ax, %ax
	jnz	fail
	movw	%gs, %ax
	testw	%ax, %ax
	jnz	fail
	movl	$FLAT, %eax
	movl	%eax, %ds
	movl	%eax, %es
	cmpl	$0xf000, 4(%esp)
	jne	fail
	testl	$FLAG_VM, 8(%esp)
	jz	fail
	cmpl	$V86_STACK, 12(%esp)
	jne	fail
	cmpl	$DATA_SEGMENT, 24(%esp)
	jne	fail
	cmpl	$0x4444, 32(%esp)
	jne	fail
	movl	$STACK0, %esp
	jmp	*SCRATCH + 16

	.section .text16, "ax"
	.code16
with_iopl0:
	movw	$0x1234, 0x200			/* segments are paragraphs */
	movl	$DATA + 0x200, %ebx
	cmpw	$0x1234, %fs:0x200
	jne	stop
	faults16 13, 0, movw 0xffff, %ax	/* of 64 KiB */
	faults16 12, 0, popl %ss:0xfffe
	faults16 13, 0, cli
	faults16 13, 0, sti
	faults16 13, 0, pushfw
	faults16 13, 0, popfw
	faults16 13, 0, int $0x30
	faults16 13, 0, iretw
	faults16 13, 0, hlt
	faults16 13, 0, movl %cr0, %eax
	faults16 6, 0, .byte 0x0f, 0x00, 0xc8	/* STR */
	faults16 6, 0, arpl %ax, %bx
	movw	$POST_PORT, %dx
	inb	%dx, %al
	faults16 13, 0, inb $0x64, %al
	cmpw	$V86_STACK, %sp
	jne	stop
	int3
	hlt

with_iopl3:
	pushfw
	popw	%ax
	testw	$0x3000, %ax
	jz	stop
	xorw	$0x3001, %ax			/* IOPL stays as it is */
	pushw	%ax
	popfw
	jnc	stop
	pushfw
	popw	%bx
	testw	$0x3000, %bx
	jz	stop
	cli
	pushfw					/* IRET as on an 8086 */
	pushw	%cs
	call	2f
	jmp	1f
2:	iretw
1:	faults16 13, 0, inb $0x64, %al		/* ports are by the bitmap all the same */
	faults16 13, 0, hlt
	int	$INT_USER
	cmpl	$0xf000, %es:SCRATCH
	jne	stop
	testl	$FLAG_VM, %es:SCRATCH + 4
	jz	stop
	cmpl	$V86_STACK, %es:SCRATCH + 8
	jne	stop
	cmpl	$STACK3 >> 4, %es:SCRATCH + 12
	jne	stop
	movw	%ds, %ax			/* data segments have come back */
	cmpw	$DATA_SEGMENT, %ax
	jne	stop
	int3
	/* HLT is no instruction for V86 mode: without an expectation the handler stops. */
stop:	hlt
	jmp	stop
