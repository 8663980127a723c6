/* The parts of events.c that are trips between levels: loops at the one end, handlers at the other. */
#include "events.h"

	.text

/* uint32_t run_in_ring3(void (*loop)(void), uint32_t rounds): ECX is rounds, the result what EAX is at VECTOR_LEAVE. */
	.globl	run_in_ring3
run_in_ring3:
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	20(%esp), %edx
	movl	24(%esp), %ecx
	movl	%esp, kernel_esp
	movl	$USER_DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	pushl	$USER_DATA
	pushl	$user_stack_top
	pushl	$2
	pushl	$USER_CODE
	pushl	%edx
	xorl	%eax, %eax
	iretl

	.globl	handle_leave
handle_leave:
	movl	$KERNEL_DATA, %edx
	movl	%edx, %ds
	movl	%edx, %es
	movl	kernel_esp, %esp
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

/* uint32_t int_loop(uint32_t rounds), in ring 0. */
	.globl	int_loop
int_loop:
	movl	4(%esp), %ecx
	xorl	%eax, %eax
1:	int	$VECTOR_TRIP
	decl	%ecx
	jnz	1b
	ret

	.globl	handle_trip
handle_trip:
	incl	%eax
	iretl

/* Loops of ring 3: ECX rounds, EAX counts. */
	.globl	ring_loop
ring_loop:
	int	$VECTOR_TRIP
	decl	%ecx
	jnz	ring_loop
	int	$VECTOR_LEAVE

	.globl	gate_loop
gate_loop:
	lcall	$CALL_GATE, $0
	decl	%ecx
	jnz	gate_loop
	int	$VECTOR_LEAVE

	.globl	handle_gate
handle_gate:
	incl	%eax
	lretl

	.globl	sysenter_loop
sysenter_loop:
	movl	%ecx, %esi
1:	movl	%esp, %ecx
	movl	$2f, %edx
	sysenter
2:	decl	%esi
	jnz	1b
	int	$VECTOR_LEAVE

	.globl	handle_sysenter
handle_sysenter:
	incl	%eax
	sysexit

/* Touches one page after the other; EAX adds up what is found there. */
	.globl	touch_loop
touch_loop:
	xorl	%edx, %edx
1:	movl	%edx, %ebx
	andl	$(LAZY_PAGES - 1), %ebx
	shll	$12, %ebx
	addl	LAZY_BASE(%ebx), %eax
	incl	%edx
	decl	%ecx
	jnz	1b
	int	$VECTOR_LEAVE

/* Maps the page of CR2 and takes away the one mapped before it. */
	.globl	handle_page_fault
handle_page_fault:
	pushl	%eax
	pushl	%ecx
	pushl	%edx
	movl	%cr2, %eax
	movl	%eax, %ecx
	shrl	$12, %ecx
	andl	$(LAZY_PAGES - 1), %ecx
	movl	lazy_frames(,%ecx,4), %edx
	orl	$7, %edx
	movl	%edx, lazy_table(,%ecx,4)
	invlpg	(%eax)
	decl	%ecx
	andl	$(LAZY_PAGES - 1), %ecx
	movl	$0, lazy_table(,%ecx,4)
	shll	$12, %ecx
	invlpg	LAZY_BASE(%ecx)
	popl	%edx
	popl	%ecx
	popl	%eax
	addl	$4, %esp
	iretl

/*
 * void switch_to(uint32_t *save, uint32_t esp, uint32_t cr3): gives the processor to the other task, with everything that
 * belongs to this one on its stack.
 */
	.globl	switch_to
switch_to:
	movl	4(%esp), %eax
	movl	8(%esp), %edx
	movl	12(%esp), %ecx
	pushfl
	cli
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	pushl	%ds
	pushl	%es
	pushl	%fs
	pushl	%gs
	movl	%esp, (%eax)
	movl	%edx, %esp
	movl	%ecx, %cr3
	popl	%gs
	popl	%fs
	popl	%es
	popl	%ds
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	popfl
	ret

/* uint32_t flag_loop(uint32_t rounds): sections with interrupts off, nested and not. */
	.globl	flag_loop
flag_loop:
	movl	4(%esp), %ecx
	xorl	%eax, %eax
1:	pushfl
	cli
	incl	%eax
	pushfl
	popl	%edx
	popfl
	cli
	addl	%edx, %eax
	sti
	decl	%ecx
	jnz	1b
	cli
	ret

/* uint32_t segment_loop(uint32_t rounds): what an entry to a kernel and its end do to segment registers, and a far jump. */
	.globl	segment_loop
segment_loop:
	movl	4(%esp), %ecx
	xorl	%eax, %eax
	movl	$USER_DATA, %edx
1:	pushl	%ds
	pushl	%es
	pushl	%fs
	movl	%edx, %ds
	movl	%edx, %es
	movl	%edx, %fs
	addl	segment_words, %eax
	popl	%fs
	popl	%es
	popl	%ds
	ljmp	$KERNEL_CODE, $2f
2:	incl	%eax
	decl	%ecx
	jnz	1b
	ret

/* IRQ4, the interrupt of a serial port whose transmitter is empty: acknowledged at both ends. */
	.globl	handle_serial
handle_serial:
	pushl	%eax
	pushl	%edx
	movl	$(COM1 + 2), %edx
	inb	%dx, %al
	incl	interrupts
	movb	$0x20, %al
	outb	%al, $0x20
	popl	%edx
	popl	%eax
	iretl

	.globl	handle_timer
handle_timer:
	pushl	%eax
	incl	interrupts
	movb	$0x20, %al
	outb	%al, $0x20
	popl	%eax
	iretl

	.data
	.balign 4
	.globl	segment_words
segment_words:
	.long	3

	.bss
	.balign 4
kernel_esp:
	.skip	4
	.globl	interrupts
interrupts:
	.skip	4
	.balign 4096
	.skip	4096
user_stack_top:
	.globl	inner_stack_top
	.skip	4096
inner_stack_top:
