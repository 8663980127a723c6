/*
 * One function for each exception, with the instruction that raises it. Around the instruction stand
 * two labels: NAME_at, where EIP is expected to point, and NAME_resume, where the handler goes on. No
 * trigger has anything on the stack at its instruction.
 */
#include "gdt.h"

	.text

	.macro	trigger name
	.globl	\name, \name\()_at, \name\()_resume
	.type	\name, @function
\name:
	.endm

	.macro	done name
\name\()_resume:
	ret
	.size	\name, . - \name
	.endm

	trigger	divide_by_zero
	movl	$1, %eax
	xorl	%edx, %edx
	xorl	%ecx, %ecx
divide_by_zero_at:
	divl	%ecx
	done	divide_by_zero

	/* Traps: EIP points behind the instruction. */
	trigger	breakpoint
	int3
breakpoint_at:
	done	breakpoint

	trigger	overflow
	movb	$0x7f, %al
	addb	$1, %al
	into
overflow_at:
	done	overflow

	trigger	out_of_bounds
	movl	$8, %eax
out_of_bounds_at:
	bound	%eax, bounds
	done	out_of_bounds

	trigger	undefined_opcode
undefined_opcode_at:
	ud2
	done	undefined_opcode

	trigger	segment_not_present
	movl	$ABSENT_DS, %eax
segment_not_present_at:
	movl	%eax, %es
	done	segment_not_present

	trigger	stack_not_present
	movl	$ABSENT_DS, %eax
stack_not_present_at:
	movl	%eax, %ss
	done	stack_not_present

	trigger	write_to_code
write_to_code_at:
	movl	$0, %cs:bounds
	done	write_to_code

	trigger	beyond_limit
	movl	$SHORT_DS, %eax
	movl	%eax, %fs
beyond_limit_at:
	movl	%fs:SHORT_LIMIT, %eax		/* bytes 1-3 of the four lie beyond */
	done	beyond_limit

	trigger	beyond_gdt
	movl	$BEYOND_GDT, %eax
beyond_gdt_at:
	movl	%eax, %es
	done	beyond_gdt

	trigger	beyond_idt
beyond_idt_at:
	int	$BEYOND_IDT
	done	beyond_idt

	trigger	read_absent_page
read_absent_page_at:
	movl	ABSENT_PAGE, %eax
	done	read_absent_page

	trigger	write_absent_page
write_absent_page_at:
	movl	%eax, ABSENT_PAGE
	done	write_absent_page

	/* The second half lies on an absent page: CR2 must name that one, not the start of the operand. */
	trigger	straddle_pages
straddle_pages_at:
	movl	ABSENT_PAGE - 2, %eax
	done	straddle_pages

	/* An IDT of nothing: the first exception finds no handler, nor does the double fault after it. */
	.globl	triple_fault
	.type	triple_fault, @function
triple_fault:
	lidt	no_idt
	int3
	.size	triple_fault, . - triple_fault

	.section .rodata
	.balign 4
bounds:
	.long	0, 7
no_idt:
	.word	0
	.long	0
