/*
 * Reset, and all that can be tested in real mode.
 */
#include "rom.h"

	.section .reset, "ax"
	.code16
	.globl	_start
_start:
	ljmp	$0xf000, $start_offset
	.fill	11, 1, 0

	.section .text16, "ax"
rom:
	.code16
	.globl	fail16
	/* Stops; the last POST code is that of the step. */
fail16:
fail:	cli
	hlt
	jmp	fail

	.set	start_offset, start - rom
start:
	cli
	cld
	xorw	%ax, %ax
	movw	%ax, %ss
	movw	$REAL_STACK, %sp
	movw	%ax, %es
	movw	$DATA_SEGMENT, %ax
	movw	%ax, %ds
	movw	%ax, %fs

	/* --- 01: every condition on every value of the flags it asks --- */
	post	0x01
	xorw	%cx, %cx		/* CL: flags SF ZF PF CF as in FLAGS, CH bit 3: OF */
1:	movw	%cx, %ax
	andw	$0x08d5, %ax
	pushw	%ax
	popfw
	pushfw
	popw	%bx
	andw	$0x08d5, %bx
	cmpw	%ax, %bx
	equal
	call	check_conditions
	addw	$1, %cx
	cmpw	$0x0900, %cx
	jne	1b

	/* --- 02: sums and differences with their flags --- */
	post	0x02
	movw	$sums - rom, %si
2:	movl	%cs:(%si), %eax
	movl	%cs:4(%si), %ebx
	addl	%ebx, %eax
	pushfw
	popw	%dx
	andw	$0x08d5, %dx
	cmpl	%cs:8(%si), %eax
	equal
	cmpw	%cs:12(%si), %dx
	equal
	/* back again: the difference is the first operand */
	subl	%ebx, %eax
	pushfw
	popw	%dx
	andw	$0x08d5, %dx
	cmpl	%cs:(%si), %eax
	equal
	cmpw	%cs:14(%si), %dx
	equal
	addw	$16, %si
	cmpw	$sums_end - rom, %si
	jne	2b
	/* carries through ADC, SBB; INC and DEC leave CF alone; NEG; CMP changes no operand */
	movl	$0xffffffff, %eax
	stc
	adcl	$0, %eax
	flags	CF|ZF|SF|OF, CF|ZF
	xorl	%eax, %eax
	stc
	sbbl	$0, %eax
	cmpl	$0xffffffff, %eax
	equal
	movb	$0x7f, %bl
	stc
	incb	%bl
	flags	CF|OF|SF|AF, CF|OF|SF|AF
	movb	$0x80, %bl
	clc
	decb	%bl
	flags	CF|OF|SF|AF, OF|AF
	movw	$0x8000, %bx
	negw	%bx
	flags	CF|OF|SF|ZF, CF|OF|SF
	cmpw	$0x8000, %bx
	equal
	xorl	%ebx, %ebx
	negl	%ebx
	flags	CF|ZF, ZF

	/* --- 03: shifts and rotates --- */
	post	0x03
	movw	$0x8001, %bx
	rolw	$1, %bx
	flags	CF|OF, CF|OF
	cmpw	$0x0003, %bx
	equal
	movb	$0x01, %bl
	rorb	$1, %bl
	flags	CF|OF, CF|OF
	movl	$0x80000000, %ebx
	clc
	rcll	$1, %ebx
	flags	CF|OF, CF|OF
	stc
	rcll	$1, %ebx
	cmpl	$1, %ebx
	equal
	movb	$9, %cl			/* nine bits with CF: RCL of a byte by 9 is nothing */
	movb	$0xa5, %bl
	stc
	rclb	%cl, %bl
	flags	CF, CF
	cmpb	$0xa5, %bl
	equal
	movb	$33, %cl		/* counts are taken modulo 32 */
	movl	$3, %ebx
	shll	%cl, %ebx
	cmpl	$6, %ebx
	equal
	movb	$32, %cl		/* a count of 0 changes no flag */
	stc
	shrl	%cl, %ebx
	flags	CF, CF
	movl	$0x80000001, %ebx
	sarl	$1, %ebx
	flags	CF|OF|SF, CF|SF
	cmpl	$0xc0000000, %ebx
	equal
	movl	$0x80000000, %ebx
	shrl	$1, %ebx
	flags	OF|SF|ZF, OF
	movl	$0x12345678, %ebx
	movl	$0x9abcdef0, %edx
	shldl	$8, %edx, %ebx
	cmpl	$0x3456789a, %ebx
	equal
	movb	$4, %cl
	shrdl	%cl, %edx, %ebx
	cmpl	$0x03456789, %ebx
	equal
	movw	$0x8000, %bx
	shldw	$1, %bx, %bx
	flags	CF, CF
	cmpw	$1, %bx
	equal

	/* --- 04: decimal adjustment --- */
	post	0x04
	movb	$0x28, %al
	addb	$0x19, %al
	daa
	cmpb	$0x47, %al
	equal
	movb	$0x99, %al
	addb	$0x01, %al
	daa
	movb	%al, %bl
	flags	CF|AF|ZF, CF|AF|ZF
	movb	$0x20, %al
	subb	$0x01, %al
	das
	cmpb	$0x19, %al
	equal
	movw	$0x0009, %ax
	addb	$0x08, %al
	aaa
	cmpw	$0x0107, %ax
	equal
	movw	$0x0204, %ax
	subb	$0x06, %al
	aas
	cmpw	$0x0108, %ax
	equal
	movb	$63, %al
	aam
	cmpw	$0x0603, %ax
	equal
	aad
	cmpw	$63, %ax
	equal

	/* --- 05: products, quotients, and quotients that are too large --- */
	post	0x05
	movl	$0x80000001, %eax
	movl	$3, %ebx
	mull	%ebx
	jnc	fail
	cmpl	$1, %edx
	equal
	cmpl	$0x80000003, %eax
	equal
	divl	%ebx
	cmpl	$0x80000001, %eax
	equal
	movw	$-300, %ax
	movb	$7, %bl
	idivb	%bl
	cmpw	$0xfad6, %ax		/* quotient -42, remainder -6 */
	equal
	movl	$-5, %eax
	movl	$0x40000000, %ebx
	imull	%ebx
	cmpl	$0xfffffffe, %edx
	equal
	imull	$-3, %ebx, %ecx
	jno	fail
	imulw	$5, %bx, %cx
	jo	fail
	movw	$0, %es:EXPECTED_VECTOR
	movw	$divide_error - rom, %es:0
	movw	%cs, %es:2
	movw	$5f - rom, %es:RESUME_EIP
	movw	$4f - rom, %es:EXPECTED_EIP
	movw	$0x1234, %ax
	movb	$0x12, %bl
