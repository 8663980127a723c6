/* INS and OUTS: one element, many, backward, and by every segment and size of address. */
#include "ports.h"
#include "segments.h"

	.text

/* Fills the start of the buffer with bytes that differ: 0x40 bytes from 0x11 on, in steps of 7. */
	.type	fill, @function
fill:
	pushal
	movl	$buffer, %edi
	movl	$0x40, %ecx
	movb	$0x11, %al
1:	stosb
	addb	$7, %al
	loop	1b
	popal
	ret
	.size	fill, . - fill

/* Compares ECX bytes at buffer with what fill puts there; ZF set if they are the same. Keeps registers. */
	.type	compare, @function
compare:
	pushal
	movl	$buffer, %esi
	movb	$0x11, %ah
1:	lodsb
	cmpb	%ah, %al
	jne	2f
	addb	$7, %ah
	decl	%ecx
	jnz	1b				/* leaves ZF set at the end */
2:	popal
	ret
	.size	compare, . - compare

/* Overwrites the start of the buffer. */
	.type	wipe, @function
wipe:
	pushal
	movl	$buffer, %edi
	movl	$0x40, %ecx
	movb	$0xee, %al
	rep stosb
	popal
	ret
	.size	wipe, . - wipe

/*
 * Without REP: one element, ESI and EDI go on by its size, ECX stays.
 * \out and \in are the instructions, \size their element.
 */
	.macro	single_string name, text, out, in, size
	check	\name, "\text"
	call	fill
	movl	$buffer, %esi
	movl	$buffer, %edi
	movl	$5, %ecx
	\out
	call	count
	cmpl	$\size, %eax
	must_be_equal
	cmpl	$(buffer + \size), %esi
	must_be_equal
	call	wipe
	\in
	cmpl	$(buffer + \size), %edi
	must_be_equal
	cmpl	$5, %ecx
	must_be_equal
	cmpb	$0xee, buffer + \size		/* nothing beyond */
	must_be_equal
	movl	$\size, %ecx
	call	compare
	end_comparisons
	end_check \name
	.endm

	single_string string_8, "outsb/insb", outsb, insb, 1
	single_string string_16, "outsw/insw", outsw, insw, 2
	single_string string_32, "outsl/insl", outsl, insl, 4

/* With REP: ECX elements, none if it is 0; ECX ends at 0. */
	.macro	repeated name, text, prefix, out, in, size, elements
	check	\name, "\text"
	call	fill
	movl	$buffer, %esi
	movl	$buffer, %edi
	movl	$\elements, %ecx
	\prefix \out
	testl	%ecx, %ecx
	must_be_equal
	call	count
	cmpl	$(\size * \elements), %eax
	must_be_equal
	cmpl	$(buffer + \size * \elements), %esi
	must_be_equal
	call	wipe
	movl	$\elements, %ecx
	\prefix \in
	testl	%ecx, %ecx
	must_be_equal
	cmpl	$(buffer + \size * \elements), %edi
	must_be_equal
	cmpb	$0xee, buffer + \size * \elements
	must_be_equal
	.if \elements
	movl	$(\size * \elements), %ecx
	call	compare
	.endif
	end_comparisons
	end_check \name
	.endm

	repeated rep_8, "rep outsb/insb", rep, outsb, insb, 1, 13
	repeated rep_16, "rep outsw/insw", rep, outsw, insw, 2, 13
	repeated rep_32, "rep outsl/insl", rep, outsl, insl, 4, 13
	repeated rep_8_one, "rep outsb/insb, one element", rep, outsb, insb, 1, 1
	repeated rep_8_none, "rep outsb/insb, no element", rep, outsb, insb, 1, 0
	repeated rep_16_none, "rep outsw/insw, no element", rep, outsw, insw, 2, 0
	repeated rep_32_none, "rep outsl/insl, no element", rep, outsl, insl, 4, 0
	repeated repne_8, "repne outsb/insb", repne, outsb, insb, 1, 13
	repeated repne_32, "repne outsl/insl", repne, outsl, insl, 4, 13

/* With DF set the elements go downward, but each keeps its byte order. */
	check	backward, "rep outsw/insw, backward"
	call	fill
	movl	$(buffer + 10), %esi
	movl	$6, %ecx
	std
	rep outsw
	cmpl	$(buffer - 2), %esi
	must_be_equal
	call	count
	cmpl	$12, %eax
	must_be_equal
	cld
	call	wipe
	std
	movl	$(buffer + 10), %edi
	movl	$6, %ecx
	rep insw
	cld
	cmpl	$(buffer - 2), %edi
	must_be_equal
	movl	$12, %ecx
	call	compare
	end_comparisons
	end_check backward

