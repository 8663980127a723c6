/* Ports, segments and the macro that makes a check. */
#ifndef PORTS_H
#define PORTS_H

/* The I/O test device: docs/io-test-device.md. */
#define DATA 0x1860
#define COUNT 0x1864
#define STATUS 0x186e
#define ID 0x186f			/* in */
#define CONTROL 0x186f			/* out */
#define ID_VALUE 0x54
#define CONTROL_RESET 0x01

/* CMOS memory, the only thing below port 0x100 that keeps what is written to it. */
#define CMOS_INDEX 0x70
#define CMOS_DATA 0x71
#define CMOS_BYTE 0x5f			/* a byte that no BIOS uses */

#define COM1 0x3f8
#define COM1_LSR 0x3fd
#define LSR_THRE 0x20
#define LSR_READS 200000

#define DEBUG_EXIT 0xf4
#define EXIT_OK 0x10
#define EXIT_FAILED 0x11

/* Further segments of this guest's GDT. Their bases are set at the start. */
#define BASED_DS 0x18			/* data, base = buffer: what an override selects */
#define CODE16 0x20			/* 16-bit code, base = code16_start */

#define BUFFER_SIZE 0x10000		/* all that a 16-bit offset reaches */

#ifdef __ASSEMBLER__
/*
 * A check: a routine between `check` and `end_check` that returns with ZF set if all was well. The
 * device has just been reset; DF is 0, ES and DS are flat, FS and GS are based at the buffer, DX is
 * DATA. All registers are the routine's.
 */
	.macro	check name, text
	.pushsection .rodata
.Ltext_\name:
	.asciz	"\text"
	.popsection
	.pushsection .checks, "a"
	.long	.Ltext_\name, \name
	.popsection
	.type	\name, @function
\name:
	.endm

	.macro	end_check name
	ret
	.size	\name, . - \name
	.endm

/* Leaves the check, with ZF clear, unless the last comparison was equal. */
	.macro	must_be_equal
	jne	9f
	.endm

/* Where must_be_equal goes. */
	.macro	end_comparisons
9:
	.endm
#endif

#endif
