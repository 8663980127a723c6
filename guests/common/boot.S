/*
 * Entry of a multiboot guest. The loader jumps here in flat 32-bit protected mode without paging
 * (Multiboot Specification 0.6.96, section 3.2): EAX holds a magic number, EBX points at the
 * multiboot information, nothing is said of the stack or of the GDT's place. So both are set here.
 */
#include "segments.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x00000003			/* page-aligned modules, memory sizes wanted */

	/* The header must lie in the first 8192 bytes of the file, 4-byte aligned. */
	.section .multiboot, "a"
	.balign 4
	.long	MULTIBOOT_MAGIC
	.long	MULTIBOOT_FLAGS
	.long	-(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.text
	.globl	_start
	.type	_start, @function
_start:
	.cfi_sections .debug_frame
	.cfi_startproc
	.cfi_undefined %eip			/* nobody called */
	cld
	movl	$stack_top, %esp
	xorl	%ebp, %ebp			/* ends the chain of frame pointers */
	lgdt	gdt_pointer
	ljmp	$KERNEL_CS, $1f
1:	movl	$KERNEL_DS, %ecx
	movl	%ecx, %ds
	movl	%ecx, %es
	movl	%ecx, %fs
	movl	%ecx, %gs
	movl	%ecx, %ss

	pushl	%ebx				/* main(magic, information) */
	pushl	%eax
	call	main

	/* main() returns only where no debug-exit port ended the run. */
	.globl	halt
	.type	halt, @function
halt:
	cli
2:	hlt
	jmp	2b
	.cfi_endproc
	.size	halt, . - halt
	.size	_start, . - _start

	.data
	.balign 8
gdt:
	.quad	0				/* null */
	.quad	0x00cf9a000000ffff		/* KERNEL_CS: code, 0-4 GiB, ring 0, readable */
	.quad	0x00cf92000000ffff		/* KERNEL_DS: data, 0-4 GiB, ring 0, writable */
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.long	gdt

	.bss
	.balign 16
	.skip	16384
stack_top:
