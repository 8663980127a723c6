#include "drivers.h"
#include "format.h"
#include "io.h"
#include "paravirt.h"

#define DEBUG_EXIT 0xf4			/* as QEMU's isa-debug-exit */
#define EXIT_OK 0x10
#define EXIT_FAILED 0x11

#define LINE_BYTES 256

static void print(const char *text, va_list arguments)
{
	char line[LINE_BYTES];

	format_to(line, sizeof(line), text, arguments);
	uart_write(line);
}

void printk(const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	print(text, arguments);
	va_end(arguments);
}

void panic(const char *text, ...)
{
	static int panicking;
	va_list arguments;

	local_irq_disable();
	if (!panicking++) {
		uart_poll_only();
		printk("vmi-kernel: FAILED: ");
		va_start(arguments, text);
		print(text, arguments);
		va_end(arguments);
		printk("\n");
	}
	power_off(0);
}

void power_off(int ok)
{
	local_irq_disable();
	uart_poll_only();
	outb(ok ? EXIT_OK : EXIT_FAILED, DEBUG_EXIT);
	for (;;)
		asm volatile("hlt");
}
