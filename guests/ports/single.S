/* IN and OUT: one value, the accumulator, the port in the instruction or in DX. */
#include "ports.h"

	.text

/* Immediate ports reach 0-255 only: there, CMOS memory keeps a byte. */

	check	imm_out_in_8, "outb/inb  %al, imm8"
	movb	$CMOS_BYTE, %al
	outb	%al, $CMOS_INDEX
	movb	$0xa6, %al
	outb	%al, $CMOS_DATA
	movb	$CMOS_BYTE, %al
	outb	%al, $CMOS_INDEX
	movl	$0x11223344, %eax
	inb	$CMOS_DATA, %al
	cmpl	$0x112233a6, %eax		/* the rest of EAX stays */
	end_check imm_out_in_8

/* Two and four bytes at the index port: the second byte goes to the data port. */

	check	imm_out_16, "outw      %ax, imm8"
	movl	$0x99990000 + 0x3b00 + CMOS_BYTE, %eax
	outw	%ax, $CMOS_INDEX
	movb	$CMOS_BYTE, %al
	outb	%al, $CMOS_INDEX
	inb	$CMOS_DATA, %al
	cmpb	$0x3b, %al
	end_check imm_out_16

	check	imm_in_16, "inw       imm8, %ax"
	movw	$0xc400 + CMOS_BYTE, %ax
	outw	%ax, $CMOS_INDEX
	movb	$CMOS_BYTE, %al
	outb	%al, $CMOS_INDEX
	movl	$0x55660000, %eax
	inw	$CMOS_INDEX, %ax
	andl	$0xffffff00, %eax
	cmpl	$0x5566c400, %eax
	end_check imm_in_16

	check	imm_out_32, "outl      %eax, imm8"
	movl	$0x00007d00 + CMOS_BYTE, %eax
	outl	%eax, $CMOS_INDEX
	movb	$CMOS_BYTE, %al
	outb	%al, $CMOS_INDEX
	inb	$CMOS_DATA, %al
	cmpb	$0x7d, %al
	end_check imm_out_32

	check	imm_in_32, "inl       imm8, %eax"
	movw	$0xe100 + CMOS_BYTE, %ax
	outw	%ax, $CMOS_INDEX
	movb	$CMOS_BYTE, %al
	outb	%al, $CMOS_INDEX
	inl	$CMOS_INDEX, %eax
	cmpb	$0xe1, %ah
	end_check imm_in_32

	check	dx_8, "outb/inb  %al, (%dx)"
	movb	$0x9c, %al
	outb	%al, %dx
	call	count
	cmpl	$1, %eax
	must_be_equal
	movl	$0x11223344, %eax
	inb	%dx, %al
	cmpl	$0x1122339c, %eax
	end_comparisons
	end_check dx_8

	check	dx_16, "outw/inw  %ax, (%dx)"
	movl	$0x7777beef, %eax
	outw	%ax, %dx
	call	count
	cmpl	$2, %eax
	must_be_equal
	movl	$0x11223344, %eax
	inw	%dx, %ax
	cmpl	$0x1122beef, %eax
	end_comparisons
	end_check dx_16

	check	dx_32, "outl/inl  %eax, (%dx)"
	movl	$0xcafebabe, %eax
	outl	%eax, %dx
	call	count
	cmpl	$4, %eax
	must_be_equal
	xorl	%eax, %eax
	inl	%dx, %eax
	cmpl	$0xcafebabe, %eax
	end_comparisons
	end_check dx_32

	check	dx_high_bits, "the port is DX, not EDX"
	orl	$0xabcd0000, %edx
	movb	$0x2e, %al
	outb	%al, %dx
	xorl	%eax, %eax
	inb	%dx, %al
	cmpl	$0x2e, %eax
	end_check dx_high_bits

/* The operand-size prefix means nothing to the 8-bit forms. */

	check	data16_8, "outb/inb  with a 66 prefix"
	movl	$0x1122, %eax
	.byte	0x66
	outb	%al, %dx
	call	count
	cmpl	$1, %eax
	must_be_equal
	movl	$0x55667788, %eax
	.byte	0x66
	inb	%dx, %al
	cmpl	$0x55667722, %eax
	end_comparisons
	end_check data16_8

/* Nor do segment, address-size and repeat prefixes to IN and OUT. */

	check	idle_prefixes, "outw/inw  with idle prefixes"
	movl	$3, %ecx
	movl	$0x0000c0de, %eax
	.byte	0x65, 0x67, 0xf3, 0x66, 0xef	/* gs addr16 rep outw %ax, (%dx) */
	call	count
	cmpl	$2, %eax			/* once, not ECX times */
	must_be_equal
	cmpl	$3, %ecx
	must_be_equal
	xorl	%eax, %eax
	.byte	0x66, 0xf2, 0x2e, 0xed		/* repne cs inw (%dx), %ax */
	cmpl	$0xc0de, %eax
	end_comparisons
	end_check idle_prefixes

/* EAX: how many bytes the device holds. Keeps the rest. */
	.globl	count
	.type	count, @function
count:
	pushl	%edx
	movl	$COUNT, %edx
	inl	%dx, %eax
	popl	%edx
	ret
	.size	count, . - count
