/*
 * Every encoding of IN, OUT, INS and OUTS: immediate port and DX, 8, 16 and 32 bits, with and without
 * REP, with operand-size, address-size and segment prefixes, backward, and from a 16-bit code segment.
 * Whoever takes port instructions apart, a processor or a hypervisor, can be wrong in each of them.
 */
#include "ports.h"
#include "segments.h"

	.text
	.globl	main
	.type	main, @function
main:
	pushl	%ebp
	movl	%esp, %ebp
	call	load_gdt
	call	serial_init
	movl	$title, %esi
	call	puts

	movw	$ID, %dx
	inb	%dx, %al
	cmpb	$ID_VALUE, %al
	je	1f
	movl	$no_device, %esi
	call	puts
	movb	$EXIT_OK, %al
	jmp	leave

1:	movl	$checks_start, %ebx		/* EBX: the check; EDI: how many failed */
	xorl	%edi, %edi
2:	call	run_check
	addl	$8, %ebx
	cmpl	$checks_end, %ebx
	jb	2b

	movl	$all_ok, %esi
	movb	$EXIT_OK, %al
	testl	%edi, %edi
	jz	3f
	movl	$some_failed, %esi
	movb	$EXIT_FAILED, %al
3:	pushl	%eax
	call	puts
	popl	%eax
leave:
	outb	%al, $DEBUG_EXIT
	popl	%ebp
	ret
	.size	main, . - main

/* Runs the check that EBX points at and prints its line; counts failures in EDI. */
	.type	run_check, @function
run_check:
	movl	$CONTROL, %edx
	movb	$CONTROL_RESET, %al
	outb	%al, %dx

	pushl	%ebx
	pushl	%edi
	movl	$KERNEL_DS, %eax
	movl	%eax, %es
	movl	$BASED_DS, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	movl	$DATA, %edx
	cld
	call	*4(%ebx)
	sete	%al
	cld
	movzbl	%al, %eax
	movl	$KERNEL_DS, %ecx
	movl	%ecx, %es
	popl	%edi
	popl	%ebx

	pushl	%eax
	movl	(%ebx), %esi
	call	puts
	popl	%eax
	movl	$ok, %esi
	testl	%eax, %eax
	jnz	1f
	movl	$not_ok, %esi
	incl	%edi
1:	jmp	puts
	.size	run_check, . - run_check

/* Sets a descriptor's base. EAX: base, EDX: the descriptor. */
	.type	set_base, @function
set_base:
	movw	%ax, 2(%edx)
	shrl	$16, %eax
	movb	%al, 4(%edx)
	movb	%ah, 7(%edx)
	ret
	.size	set_base, . - set_base

	.type	load_gdt, @function
load_gdt:
	movl	$buffer, %eax
	movl	$(gdt + BASED_DS), %edx
	call	set_base
	movl	$code16_start, %eax
	movl	$(gdt + CODE16), %edx
	call	set_base
	lgdt	gdt_pointer
	ret
	.size	load_gdt, . - load_gdt

	.type	serial_init, @function
serial_init:
	movl	$serial_setup, %esi
	movl	$((serial_setup_end - serial_setup) / 2), %ecx
1:	lodsw					/* AL: offset, AH: value */
	movzbl	%al, %edx
	addl	$COM1, %edx
	movb	%ah, %al
	outb	%al, %dx
	loop	1b
	ret
	.size	serial_init, . - serial_init

/* Prints the zero-terminated text at ESI. */
	.type	puts, @function
puts:
	lodsb
	testb	%al, %al
	jz	3f
	movb	%al, %ah
	movl	$LSR_READS, %ecx
	movl	$COM1_LSR, %edx
1:	inb	%dx, %al
	testb	$LSR_THRE, %al
	loopz	1b
2:	movl	$COM1, %edx
	movb	%ah, %al
	outb	%al, %dx
	jmp	puts
3:	ret
	.size	puts, . - puts

	.data
	.balign 8
gdt:
	.quad	0
	.quad	0x00cf9a000000ffff		/* KERNEL_CS and KERNEL_DS as in boot.S */
	.quad	0x00cf92000000ffff
	.quad	0x000092000000ffff		/* BASED_DS: 64 KiB, writable */
	.quad	0x00009a000000ffff		/* CODE16: 64 KiB, 16-bit, readable */
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.long	gdt

	.bss
	.globl	buffer
	.balign 16
	.skip	16				/* room in front of the buffer, for what a wrong offset hits */
buffer:
	.skip	BUFFER_SIZE

	.section .rodata
serial_setup:
	.byte	1, 0x00				/* IER */
	.byte	3, 0x80				/* LCR: divisor latch */
	.byte	0, 1				/* 115200 / 1 */
	.byte	1, 0
	.byte	3, 0x03				/* LCR: 8N1 */
	.byte	2, 0x07				/* FCR */
	.byte	4, 0x03				/* MCR */
serial_setup_end:

title:		.asciz "Ringside ports: every encoding of IN, OUT, INS and OUTS\r\n"
no_device:	.asciz "ports: SKIPPED: no I/O test device\r\n"
ok:		.asciz ": OK\r\n"
not_ok:		.asciz ": FAILED\r\n"
all_ok:		.asciz "ports: OK\r\n"
some_failed:	.asciz "ports: FAILED\r\n"

