/*
 * One entry per interrupt vector. Each brings the stack to the layout of struct interrupt_frame
 * (interrupts.h) and calls interrupt_dispatch(frame).
 */
#define VECTORS 48			/* 32 exceptions, then 16 interrupt lines */

	/*
	 * CFI tells debuggers where the interrupted function's registers are. Its stack pointer is the
	 * frame address; below it lie EFLAGS, CS and EIP, then error code and vector.
	 */
	.cfi_sections .debug_frame

	.macro	vector number, error_code=0
	.text
	.type	vector_\number, @function
vector_\number:
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa %esp, 12 + 4 * \error_code
	.cfi_offset %eip, -12
	.if \error_code == 0
	pushl	$0				/* stands where others have an error code */
	.cfi_adjust_cfa_offset 4
	.endif
	pushl	$\number
	.cfi_adjust_cfa_offset 4
	jmp	common
	.cfi_endproc
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
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa %esp, 20
	.cfi_offset %eip, -12
	pushal
	.cfi_adjust_cfa_offset 32
	.cfi_offset %eax, -24
	.cfi_offset %ecx, -28
	.cfi_offset %edx, -32
	.cfi_offset %ebx, -36
	.cfi_offset %ebp, -44
	.cfi_offset %esi, -48
	.cfi_offset %edi, -52
	cld
	pushl	%esp				/* the frame */
	.cfi_adjust_cfa_offset 4
	call	interrupt_dispatch
	addl	$4, %esp
	.cfi_adjust_cfa_offset -4
	popal
	.cfi_adjust_cfa_offset -32
	.irp	register, %eax, %ecx, %edx, %ebx, %ebp, %esi, %edi
	.cfi_restore \register
	.endr
	addl	$8, %esp			/* vector and error code */
	.cfi_adjust_cfa_offset -8
	iret
	.cfi_endproc
	.size	common, . - common
