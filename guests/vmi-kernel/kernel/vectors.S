/* One entry per vector. Exceptions push an error code where the processor does not, and the vector. */
#include "segment.h"

	.cfi_sections .debug_frame

	.macro	exception number, error_code=0
	.text
	.type	exception_\number, @function
exception_\number:
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa %esp, 12 + 4 * \error_code
	.cfi_offset %eip, -12
	.if \error_code == 0
	pushl	$0
	.cfi_adjust_cfa_offset 4
	.endif
	pushl	$\number
	.cfi_adjust_cfa_offset 4
	jmp	exception_entry
	.cfi_endproc
	.size	exception_\number, . - exception_\number
	.section .rodata
	.long	exception_\number
	.endm

	.section .rodata
	.balign 4
	.globl	exception_table, interrupt_table
exception_table:
	.irp	n, 0, 1, 2, 3, 4, 5, 6, 7
	exception \n
	.endr
	exception 8, 1
	exception 9
	.irp	n, 10, 11, 12, 13, 14
	exception \n, 1
	.endr
	.irp	n, 15, 16
	exception \n
	.endr
	exception 17, 1
	.irp	n, 18, 19
	exception \n
	.endr

	/* Interrupts from FIRST_IRQ_VECTOR to 255, sixteen bytes apart. */
	.text
	.balign	16
	.type	interrupt_table, @function
interrupt_table:
	.cfi_startproc
	.cfi_signal_frame
	.cfi_def_cfa %esp, 12
	.cfi_offset %eip, -12
	.set	vector, FIRST_IRQ_VECTOR
	.rept	256 - FIRST_IRQ_VECTOR
	.balign	16
	pushl	$~vector			/* below 0: no system call */
	.cfi_adjust_cfa_offset 4
	jmp	interrupt_entry
	.cfi_adjust_cfa_offset -4
	.set	vector, vector + 1
	.endr
	.cfi_endproc
	.size	interrupt_table, . - interrupt_table