4:	divb	%bl
	jmp	fail
5:	movw	$6f - rom, %es:RESUME_EIP
	movw	$5f - rom, %es:EXPECTED_EIP
	movl	$0x80000000, %eax
	cltd
	movl	$-1, %ebx
5:	idivl	%ebx
	jmp	fail
6:	cmpw	$2, %es:EXPECTED_VECTOR
	equal

	/* --- 06: strings in both directions and all sizes --- */
	post	0x06
	call	test_strings

	/* --- 07: the stack --- */
	post	0x07
	movw	%sp, %bp
	pushw	%sp			/* the value before the push */
	popw	%ax
	cmpw	%bp, %ax
	equal
	movl	$0x11112222, %eax
	movl	$0x33334444, %ebx
	pushal
	movl	%es:16(%esp), %edx	/* EBX */
	cmpl	%ebx, %edx
	equal
	movl	$0x55556666, %es:16(%esp)
	movl	$0x77778888, %es:12(%esp)	/* ESP is not popped */
	popal
	cmpl	$0x55556666, %ebx
	equal
	cmpw	%bp, %sp
	equal
	movw	$0xaaaa, %es:REAL_STACK - 0x12
	enter	$8, $0
	cmpw	$REAL_STACK - 2, %bp
	equal
	cmpw	$REAL_STACK - 10, %sp
	equal
	leave
	enter	$4, $2			/* copies a frame pointer of the outer level, and its own */
	cmpw	$REAL_STACK - 10, %sp
	equal
	movw	%es:REAL_STACK - 6, %ax
	cmpw	%bp, %ax
	equal
	leave
	pushl	$0x12345678
	popw	%ax
	cmpw	$0x5678, %ax
	equal
	popw	%ax
	cmpw	$0x1234, %ax
	equal
	pushw	$0xff
	pushfw
	popw	%ax
	popw	%ax

	/* --- 08: bits and bit strings --- */
	post	0x08
	xorl	%eax, %eax
	movl	%eax, 0x100
	movl	%eax, 0x0fc
	movl	$9, %ebx
	btsl	%ebx, 0x100
	jc	fail
	cmpl	$0x200, 0x100
	equal
	btl	%ebx, 0x100
	jnc	fail
	movl	$-1, %ebx		/* the bit before: the top of the dword below */
	btcl	%ebx, 0x100
	cmpl	$0x80000000, 0x0fc
	equal
	btrl	%ebx, 0x100
	jnc	fail
	cmpl	$0, 0x0fc
	equal
	movw	$0x0104, %ax		/* far bits: 16-bit operands move by words */
	movw	$-16, %bx
	btsw	%bx, 0x100
	cmpw	$1, 0x0fe
	equal
	btsl	$33, 0x100		/* an immediate is taken modulo 32 */
	cmpl	$0x202, 0x100
	equal
	movl	$0x00010400, %ebx
	bsfl	%ebx, %eax
	cmpl	$10, %eax
	equal
	bsrl	%ebx, %eax
	cmpl	$16, %eax
	equal
	xorl	%ebx, %ebx
	bsfl	%ebx, %eax
	jnz	fail

	/* --- 09: addresses of 16 and 32 bits --- */
	post	0x09
	call	test_addresses

	/* --- 0a: far transfers, pointers, interrupts, bounds --- */
	post	0x0a
	call	test_transfers

	/* --- 0b: the ends of 64 KiB --- */
	post	0x0b
	call	test_segment_ends

	jmp	enter_protected

