/* The 8259A pair (Intel's datasheet). */
#include "io.h"
#include "irq.h"
#include "segment.h"

#define MASTER_COMMAND 0x20
#define MASTER_DATA 0x21
#define SLAVE_COMMAND 0xa0
#define SLAVE_DATA 0xa1

#define ICW1_EDGE_CASCADE_ICW4 0x11
#define ICW4_8086 0x01
#define OCW2_SPECIFIC_EOI 0x60
#define OCW3_READ_IRR 0x0a
#define OCW3_READ_ISR 0x0b
#define CASCADE_LINE 2
#define SLAVE_LINES 8

static u16 masked = 0xffff & ~(1 << CASCADE_LINE);

static void write_mask(unsigned line)
{
	if (line < SLAVE_LINES)
		outb(masked & 0xff, MASTER_DATA);
	else
		outb(masked >> 8, SLAVE_DATA);
}

void pic_init(void)
{
	outb_p(ICW1_EDGE_CASCADE_ICW4, MASTER_COMMAND);
	outb_p(FIRST_IRQ_VECTOR, MASTER_DATA);
	outb_p(1 << CASCADE_LINE, MASTER_DATA);
	outb_p(ICW4_8086, MASTER_DATA);
	outb_p(ICW1_EDGE_CASCADE_ICW4, SLAVE_COMMAND);
	outb_p(FIRST_IRQ_VECTOR + SLAVE_LINES, SLAVE_DATA);
	outb_p(CASCADE_LINE, SLAVE_DATA);
	outb_p(ICW4_8086, SLAVE_DATA);
	write_mask(0);
	write_mask(SLAVE_LINES);
}

void pic_mask(unsigned line)
{
	masked |= 1 << line;
	write_mask(line);
}

void pic_unmask(unsigned line)
{
	masked &= ~(1 << line);
	write_mask(line);
}

void pic_mask_and_acknowledge(unsigned line)
{
	pic_mask(line);
	if (line >= SLAVE_LINES) {
		outb(OCW2_SPECIFIC_EOI | (line - SLAVE_LINES), SLAVE_COMMAND);
		line = CASCADE_LINE;
	}
	outb(OCW2_SPECIFIC_EOI | line, MASTER_COMMAND);
}

static u16 read_both(u8 command)
{
	outb(command, MASTER_COMMAND);
	outb(command, SLAVE_COMMAND);
	u16 low = inb(MASTER_COMMAND);
	return low | inb(SLAVE_COMMAND) << 8;
}

u16 pic_requests(void)
{
	return read_both(OCW3_READ_IRR);
}

u16 pic_in_service(void)
{
	u16 value = read_both(OCW3_READ_ISR);

	outb(OCW3_READ_IRR, MASTER_COMMAND);
	outb(OCW3_READ_IRR, SLAVE_COMMAND);
	return value;
}
