/*
 * Boots a multiboot kernel from a disk, for emulators that cannot load one themselves. The BIOS loads this sector; behind
 * it lie one sector with the command line and the kernel's bytes, which are brought to where the kernel is linked. The
 * parameters at the end are written by whoever makes the disk.
 */
#define LOADED 0x10000			/* the command line, then the kernel */
#define SECTOR 512
#define CHUNK 64			/* sectors read at a time */
#define CODE 0x08
#define DATA 0x10
#define MULTIBOOT_LOADER_MAGIC 0x2badb002
#define FAST_A20_PORT 0x92

	.code16
	.section .boot, "ax"
	.globl	_start
_start:
	ljmp	$0, $1f				/* some BIOSes jump to 07C0:0000 */
1:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %ss
	movw	$_start, %sp
	cld

read:
	movb	$0x42, %ah			/* extended read from drive DL */
	movw	$packet, %si
	int	$0x13
	jc	failed
	addl	$CHUNK, packet_sector
	addw	$CHUNK * SECTOR / 16, packet_segment
	decl	chunks
	jnz	read

	inb	$FAST_A20_PORT, %al
	orb	$2, %al
	outb	%al, $FAST_A20_PORT
	cli
	lgdtl	gdt_pointer
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	ljmpl	$CODE, $protected

failed:
	hlt
	jmp	failed

	.code32
protected:
	movl	$DATA, %eax
	movl	%eax, %ds
	movl	%eax, %es
	movl	%eax, %ss
	movl	$LOADED + SECTOR, %esi
	movl	load_address, %edi
	movl	load_bytes, %ecx
	rep movsb
	movl	zero_bytes, %ecx
	xorl	%eax, %eax
	rep stosb
	movl	$information, %ebx
	movl	$MULTIBOOT_LOADER_MAGIC, %eax
	jmp	*entry

	.balign 8
gdt:
	.quad	0
	.quad	0x00cf9a000000ffff		/* CODE: 0-4 GiB */
	.quad	0x00cf92000000ffff		/* DATA: 0-4 GiB */
gdt_end:
gdt_pointer:
	.word	gdt_end - gdt - 1
	.long	gdt

	.balign 4
packet:						/* disk address packet of the extended read */
	.byte	16, 0
	.word	CHUNK
	.word	0				/* offset */
packet_segment:
	.word	LOADED / 16
packet_sector:
	.quad	1

information:					/* as multiboot.h has it: there is a command line */
	.long	4, 0, 0, 0, LOADED

	.org	0x1e8
chunks:
	.long	0
load_address:
	.long	0
load_bytes:
	.long	0
zero_bytes:
	.long	0
entry:
	.long	0
	.org	0x1fe
	.word	0xaa55