/* Checks SETcc and Jcc for the flags in AX. Each bit of the expected mask is one condition in opcode order. */
check_conditions:
	pushw	%cx
	movw	%ax, %bx		/* the flags */
	xorw	%di, %di		/* expected */
	testw	$OF, %bx
	jz	1f
	orw	$0x0001, %di
1:	testw	$CF, %bx
	jz	1f
	orw	$0x0004, %di
1:	testw	$ZF, %bx
	jz	1f
	orw	$0x0010, %di
1:	testw	$CF|ZF, %bx
	jz	1f
	orw	$0x0040, %di
1:	testw	$SF, %bx
	jz	1f
	orw	$0x0100, %di
1:	testw	$PF, %bx
	jz	1f
	orw	$0x0400, %di
1:	movw	%bx, %dx
	andw	$SF|OF, %dx
	jpo	1f			/* SF is in the low byte, OF not: one of them in it */
1:	xorw	%cx, %cx
	testw	$SF, %bx
	jz	1f
	incw	%cx
1:	testw	$OF, %bx
	jz	1f
	incw	%cx
1:	cmpw	$1, %cx			/* SF and OF differ: less */
	jne	1f
	orw	$0x1000, %di
1:	testw	$ZF, %bx
	jz	1f
	orw	$0x4000, %di
1:	testw	$0x1000, %di
	jz	1f
	orw	$0x4000, %di
1:	movw	%di, %dx		/* the odd conditions are the opposites */
	notw	%dx
	andw	$0x5555, %dx
	shlw	$1, %dx
	orw	%dx, %di

	xorw	%dx, %dx
	.irp	condition, no, nc, nz, a, ns, np, ge, g
	pushw	%bx
	popfw
	set\condition	%cl
	pushw	%bx
	popfw
	j\condition	1f
	xorb	$1, %cl
	cmpb	$1, %cl			/* not taken: must be 0 */
	jne	fail
	xorb	%cl, %cl
	jmp	2f
1:	cmpb	$1, %cl
	jne	fail
2:	shrw	$1, %dx
	testb	%cl, %cl
	jz	3f
	orw	$0x80, %dx
3:
	.endr
	/* DX: odd conditions, from bit 0; against every second bit of DI */
	movw	$8, %cx
	shrw	$1, %di
4:	movw	%di, %ax
	xorw	%dx, %ax
	testb	$1, %al
	jnz	fail
	shrw	$2, %di
	shrw	$1, %dx
	loop	4b
	popw	%cx
	ret

/* INT 0 for step 05: the divide error restarts at the instruction. */
divide_error:
	pushw	%bp
	movw	%sp, %bp
	pushw	%ax
	movw	%es:EXPECTED_EIP, %ax
	cmpw	%ss:2(%bp), %ax
	jne	fail
	movw	%es:RESUME_EIP, %ax
	movw	%ax, %ss:2(%bp)
	incw	%es:EXPECTED_VECTOR
	popw	%ax
	popw	%bp
	iret

