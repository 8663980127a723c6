/*
 * From the multiboot loader to C in the higher half, by the steps of Linux's head_32.S: a boot GDT,
 * page tables, paging, then the kernel's own GDT and IDT.
 */
#include "segment.h"
#include "pt_regs.h"

#define MULTIBOOT_MAGIC 0x1badb002
#define MULTIBOOT_FLAGS 0x00000003			/* page-aligned modules, memory sizes wanted */
#define PAGE_OFFSET 0xc0000000
#define STACK_BYTES 8192

	.section .multiboot, "a"
	.balign 4
	.long	MULTIBOOT_MAGIC
	.long	MULTIBOOT_FLAGS
	.long	-(MULTIBOOT_MAGIC + MULTIBOOT_FLAGS)

	.section .boot.text, "ax"
	.globl	_start
	.type	_start, @function
_start:
	.cfi_sections .debug_frame
	.cfi_startproc
	.cfi_undefined %eip
	cld
	cli
	movl	%eax, %esi
	movl	%ebx, %edi
	movl	$init_stack + STACK_BYTES - PAGE_OFFSET, %esp
	lgdt	boot_gdt_pointer
	ljmp	$BOOT_CS, $1f
1:	movl	$BOOT_DS, %ecx
	movl	%ecx, %ds
	movl	%ecx, %es
	movl	%ecx, %fs
	movl	%ecx, %gs
	movl	%ecx, %ss

	movl	%edi, %eax			/* boot_paging(information): EAX = CR3, EDX = CR4 */
	call	boot_paging
	testl	%edx, %edx
	jz	2f				/* a 386 and most 486 have no CR4 */
	movl	%edx, %cr4
2:	movl	%eax, %cr3
	movl	$CR0_KERNEL, %eax
	movl	%eax, %cr0
	movl	$high, %ecx
	jmp	*%ecx
	.cfi_endproc
	.size	_start, . - _start

	.section .boot.data, "aw"
	.balign 8
boot_gdt:
	.quad	0, 0
	.quad	0x00cf9a000000ffff		/* BOOT_CS */
	.quad	0x00cf92000000ffff		/* BOOT_DS */
boot_gdt_end:
boot_gdt_pointer:
	.word	boot_gdt_end - boot_gdt - 1
	.long	boot_gdt

	.text
	.type	high, @function
high:
	.cfi_startproc
	.cfi_undefined %eip
	movl	$init_stack + STACK_BYTES, %esp
	xorl	%ebp, %ebp
	lgdt	gdt_pointer
	ljmp	$KERNEL_CS, $1f
1:	movl	$KERNEL_DS, %eax
	movl	%eax, %ss
	movl	$USER_DS, %eax
	movl	%eax, %ds
	movl	%eax, %es
	xorl	%eax, %eax
	movl	%eax, %fs
	movl	%eax, %gs
	lldt	%ax
	cld
	call	early_idt_init
	lidt	idt_pointer
	movl	%esi, %eax			/* start_kernel(magic, information) */
	movl	%edi, %edx
	call	start_kernel
2:	cli
	hlt
	jmp	2b
	.cfi_endproc
	.size	high, . - high

	.data
	.balign 4096
	.globl	gdt_table
gdt_table:					/* as Linux's boot_gdt/cpu_gdt_table */
	.fill	KERNEL_CS / 8, 8, 0
	.quad	0x00cf9a000000ffff		/* 0x60 kernel code */
	.quad	0x00cf92000000ffff		/* 0x68 kernel data */
	.quad	0x00cffa000000ffff		/* 0x73 user code */
	.quad	0x00cff2000000ffff		/* 0x7b user data */
	.fill	GDT_ENTRIES - 16, 8, 0
	.size	gdt_table, . - gdt_table

	.balign 4
	.word	0
gdt_pointer:
	.word	GDT_ENTRIES * 8 - 1
	.long	gdt_table
	.word	0
idt_pointer:
	.word	IDT_ENTRIES * 8 - 1
	.long	idt_table

	.bss
	.balign	8192
	.globl	init_stack
init_stack:
	.skip	STACK_BYTES
