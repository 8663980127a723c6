/*
 * Ways into the kernel and out of it, as in Linux 2.6.22's arch/i386/kernel/entry.S: a kernel that may
 * run at level 0, 1 or 2. What is user is told by RPL 3 or EFLAGS.VM, never by comparing with 0.
 */
#include "pt_regs.h"
#include "segment.h"
#include "patch.h"

#define TSS_ESP0_FROM_SYSENTER_STACK (4 - (104 + 8192 + 4 + 256))

	.cfi_sections .debug_frame

	.macro	cfi_frame offset
	.cfi_signal_frame
	.cfi_def_cfa %esp, \offset
	.cfi_offset %eip, -12
	.endm

	.macro	SAVE_ALL
	cld
	pushl	%fs
	pushl	%es
	pushl	%ds
	pushl	%eax
	pushl	%ebp
	pushl	%edi
	pushl	%esi
	pushl	%edx
	pushl	%ecx
	pushl	%ebx
	movl	$USER_DS, %edx
	movl	%edx, %ds
	movl	%edx, %es
	movl	$KERNEL_PERCPU, %edx
	movl	%edx, %fs
	.cfi_adjust_cfa_offset 40
	.cfi_offset %eax, -32
	.cfi_offset %ebp, -36
	.cfi_offset %edi, -40
	.cfi_offset %esi, -44
	.cfi_offset %edx, -48
	.cfi_offset %ecx, -52
	.cfi_offset %ebx, -56
	.endm

	.macro	RESTORE_INT_REGS
	popl	%ebx
	popl	%ecx
	popl	%edx
	popl	%esi
	popl	%edi
	popl	%ebp
	popl	%eax
	.endm

	/* A selector that no longer fits is replaced by the null one, through the exception table. */
	.macro	pop_segment register
.Lpop\@:popl	\register
	.pushsection .fixup, "ax"
.Lfix\@:movl	$0, (%esp)
	jmp	.Lpop\@
	.popsection
	.pushsection __ex_table, "a"
	.balign	4
	.long	.Lpop\@, .Lfix\@
	.popsection
	.endm

	.macro	RESTORE_REGS
	RESTORE_INT_REGS
	pop_segment %ds
	pop_segment %es
	pop_segment %fs
	.endm

	.text

	/* Exceptions: vectors.S has pushed an error code (or -1) and jumps here with the vector pushed too. */
	.globl	exception_entry
	.type	exception_entry, @function
exception_entry:				/* stack: vector, where FS is to be; error code; EIP ... */
	.cfi_startproc
	cfi_frame 20
	cld
	pushl	%es
	pushl	%ds
	pushl	%eax
	pushl	%ebp
	pushl	%edi
	pushl	%esi
	pushl	%edx
	pushl	%ecx
	pushl	%ebx
	.cfi_adjust_cfa_offset 36
	movl	PT_FS(%esp), %eax
	movl	%fs, %ecx
	movl	%ecx, PT_FS(%esp)
	movl	$USER_DS, %ecx
	movl	%ecx, %ds
	movl	%ecx, %es
	movl	$KERNEL_PERCPU, %ecx
	movl	%ecx, %fs
	movl	%eax, %edx			/* do_exception(regs, vector, error code) */
	movl	PT_ORIG_EAX(%esp), %ecx
	movl	$-1, PT_ORIG_EAX(%esp)
	movl	%esp, %eax
	call	do_exception
	jmp	ret_from_exception
	.cfi_endproc
	.size	exception_entry, . - exception_entry

	/* Interrupts: vectors.S has pushed the complement of the vector, as Linux does. */
	.globl	interrupt_entry
	.type	interrupt_entry, @function
interrupt_entry:
	.cfi_startproc
	cfi_frame 16
	SAVE_ALL
	movl	%esp, %eax
	call	do_interrupt
	.globl	ret_from_exception
ret_from_exception:
	movl	PT_EFLAGS(%esp), %eax
	movb	PT_CS(%esp), %al
	andl	$EFLAGS_VM | 3, %eax
	cmpl	$3, %eax			/* RPL 3, or V86: resume user mode */
	jb	restore_all
	.globl	resume_userspace
resume_userspace:
	DISABLE_INTERRUPTS
	movl	%esp, %eax			/* schedules, delivers signals */
	call	prepare_for_user