/* OUTS obeys a segment override. FS and GS are based at the buffer, the others flat. */
	.macro	override name, text, prefix, address
	check	\name, "\text"
	call	fill
	movl	$\address, %esi
	movl	$4, %ecx
	rep outsb \prefix(%esi), %dx
	cmpl	$(\address + 4), %esi
	must_be_equal
	call	wipe
	movl	$buffer, %edi
	movl	$4, %ecx
	rep insb
	movl	$4, %ecx
	call	compare
	end_comparisons
	end_check \name
	.endm

	override override_es, "rep outsb %es:(%esi)", %es:, buffer
	override override_cs, "rep outsb %cs:(%esi)", %cs:, buffer
	override override_ss, "rep outsb %ss:(%esi)", %ss:, buffer
	override override_fs, "rep outsb %fs:(%esi)", %fs:, 0
	override override_gs, "rep outsb %gs:(%esi)", %gs:, 0

/* Of several overrides the last one counts. */
	check	override_last, "outsb with two overrides"
	call	fill
	xorl	%esi, %esi
	.byte	0x2e, 0x65, 0x6e		/* cs gs outsb */
	inb	%dx, %al
	cmpb	$0x11, %al
	end_check override_last

/* INS writes to ES, whatever prefix stands before it. */
	check	override_ins, "insw with an idle override"
	call	fill
	movl	$buffer, %esi
	outsw
	call	wipe
	movl	$buffer, %edi
	.byte	0x65, 0x66, 0x6d		/* gs insw */
	movl	$2, %ecx
	call	compare
	end_check override_ins

/* 16-bit addresses: SI, DI and CX count, and their upper halves stay. */
	check	addr16, "addr16 rep outsl/insl"
	call	fill
	movl	$0xdead0000, %esi
	movl	$0xbeef0003, %ecx
	.byte	0x65, 0x67, 0xf3, 0x6f		/* gs addr16 rep outsl */
	cmpl	$0xdead000c, %esi
	must_be_equal
	cmpl	$0xbeef0000, %ecx
	must_be_equal
	call	count
	cmpl	$12, %eax
	must_be_equal
	call	wipe
	movl	$BASED_DS, %eax
	movl	%eax, %es
	movl	$0xdead0000, %edi
	movl	$0xbeef0003, %ecx
	.byte	0xf3, 0x67, 0x6d		/* rep addr16 insl */
	movl	$KERNEL_DS, %eax
	movl	%eax, %es
	cmpl	$0xdead000c, %edi
	must_be_equal
	cmpl	$0xbeef0000, %ecx
	must_be_equal
	movl	$12, %ecx
	call	compare
	end_comparisons
	end_check addr16

/* SI goes from FFFF to 0 within the segment. */
	check	addr16_wrap, "addr16 rep outsb around 64 KiB"
	movw	$0x2211, buffer + BUFFER_SIZE - 2
	movw	$0x4433, buffer
	movl	$0x0000fffe, %esi
	movl	$4, %ecx
	.byte	0x65, 0x67, 0xf3, 0x6e		/* gs addr16 rep outsb */
	cmpl	$2, %esi
	must_be_equal
	inl	%dx, %eax
	cmpl	$0x44332211, %eax
	end_comparisons
	end_check addr16_wrap

	check	all_prefixes, "gs addr16 data16 rep outsw/insw"
	call	fill
	movl	$0x77770000, %esi
	movl	$0x88880004, %ecx
	.byte	0x66, 0x65, 0xf3, 0x67, 0x6f	/* data16 gs rep addr16 outsw */
	cmpl	$0x77770008, %esi
	must_be_equal
	call	wipe
	movl	$buffer, %edi
	movl	$4, %ecx
	.byte	0xf3, 0x66, 0x6d		/* rep insw */
	movl	$8, %ecx
	call	compare
	end_comparisons
	end_check all_prefixes

/* In a 16-bit code segment the sizes are the other way round: the prefixes make them 32. */
	.macro	check16 name, text, routine
	check	\name, "\text"
	call	fill
	pushl	$KERNEL_DS
	popl	%es
	lcall	$CODE16, $(\routine - code16_start)
	end_check \name
	.endm

	check16	code16_single, "16-bit code: outw/inl", single16
	check16	code16_string, "16-bit code: rep outsw/insl", string16

	.globl	code16_start
code16_start:
	.code16

	.type	single16, @function
single16:
	movl	$0x8765abcd, %eax
	outw	%ax, %dx
	shrl	$16, %eax
	outw	%ax, %dx
	xorl	%eax, %eax
	inl	%dx, %eax
	cmpl	$0x8765abcd, %eax
	lretl
	.size	single16, . - single16

	.type	string16, @function
string16:
	xorl	%esi, %esi
	movl	$0x12340006, %ecx
	rep outsw %gs:(%si), %dx
	cmpl	$0x12340000, %ecx
	jne	1f
	movl	$0, %gs:(0)
	pushw	%es
	pushw	%gs
	popw	%es
	xorl	%edi, %edi
	movl	$3, %ecx
	.byte	0x67, 0xf3, 0x66, 0x6d		/* addr32 rep insl */
	popw	%es
	cmpl	$0x261f1811, %gs:(0)
	jne	1f
	cmpl	$12, %edi
1:	lretl
	.size	string16, . - string16

	.code32
