/* Code for V86 mode, to be copied to 1000:0000. The table of bytes tells where each part starts. */
	.section .user.rodata, "a", @progbits
	.globl	v86_code, v86_code_end, v86_offsets
	.code16
v86_code:
part_0:	incw	%ax
	movw	%ax, 0
	movw	$0x1111, %es:2
	movw	$0x2222, %fs:4
	movw	$0x3333, %gs:6
	pushw	%ax
	movw	%ds, %bx
	incw	%bx
	movw	%bx, %es
	int	$0x21
	cli
	pushfw
	popw	%ax
	movw	%ax, 0x10
	sti
	hlt
part_1:	xorw	%dx, %dx
	xorw	%bx, %bx
	divw	%bx
part_2:	inb	$0x60, %al
part_3:	movl	$1200000, %ecx
1:	.byte	0x67, 0xe2, -3		/* addr32 loop 1b */
	hlt
v86_code_end:
	.code32
v86_offsets:
	.byte	part_0 - v86_code, part_1 - v86_code, part_2 - v86_code, part_3 - v86_code
