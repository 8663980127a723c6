/* The user programs' way in, system calls, and recovery from faults. All of it is user code and data. */
#include "pt_regs.h"
#include "segment.h"
#include "syscall.h"

	.section .user.text, "ax", @progbits

	/* EAX = argument, EDX = program. */
	.globl	user_entry
	.type	user_entry, @function
user_entry:
	xorl	%ebp, %ebp
	call	*%edx
	movl	%eax, %ebx
	movl	$SYS_exit, %eax
	int	$0x80
	ud2

	.globl	user_syscall
	.type	user_syscall, @function
user_syscall:				/* (number, a, b, c, d), regparm(3) */
	pushl	%ebx
	pushl	%esi
	movl	%edx, %ebx
	movl	12(%esp), %edx
	movl	16(%esp), %esi
	int	$0x80
	popl	%esi
	popl	%ebx
	ret

	.globl	user_sysenter
	.type	user_sysenter, @function
user_sysenter:
	pushl	%ebx
	pushl	%esi
	movl	%edx, %ebx
	movl	12(%esp), %edx
	movl	16(%esp), %esi
	call	sysenter_gate
	popl	%esi
	popl	%ebx
	ret

	/* As Linux's vsyscall page: EDX and ECX are spent by SYSEXIT, EBP carries the stack. */
sysenter_gate:
	pushl	%ecx
	pushl	%edx
	pushl	%ebp
	movl	%esp, %ebp
	sysenter
	.globl	user_sysenter_return
user_sysenter_return:
	popl	%ebp
	popl	%edx
	popl	%ecx
	ret

	.globl	user_sigreturn
	.type	user_sigreturn, @function
user_sigreturn:
	movl	$SYS_sigreturn, %eax
	int	$0x80
	ud2

	.globl	user_try
	.type	user_try, @function
user_try:				/* (function, argument) */
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	pushl	%eax
	pushl	%edx
	movl	$user_fault_handler, %ebx
	movl	$SYS_signal, %eax
	int	$0x80
	popl	%eax
	popl	%edx
	movl	%esp, try_stack
	call	*%edx
	xorl	%eax, %eax
	jmp	1f
try_recover:
	movl	try_stack, %esp
	movl	$1, %eax
1:	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

	/* (fault, registers): the program goes on behind user_try's call. */
user_fault_handler:
	pushl	%esi
	pushl	%edi
	movl	%eax, %esi
	movl	$user_fault, %edi
	movl	$6, %ecx
	rep movsl
	movl	$try_recover, PT_EIP(%edx)
	andl	$~EFLAGS_TF, PT_EFLAGS(%edx)
	popl	%edi
	popl	%esi
	ret

	.macro	load_patterns
	movl	$0xb1b2b3b4, %ebx
	movl	$0xc1c2c3c4, %ecx
	movl	$0xd1d2d3d4, %edx
	movl	$0x51525354, %esi
	movl	$0x71727374, %edi
	.endm

	.macro	check_pattern register, value
	cmpl	$\value, \register
	jne	patterns_differ
	.endm

	.globl	user_registers_kept
	.type	user_registers_kept, @function
user_registers_kept:			/* (number, by sysenter) */
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	%esp, pattern_stack
	movl	%edx, %ecx
	movl	$0xe1e2e3e4, %ebp
	testl	%ecx, %ecx
	load_patterns
	jnz	2f
	int	$0x80
	jmp	3f
2:	call	sysenter_gate
3:	check_pattern %ebx, 0xb1b2b3b4
	check_pattern %ecx, 0xc1c2c3c4
	check_pattern %edx, 0xd1d2d3d4
	check_pattern %esi, 0x51525354
	check_pattern %edi, 0x71727374
	check_pattern %ebp, 0xe1e2e3e4
	cmpl	pattern_stack, %esp
	jne	patterns_differ
patterns_equal:
	movl	$1, %eax
	jmp	4f
patterns_differ:
	xorl	%eax, %eax
4:	movl	pattern_stack, %esp
	cld
	popl	%edi
	popl	%esi
	popl	%ebx
	popl	%ebp
	ret

	.globl	user_spin
	.type	user_spin, @function
user_spin:				/* (count) */
	pushl	%ebp
	pushl	%ebx
	pushl	%esi
	pushl	%edi
	movl	%esp, pattern_stack
	movl	$0xe1e2e3e4, %ebp
	load_patterns
	movl	%eax, %ecx
	movl	$0xa1a2a3a4, %eax
	std				/* DF and CF must survive too: LEA and JECXZ leave the flags alone */
	stc
5:	leal	-1(%ecx), %ecx
	jecxz	6f
	jmp	5b
6:	jnc	patterns_differ
	pushfl
	testl	$0x400, (%esp)
	popl	%ecx
	jz	patterns_differ
	check_pattern %eax, 0xa1a2a3a4
	check_pattern %ebx, 0xb1b2b3b4
	check_pattern %edx, 0xd1d2d3d4
	check_pattern %esi, 0x51525354
	check_pattern %edi, 0x71727374
	check_pattern %ebp, 0xe1e2e3e4
	jmp	patterns_equal

	.section .user.data, "aw", @progbits
	.balign 4
	.globl	user_fault
user_fault:
	.fill	6, 4, 0
try_stack:
	.long	0
pattern_stack:
	.long	0
