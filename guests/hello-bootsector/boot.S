/*
 * Hello from 512 bytes: a boot sector in real mode. It asks the BIOS for what it knows, reads itself
 * back from the disk, waits for a tick, and says everything twice: on the screen by the BIOS, and on
 * the first serial port by the port instructions of the UART.
 *
 * The BIOS loads the sector at 0000:7C00 and jumps to it with the boot drive in DL.
 */
#define COM1 0x3f8
#define COM1_IER (COM1 + 1)
#define COM1_FCR (COM1 + 2)
#define COM1_LCR (COM1 + 3)
#define COM1_MCR (COM1 + 4)
#define COM1_LSR (COM1 + 5)
#define LSR_THRE 0x20
#define LSR_READS 0xffff			/* then the UART is given up */

#define DEBUG_EXIT 0xf4			/* as QEMU's isa-debug-exit */
#define EXIT_OK 0x10
#define EXIT_FAILED 0x11

#define SECTOR 512
#define COPY 0x8000			/* where the sector is read back to */

	.code16
	.section .boot, "ax"
	.globl	_start
	.type	_start, @function
_start:
	ljmp	$0, $1f				/* some BIOSes jump to 07C0:0000 */
1:	xorw	%ax, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %ss
	movw	$_start, %sp			/* the stack grows down below the code */
	cld
	sti
	movb	%dl, boot_drive

	call	serial_init
	movw	$hello, %si
	call	puts

	int	$0x12				/* AX: KiB of conventional memory */
	movw	$conventional, %si
	call	report

	movb	$0x88, %ah
	int	$0x15				/* AX: KiB above 1 MiB */
	movw	$extended, %si
	call	report

	call	read_back
	call	wait_for_tick

	movw	$done, %si
	call	puts
	movb	$EXIT_OK, %al
	jmp	leave

/* What went wrong stands in SI. */
	.type	fail, @function
fail:
	call	puts
	movb	$EXIT_FAILED, %al
leave:
	outb	%al, $DEBUG_EXIT
	cli
2:	hlt
	jmp	2b
	.size	fail, . - fail
	.size	_start, . - _start

/* Reads the first sector of the boot drive and compares it with what runs here. */
	.type	read_back, @function
read_back:
	movw	$0x0201, %ax			/* read, one sector */
	movw	$COPY, %bx			/* to ES:BX */
	movw	$1, %cx				/* cylinder 0, sector 1 */
	movb	$0, %dh				/* head 0 */
	movb	boot_drive, %dl
	int	$0x13
	movw	$disk_error, %si
	jc	fail
	movw	$_start, %si
	movw	$COPY, %di
	movw	$(boot_drive - _start), %cx	/* what follows has been written to since */
	repe cmpsb
	movw	$disk_differs, %si
	jne	fail
	movw	$disk_same, %si
	jmp	puts
	.size	read_back, . - read_back

/* Sleeps until the BIOS's tick count (int 1Ah, 18.2 a second) changes. */
	.type	wait_for_tick, @function
wait_for_tick:
	movb	$0, %ah
	int	$0x1a				/* CX:DX: ticks since midnight */
	movw	%dx, %bx
1:	hlt
	movb	$0, %ah
	int	$0x1a
	cmpw	%bx, %dx
	je	1b
	movw	$tick, %si
	jmp	puts
	.size	wait_for_tick, . - wait_for_tick

/* Prints AX as a decimal number, then the text at SI. */
	.type	report, @function
report:
	movw	$10, %bx
	xorw	%cx, %cx
1:	xorw	%dx, %dx
	divw	%bx
	pushw	%dx				/* the digits, last first */
	incw	%cx
	testw	%ax, %ax
	jnz	1b
2:	popw	%ax
	addb	$'0', %al
	call	putc
	loop	2b
	/* falls through */
	.size	report, . - report

/* Prints the zero-terminated text at SI. */
	.type	puts, @function
puts:
	lodsb
	testb	%al, %al
	jz	1f
	call	putc
	jmp	puts
1:	ret
	.size	puts, . - puts

/* Prints AL on the screen and on COM1; keeps all registers. */
	.type	putc, @function
putc:
	pushaw
	movb	$0x0e, %ah			/* teletype output */
	movw	$0x0007, %bx			/* page 0, light grey in graphics modes */
	int	$0x10
	popaw

	pushaw
	movb	%al, %ah
	movw	$COM1_LSR, %dx
	movw	$LSR_READS, %cx
1:	inb	%dx, %al
	testb	$LSR_THRE, %al
	loopz	1b
	movw	$COM1, %dx
	movb	%ah, %al
	outb	%al, %dx
	popaw
	ret
	.size	putc, . - putc

/* 115200 baud, 8N1, FIFO on, no interrupts: pairs of (offset from COM1, value). */
	.type	serial_init, @function
serial_init:
	movw	$serial_setup, %si
	movw	$((serial_setup_end - serial_setup) / 2), %cx
1:	lodsw					/* AL: offset, AH: value */
	movw	$COM1, %dx
	addb	%al, %dl
	movb	%ah, %al
	outb	%al, %dx
	loop	1b
	ret
	.size	serial_init, . - serial_init

serial_setup:
	.byte	COM1_IER - COM1, 0x00
	.byte	COM1_LCR - COM1, 0x80		/* divisor latch */
	.byte	0, 1				/* 115200 / 1 */
	.byte	1, 0
	.byte	COM1_LCR - COM1, 0x03
	.byte	COM1_FCR - COM1, 0x07
	.byte	COM1_MCR - COM1, 0x03
serial_setup_end:

hello:		.asciz "Hello from a boot sector\r\n"
conventional:	.asciz " KiB of conventional memory\r\n"
extended:	.asciz " KiB above 1 MiB\r\n"
disk_same:	.asciz "disk: read back, the same\r\n"
disk_error:	.asciz "disk: FAILED to read\r\n"
disk_differs:	.asciz "disk: FAILED, differs\r\n"
tick:		.asciz "tick\r\n"
done:		.asciz "hello-bootsector: OK\r\n"

boot_drive:	.byte 0

	.org	SECTOR - 2
	.word	0xaa55
