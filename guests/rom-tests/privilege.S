/*
 * Levels 0 and 3: gates, what a user may not do, and what the I/O bitmap lets him do.
 */
#include "rom.h"

	.text
	.code32
	.globl	privilege
privilege:
	/* --- 15: to level 3 and back --- */
	post	0x15
	movl	$TSS_MAIN, %edi
	xorl	%eax, %eax
	movl	$26, %ecx
	rep stosl
	decl	%eax			/* no port */
	movl	$0x42, %ecx
	rep stosl
	movl	$STACK0, TSS_MAIN + 4
	movl	$FLAT, TSS_MAIN + 8
	movw	$0x68, TSS_MAIN + 0x66
	andb	$0xfe, TSS_MAIN + 0x68 + (POST_PORT >> 3)
	movl	$MAIN_TASK, %ecx
	ltr	%cx
	testb	$2, GDT + MAIN_TASK + 5
	jz	fail
	faults	13, MAIN_TASK, ltr %cx	/* it is busy now */
	str	%ax
	cmpw	$MAIN_TASK, %ax
	equal

	movl	$USER_DATA, %eax
	movl	%eax, %es
	movl	%eax, %gs
	pushl	$USER_DATA
	pushl	$STACK3
	pushl	$2
	pushl	$USER_CODE
	pushl	$1f
	iret
1:	cmpl	$STACK3, %esp
	equal
	movw	%cs, %ax
	cmpw	$USER_CODE, %ax
	equal
	movw	%ds, %ax			/* of level 0: gone */
	testw	%ax, %ax
	equal
	movw	%gs, %ax
	cmpw	$USER_DATA, %ax
	equal
	movl	$USER_DATA, %eax
	movl	%eax, %ds

	faults	13, 0, cli
	faults	13, 0, hlt
	faults	13, 0, movl %cr0, %eax
	faults	13, 0, movl %eax, %cr3
	faults	13, 0, clts
	faults	13, 0, lgdt SCRATCH
	faults	13, 0, lmsw %ax
	faults	13, 0, ltr %ax
	movl	$FLAT, %ecx
	faults	13, FLAT, movl %ecx, %fs
	faults	13, FLAT, movl %ecx, %ss
	faults	13, INT_PRIVATE * 8 + 2, int $INT_PRIVATE
	faults	13, 14 * 8 + 2, int $14		/* exceptions of the processor only */
	faults	13, GATE_PRIVATE & ~3, lcall $GATE_PRIVATE, $0
	faults	13, CODE32, ljmp $CODE32, $fail
	faults	13, CODE32, lcall $CODE32 | 3, $fail
	faults	13, MAIN_TASK, ljmp $MAIN_TASK, $0
	pushl	$CODE32
	pushl	$fail
	faults	13, CODE32, lret
	addl	$8, %esp
	lcall	$CONFORMING, $conforming	/* allowed, and the level stays */
	cmpw	$CONFORMING | 3, %bx
	equal

	/* IF and IOPL are not for level 3 to change; no fault either */
	pushfl
	popl	%eax
	orl	$0x3200, %eax
	pushl	%eax
	popfl
	pushfl
	popl	%eax
	testl	$0x3200, %eax
	jnz	fail
	orl	$0x4001, %eax			/* but CF and NT are */
	pushl	%eax
	popfl
	jnc	fail
	pushfl
	popl	%eax
	testl	$0x4000, %eax
	jz	fail
	andl	$~0x4000, %eax
	pushl	%eax
	popfl

	/* ports by the bitmap; both bytes of a word must be allowed; one beyond the map is not */
	movw	$POST_PORT, %dx
	inb	%dx, %al
	faults	13, 0, inw %dx, %ax
	faults	13, 0, inb $0x64, %al
	movw	$0x8000, %dx
	faults	13, 0, outb %al, %dx
	xorl	%ecx, %ecx
	faults	13, 0, rep insb			/* even where nothing is moved */

	/* --- 16: through gates to level 0 --- */
	post	0x16
	movl	$0x11111111, %ebx
	pushl	$0xaaaa5555
	pushl	$0x12345678
	lcall	$GATE0, $0xdead			/* the offset does not count */
	cmpl	$0x5555aaaa, %ebx		/* set by the target if all is well */
	equal
	cmpl	$STACK3, %esp			/* the parameters are gone from this stack, too */
	equal
	int	$INT_USER
	cmpl	$USER_CODE, SCRATCH
	equal
	cmpl	$STACK3, SCRATCH + 8
	equal
	cmpl	$USER_DATA, SCRATCH + 12
	equal
	movl	$1f, RESUME_EIP
	int	$INT_LEAVE
1:	movw	%cs, %ax
	cmpw	$CODE32, %ax
	equal
	jmp	tasks

conforming:
	movw	%cs, %bx
	lret

	/* Stack: EIP, CS, the two parameters in order, ESP and SS of level 3. */
	.globl	gate_target
gate_target:
	movw	%cs, %ax
	cmpw	$CODE32, %ax
	equal
	movw	%ss, %ax
	cmpw	$FLAT, %ax
	equal
	cmpl	$STACK0 - 24, %esp
	equal
	cmpl	$USER_CODE, 4(%esp)
	equal
	cmpl	$0x12345678, 8(%esp)
	equal
	cmpl	$0xaaaa5555, 12(%esp)
	equal
	cmpl	$STACK3 - 8, 16(%esp)
	equal
	cmpl	$USER_DATA, 20(%esp)
	equal
	movl	$0x5555aaaa, %ebx
	lret	$8

	/* Keeps CS, EFLAGS, ESP and SS of who came for him to look at. */
	.globl	int_user
int_user:
	pushl	%ds
	pushl	%eax
	movl	$FLAT, %eax
	movl	%eax, %ds
	movl	12(%esp), %eax
	movl	%eax, SCRATCH
	movl	16(%esp), %eax
	movl	%eax, SCRATCH + 4
	movl	20(%esp), %eax
	movl	%eax, SCRATCH + 8
	movl	24(%esp), %eax
	movl	%eax, SCRATCH + 12
	popl	%eax
	popl	%ds
	iret
