/*
 * int catch_exception(void (*function)(void *), void *argument, struct caught *caught)
 * The C part of an exception leaves its story in *caught and lets the kernel go on at catch_resume.
 */
	.text
	.globl	catch_exception
	.type	catch_exception, @function
catch_exception:
	.cfi_sections .debug_frame
	.cfi_startproc
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	.cfi_adjust_cfa_offset 16
	movl	%ecx, catcher
	movl	%esp, catch_stack
	movl	%eax, %ecx
	movl	%edx, %eax
	call	*%ecx
	xorl	%eax, %eax
	jmp	1f
	.globl	catch_resume
catch_resume:
	movl	catch_stack, %esp
	cld
	movl	$1, %eax
1:	movl	$0, catcher
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	.cfi_adjust_cfa_offset -16
	ret
	.cfi_endproc
	.size	catch_exception, . - catch_exception

	.bss
	.balign 4
	.globl	catcher
catcher:
	.skip	4
catch_stack:
	.skip	4