restore_all:
	RESTORE_REGS
	addl	$4, %esp			/* orig_eax */
	count_call VMI_CALL_IRET
iret_site:
	INTERRUPT_RETURN
	/* A bad frame is the program's fault: taken as an exception of the code it wanted to return to. */
	.pushsection .fixup, "ax"
bad_iret:
	pushl	$0
	pushl	$TRAP_BAD_IRET
	jmp	exception_entry
	.popsection
	.pushsection __ex_table, "a"
	.balign	4
	.long	iret_site, bad_iret
	.long	native_iret, bad_iret
	.popsection
	.cfi_endproc
	.size	interrupt_entry, . - interrupt_entry

	/* void return_to_frame(struct pt_regs *): goes on in user mode with another frame. */
	.globl	return_to_frame
	.type	return_to_frame, @function
return_to_frame:
	.cfi_startproc
	.cfi_undefined %eip
	movl	%eax, %esp
	jmp	resume_userspace
	.cfi_endproc
	.size	return_to_frame, . - return_to_frame

	/* int $0x80 */
	.globl	system_call
	.type	system_call, @function
system_call:
	.cfi_startproc
	cfi_frame 12
	pushl	%eax
	.cfi_adjust_cfa_offset 4
	SAVE_ALL
	movl	%esp, %eax
	ENABLE_INTERRUPTS
	call	do_system_call
	jmp	resume_userspace
	.cfi_endproc
	.size	system_call, . - system_call

	/*
	 * SYSENTER. ESP is the end of the TSS, so that esp0 is found there. EBP holds the user's stack
	 * pointer, on which its EBP, EDX and ECX lie; the return address is always the same.
	 */
	.globl	sysenter_entry
	.type	sysenter_entry, @function
sysenter_entry:
	.cfi_startproc
	.cfi_undefined %eip
	movl	TSS_ESP0_FROM_SYSENTER_STACK(%esp), %esp
	ENABLE_INTERRUPTS
	pushl	$USER_DS
	pushl	%ebp
	pushfl
	orl	$EFLAGS_IF, (%esp)		/* raw PUSHF need not show the flag */
	pushl	$USER_CS
	pushl	$user_sysenter_return
	pushl	%eax
	SAVE_ALL
	movl	%esp, %eax
	call	do_system_call
	DISABLE_INTERRUPTS
	movl	%esp, %eax
	call	prepare_for_user
	testl	%eax, %eax			/* more was changed than EAX: leave by IRET */
	jnz	restore_all
	movl	PT_EIP(%esp), %edx
	movl	PT_OLDESP(%esp), %ecx
	pushl	PT_FS(%esp)
	pop_segment %fs
	movl	PT_EAX(%esp), %eax
	xorl	%ebp, %ebp
	ENABLE_INTERRUPTS_SYSEXIT
	.cfi_endproc
	.size	sysenter_entry, . - sysenter_entry

	.globl	native_iret, native_irq_enable_sysexit
	.type	native_iret, @function
native_iret:
	iret
	.type	native_irq_enable_sysexit, @function
native_irq_enable_sysexit:
	sti
	sysexit

	/* First code of a new task: the stack holds its frame. */
	.globl	ret_from_fork
	.type	ret_from_fork, @function
ret_from_fork:
	.cfi_startproc
	.cfi_undefined %eip
	call	schedule_tail
	jmp	resume_userspace
	.cfi_endproc
	.size	ret_from_fork, . - ret_from_fork

	/* First code of a kernel thread: EBX = function, EDI = argument. */
	.globl	kernel_thread_start
	.type	kernel_thread_start, @function
kernel_thread_start:
	.cfi_startproc
	.cfi_undefined %eip
	call	schedule_tail
	movl	%edi, %eax
	call	*%ebx
	call	exit_task
	ud2
	.cfi_endproc
	.size	kernel_thread_start, . - kernel_thread_start

	/* void switch_stacks(u32 *previous_esp, u32 next_esp): returns in the new task. */
	.globl	switch_stacks
	.type	switch_stacks, @function
switch_stacks:
	.cfi_startproc
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	%esp, (%eax)
	movl	%edx, %esp
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret
	.cfi_endproc
	.size	switch_stacks, . - switch_stacks
