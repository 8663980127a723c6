#include "uart.h"

#include "format.h"
#include "io.h"
#include "workload.h"

/* Registers by offset, names and bits as in National Semiconductor's PC16550D datasheet. */
#define COM1 0x3f8
#define THR (COM1 + 0)			/* out, DLAB = 0 */
#define RBR (COM1 + 0)			/* in, DLAB = 0 */
#define DLL (COM1 + 0)			/* DLAB = 1 */
#define IER (COM1 + 1)
#define DLM (COM1 + 1)			/* DLAB = 1 */
#define FCR (COM1 + 2)
#define LCR (COM1 + 3)
#define MCR (COM1 + 4)
#define LSR (COM1 + 5)
#define SCR (COM1 + 7)

#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define FCR_ENABLE_AND_CLEAR 0x07
#define MCR_DTR_RTS_OUT2 0x0b
#define MCR_LOOP 0x10
#define LSR_DR 0x01
#define LSR_THRE 0x20
#define LSR_TEMT 0x40

#define DIVISOR_115200 1
#define LSR_READS 200000		/* more than 1000 character times, however fast the reads are */

#define LOOPBACK_BYTES 4096
#define SCRATCH_ROUNDS 512

void uart_init(void)
{
	outb(0, IER);
	outb(LCR_DLAB | LCR_8N1, LCR);
	outb(DIVISOR_115200, DLL);
	outb(0, DLM);
	outb(LCR_8N1, LCR);
	outb(FCR_ENABLE_AND_CLEAR, FCR);
	outb(MCR_DTR_RTS_OUT2, MCR);
}

/** Reads LSR until one of @bits is set. Gives up in the end, so that a missing UART hangs nobody. */
static int uart_wait(unsigned char bits)
{
	for (unsigned reads = 0; reads < LSR_READS; reads++) {
		if (inb(LSR) & bits)
			return 1;
		io_count_wait(IO_INB);
	}
	return 0;
}

void uart_putc(char c)
{
	if (c == '\n')
		uart_putc('\r');
	if (uart_wait(LSR_THRE))
		outb(c, THR);
}

void uart_drain(void)
{
	uart_wait(LSR_TEMT);
}

void uart_write_fifo(const char *text)
{
	while (*text)
		outb(*text++, THR);
}

static void put_on_console(void *context, char c)
{
	(void)context;
	uart_putc(c);
}

void print(const char *text, ...)
{
	va_list arguments;

	va_start(arguments, text);
	format(put_on_console, 0, text, arguments);
	va_end(arguments);
}

/** The scratch register keeps what is written to it and does nothing else. */
static void check_scratch_register(struct outcome *outcome)
{
	for (unsigned i = 0; i < SCRATCH_ROUNDS && !failed(outcome); i++) {
		unsigned char written = i * 37 + 11;
		outb(written, SCR);
		unsigned char back = inb(SCR);
		if (back != written)
			fail(outcome, "SCR: wrote %02x, read %02x", written, back);
	}
}

/** In loopback mode what is transmitted is received, and nothing leaves the chip. */
static void check_loopback(struct outcome *outcome)
{
	uart_drain();
	outb(MCR_DTR_RTS_OUT2 | MCR_LOOP, MCR);
	for (unsigned i = 0; i < LOOPBACK_BYTES && !failed(outcome); i++) {
		unsigned char sent = i ^ i >> 8;
		outb(sent, THR);
		if (!uart_wait(LSR_DR)) {
			fail(outcome, "loopback: byte %u never came", i);
			break;
		}
		unsigned char received = inb(RBR);
		if (received != sent)
			fail(outcome, "loopback: byte %u: sent %02x, received %02x", i, sent, received);
	}
	outb(MCR_DTR_RTS_OUT2, MCR);
}

static void run(struct outcome *outcome)
{
	check_scratch_register(outcome);
	if (!failed(outcome))
		check_loopback(outcome);
}

const struct workload uart_workload = { "uart", run };