test_strings:
	pushw	%es
	pushw	%ds
	popw	%es
	.irp	size, b, w, l
	.ifc	\size, b
	.set	width, 1
	.endif
	.ifc	\size, w
	.set	width, 2
	.endif
	.ifc	\size, l
	.set	width, 4
	.endif
	cld
	movw	$0x200, %di
	movw	$16, %cx
	movl	$0x81828384, %eax
	rep stos\size
	cmpw	$0x200 + 16 * width, %di
	equal
	orw	%cx, %cx
	equal
	movw	$0x200, %si		/* copied one after the other and compared */
	movw	$0x400, %di
	movw	$16, %cx
	rep movs\size
	movw	$0x200, %si
	movw	$0x400, %di
	movw	$16, %cx
	repe cmps\size
	jnz	fail
	incb	0x400 + 5 * width	/* a difference in element 5 ends it there */
	movw	$0x200, %si
	movw	$0x400, %di
	movw	$16, %cx
	repe cmps\size
	jz	fail
	cmpw	$10, %cx
	equal
	cmpw	$0x400 + 6 * width, %di
	equal
	std				/* backward, and found from behind */
	movw	$0x400 + 15 * width, %di
	movw	$16, %cx
	movl	$0x81828385, %eax
	repne scas\size
	jnz	fail
	cmpw	$5, %cx
	equal
	cmpw	$0x400 + 4 * width, %di
	equal
	movw	$0x400 + 5 * width, %si
	xorl	%eax, %eax
	lods\size
	cmpb	$0x85, %al
	equal
	cmpw	$0x400 + 4 * width, %si
	equal
	xorw	%cx, %cx		/* nothing at all */
	movw	$0x123, %di
	rep stos\size
	cmpw	$0x123, %di
	equal
	cld
	.endr
	movl	$0x00000600, %esi	/* ESI and EDI where addresses have 32 bits */
	movl	$0x00000700, %edi
	movl	$0xabcd1234, 0x600
	movl	$0x00010001, %ecx
	pushw	%cx
	.byte	0x67
	movsl
	cmpl	$0x604, %esi
	equal
	cmpl	$0xabcd1234, 0x700
	equal
	popw	%cx
	popw	%es
	ret

test_addresses:
	movl	$0xffff1000, %ebx
	movl	$0xffff0234, %esi
	movl	$0x00000010, %edi
	movw	$0x0300, %bp
	leaw	(%bx,%si), %ax
	cmpw	$0x1234, %ax
	equal
	leaw	-1(%bp,%di), %ax
	cmpw	$0x030f, %ax
	equal
	leaw	0x7fff(%bx,%di), %ax
	cmpw	$0x900f, %ax
	equal
	leal	(%bx,%si), %eax		/* 16-bit addresses, 32-bit result: zeros above */
	cmpl	$0x1234, %eax
	equal
	leaw	-0x1001(%bx), %ax	/* wraps */
	cmpw	$0xffff, %ax
	equal
	movl	$0x100, %edx
	leal	4(%edx,%edi,8), %eax
	cmpl	$0x184, %eax
	equal
	leal	0x1000(,%edi,4), %eax
	cmpl	$0x1040, %eax
	equal
	leal	-8(%edx), %eax
	cmpl	$0xf8, %eax
	equal
	leal	(%ebx,%edx,2), %eax
	cmpl	$0xffff1200, %eax
	equal
	/* BP and ESP go to the stack segment, all else to DS */
	movw	$0x1111, 0x300
	movw	$0x2222, %es:0x300
	cmpw	$0x2222, (%bp)
	equal
	cmpw	$0x1111, %ds:(%bp)
	equal
	movl	$0x300, %ebp
	cmpw	$0x2222, (%ebp)
	equal
	cmpw	$0x1111, (,%ebp)
	equal
	cmpw	$0x1111, %fs:(%bp)
	equal
	ret

test_transfers:
	lcall	$0xf000, $far_target - rom
	cmpw	$0x4242, %ax
	equal
	movw	$far_target - rom, 0x100
	movw	$0xf000, 0x102
	xorw	%ax, %ax
	lcall	*0x100
	cmpw	$0x4242, %ax
	equal
	movl	$0x12345678, 0x104
	movw	$0x4321, 0x108
	lgsl	0x104, %edi
	cmpl	$0x12345678, %edi
	equal
	movw	%gs, %ax
	cmpw	$0x4321, %ax
	equal
	movw	$interrupt - rom, %es:0x60 * 4
	movw	%cs, %es:0x60 * 4 + 2
	stc
	std
	int	$0x60			/* the handler sets AX and returns with CF clear */
	jc	fail
	cld
	cmpw	$0x6060, %ax
	equal
	movw	$interrupt - rom, %es:4 * 4
	movw	%cs, %es:4 * 4 + 2
	xorw	%ax, %ax
	into				/* nothing */
	orw	%ax, %ax
	equal
	movb	$0x7f, %al
	incb	%al
	into
	cmpw	$0x6060, %ax
	equal
	movw	$bound - rom, %es:5 * 4
	movw	%cs, %es:5 * 4 + 2
	movw	$-5, 0x100
	movw	$20, 0x102
	movw	$-5, %bx
	bound	%bx, 0x100
	movw	$20, %bx
	bound	%bx, 0x100
	movw	$21, %bx
	xorw	%ax, %ax
	bound	%bx, 0x100		/* comes back here with BX made right */
	cmpw	$0xb0b0, %ax
	equal
	movw	$10, %cx		/* LOOP and JCXZ */
	xorw	%ax, %ax
