/*
 * One entry per interrupt vector. Each brings the stack to the layout of struct interrupt_frame
 * (interrupts.h) and calls interrupt_dispatch(frame).
 */
#define VECTORS 48			/* 32 exceptions, then 16 interrupt lines */

	.macro	vector number, error_code=0
	.text
	.type	vector_\number, @function
vector_\number:
	.if \error_code == 0
	pushl	$0				/* stands where others have an error code */
	.endif
	pushl	$\number
	jmp	common
	.size	vector_\number, . - vector_\number

	.section .rodata
	.long	vector_\number
	.endm

	.section .rodata
	.balign 4
	.globl	vector_table
vector_table:

	/* The exceptions with an error code: Intel SDM vol. 3, table 6-1. */
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	vector	\n
	.endr
	vector	8, 1				/* #DF */
	vector	9
	.irp	n, 10, 11, 12, 13, 14		/* #TS #NP #SS #GP #PF */
	vector	\n, 1
	.endr
	.irp	n, 15, 16
	vector	\n
	.endr
	vector	17, 1				/* #AC */
	.irp	n, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
	vector	\n
	.endr
	.irp	n, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47
	vector	\n
	.endr

	.text
	.type	common, @function
common:
	pushal
	cld
	pushl	%esp				/* the frame */
	call	interrupt_dispatch
	addl	$4, %esp
	popal
	addl	$8, %esp			/* vector and error code */
	iret
	.size	common, . - common
