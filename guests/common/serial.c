#include "serial.h"

#include "format.h"

#include <stdint.h>

#define COM1 0x3f8
#define IER (COM1 + 1)
#define FCR (COM1 + 2)
#define LCR (COM1 + 3)
#define MCR (COM1 + 4)
#define LSR (COM1 + 5)
#define LSR_THRE 0x20
#define LSR_READS 200000

#define DEBUG_EXIT 0xf4			/* as QEMU's isa-debug-exit */
#define EXIT_OK 0x10
#define EXIT_FAILED 0x11

static void outb(uint8_t value, uint16_t port)
{
	asm volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t inb(uint16_t port)
{
	uint8_t value;
	asm volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

void serial_init(void)
{
	outb(0x00, IER);
	outb(0x80, LCR);		/* divisor latch */
	outb(1, COM1);			/* 115200 / 1 */
	outb(0, COM1 + 1);
	outb(0x03, LCR);
	outb(0x07, FCR);
	outb(0x03, MCR);
}

static void put(void *context, char c)
{
	if (c == '\n')
		put(context, '\r');
	for (unsigned reads = 0; reads < LSR_READS; reads++)
		if (inb(LSR) & LSR_THRE)
			break;
	outb(c, COM1);
}

void serial_print(const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	format(put, 0, text, arguments);
	va_end(arguments);
}

void debug_exit(int ok)
{
	outb(ok ? EXIT_OK : EXIT_FAILED, DEBUG_EXIT);
}