1:	incw	%ax
	loop	1b
	cmpw	$10, %ax
	equal
	jcxz	1f
	jmp	fail
1:	movl	$0x00010000, %ecx
	jcxz	1f
	jmp	fail
1:	jecxz	fail_near
	ret
fail_near:
	jmp	fail
far_target:
	movw	$0x4242, %ax
	lret
interrupt:
	pushw	%bp
	movw	%sp, %bp
	testw	$0x0200, %ss:6(%bp)
	jnz	fail
	andw	$~CF, %ss:6(%bp)
	popw	%bp
	movw	$0x6060, %ax
	iret
bound:
	movw	$0xb0b0, %ax
	movw	$0, %bx
	iret

/* Words that reach over offset FFFF raise #GP, or #SS where they are on the stack; bytes there are fine. */
test_segment_ends:
	movw	$real_fault13 - rom, %es:13 * 4
	movw	%cs, %es:13 * 4 + 2
	movw	$real_fault12 - rom, %es:12 * 4
	movw	%cs, %es:12 * 4 + 2
	movw	$real_fault6 - rom, %es:6 * 4
	movw	%cs, %es:6 * 4 + 2
	movb	0xffff, %al
	movw	$0, %es:EXPECTED_VECTOR
	movw	$1f - rom, %es:RESUME_EIP
	movw	0xffff, %ax
	jmp	fail
1:	cmpw	$13, %es:EXPECTED_VECTOR
	equal
	movw	$1f - rom, %es:RESUME_EIP
	movw	$0xffff, %bp
	movw	(%bp), %ax
	jmp	fail
1:	cmpw	$12, %es:EXPECTED_VECTOR
	equal
	movw	$1f - rom, %es:RESUME_EIP
	movl	$0x10000, %ebx
	movb	(%ebx), %al
	jmp	fail
1:	cmpw	$13, %es:EXPECTED_VECTOR
	equal
	movw	$1f - rom, %es:RESUME_EIP
	.byte	0xf0			/* LOCK where it may not be */
	movw	%ax, %bx
	jmp	fail
1:	cmpw	$6, %es:EXPECTED_VECTOR
	equal
	movw	$1f - rom, %es:RESUME_EIP
	.byte	0x0f, 0x00, 0xc8	/* STR is for protected mode */
	jmp	fail
1:	cmpw	$6, %es:EXPECTED_VECTOR
	equal
	movw	$1f - rom, %es:RESUME_EIP
	.fill	15, 1, 0x2e		/* sixteen bytes */
	nop
	jmp	fail
1:	cmpw	$13, %es:EXPECTED_VECTOR
	equal
	ret

	.irp	vector, 6, 12, 13
real_fault\vector:
	movw	$\vector, %es:EXPECTED_VECTOR
	jmp	real_resume
	.endr
real_resume:
	addw	$2, %sp
	pushw	%es:RESUME_EIP
	iret

	/* First operand, second, sum, flags of the sum, flags of taking the second away again. */
	.balign	4
sums:
	.long	0, 0, 0
	.word	ZF|PF, ZF|PF
	.long	0x7fffffff, 1, 0x80000000
	.word	OF|SF|AF|PF, OF|AF|PF
	.long	0xffffffff, 1, 0
	.word	CF|ZF|AF|PF, CF|SF|AF|PF
	.long	0x80000000, 0x80000000, 0
	.word	CF|OF|ZF|PF, CF|OF|SF|PF
	.long	0x12345678, 0x0fedcba9, 0x22222221
	.word	AF|PF, AF|PF
	.long	0x80000000, 0xffffffff, 0x7fffffff
	.word	CF|OF|PF, CF|OF|SF|PF
sums_end:

/* To 32 bits. Tables are copied, because the processor writes to them. */
enter_protected:
	post	0x10
	xorw	%ax, %ax
	movw	%ax, %es
	cld
	movl	$gdt_image, %esi
	subl	$0xf0000, %esi
	movl	$GDT, %edi
	movl	$GDT_BYTES + 16, %ecx
	rep movsb %cs:(%si), %es:(%di)
	lgdtl	%cs:gdt_pointer16 - rom
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$CODE32, $protected
	.balign	4
gdt_pointer16:
	.word	GDT_BYTES - 1
	.long	GDT
