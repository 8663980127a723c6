/* COM1 as the console (National Semiconductor's PC16550D datasheet): polled at first, then by interrupts. */
#include "drivers.h"
#include "io.h"
#include "irq.h"
#include "paravirt.h"

#define COM1 0x3f8
#define IER (COM1 + 1)
#define IIR (COM1 + 2)
#define FCR (COM1 + 2)
#define LCR (COM1 + 3)
#define MCR (COM1 + 4)
#define LSR (COM1 + 5)
#define IER_THRE 0x02
#define IIR_NONE 0x01
#define IIR_REASON 0x0e
#define IIR_THRE 0x02
#define FCR_ENABLE_AND_CLEAR 0x07
#define LCR_8N1 0x03
#define LCR_DLAB 0x80
#define MCR_DTR_RTS_OUT2 0x0b
#define LSR_THRE 0x20
#define FIFO_BYTES 16
#define LSR_READS 200000
#define RING 4096

static char ring[RING];
static u32 head, tail;			/* free-running; filled between tail and head */
static int by_interrupt;
u32 uart_interrupts, uart_bytes_by_interrupt;

void uart_init(void)
{
	outb(0, IER);
	outb(LCR_DLAB | LCR_8N1, LCR);
	outb(1, COM1);
	outb(0, IER);
	outb(LCR_8N1, LCR);
	outb(FCR_ENABLE_AND_CLEAR, FCR);
	outb(MCR_DTR_RTS_OUT2, MCR);
}

static void wait_transmitter(void)
{
	for (u32 reads = 0; reads < LSR_READS; reads++)
		if (inb(LSR) & LSR_THRE)
			return;
}

static void put_polled(char c)
{
	wait_transmitter();
	outb(c, COM1);
}

static void interrupt(struct pt_regs *regs)
{
	(void)regs;
	uart_interrupts++;
	u8 reason;
	while (!((reason = inb(IIR)) & IIR_NONE)) {
		if ((reason & IIR_REASON) != IIR_THRE) {
			inb(COM1);
			inb(LSR);
			continue;
		}
		if (head == tail) {
			outb(0, IER);
			return;
		}
		for (u32 i = 0; i < FIFO_BYTES && tail != head; i++) {
			uart_bytes_by_interrupt++;
			outb(ring[tail++ % RING], COM1);
		}
	}
}

static void put_in_ring(char c)
{
	if (head - tail == RING)
		put_polled(ring[tail++ % RING]);
	ring[head++ % RING] = c;
}

static void put(char c)
{
	if (c == '\n')
		put('\r');
	if (by_interrupt)
		put_in_ring(c);
	else
		put_polled(c);
}

void uart_write(const char *text)
{
	u32 flags = local_irq_save();
	int was_empty = head == tail;

	while (*text)
		put(*text++);
	if (by_interrupt && was_empty)
		outb(IER_THRE, IER);
	local_irq_restore(flags);
}

void uart_use_interrupts(void)
{
	irq_request(IRQ_COM1, interrupt);
	by_interrupt = 1;
}

void uart_poll_only(void)
{
	if (!by_interrupt)
		return;
	by_interrupt = 0;
	outb(0, IER);
	while (tail != head)
		put_polled(ring[tail++ % RING]);
}
