/* void call_with_registers(struct call_registers *): see call_registers.h. */
	.text
	.globl	call_with_registers
	.type	call_with_registers, @function
call_with_registers:
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	%eax, frame
	movl	40(%eax), %ecx
	movl	%ecx, target
	movl	%esp, stack
	pushl	36(%eax)
	pushl	32(%eax)
	movl	%esp, stack_at_call
	/* The arithmetic flags as wanted, the others as they are. */
	pushfl
	movl	28(%eax), %ecx
	andl	$0x8d5, %ecx
	andl	$~0x8d5, (%esp)
	orl	%ecx, (%esp)
	movl	4(%eax), %ebx
	movl	8(%eax), %ecx
	movl	12(%eax), %edx
	movl	16(%eax), %esi
	movl	20(%eax), %edi
	movl	24(%eax), %ebp
	movl	0(%eax), %eax
	popfl
	call	*target
	pushfl
	popl	flags
	movl	%eax, saved_eax
	movl	frame, %eax
	movl	%ebx, 4(%eax)
	movl	%ecx, 8(%eax)
	movl	%edx, 12(%eax)
	movl	%esi, 16(%eax)
	movl	%edi, 20(%eax)
	movl	%ebp, 24(%eax)
	movl	saved_eax, %ecx
	movl	%ecx, 0(%eax)
	movl	flags, %ecx
	movl	%ecx, 28(%eax)
	movl	%esp, %ecx
	subl	stack_at_call, %ecx
	movl	%ecx, 44(%eax)
	movl	stack, %esp
	cld
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

	.bss
	.balign 4
frame:		.skip 4
target:		.skip 4
stack:		.skip 4
stack_at_call:	.skip 4
flags:		.skip 4
saved_eax:	.skip 4
