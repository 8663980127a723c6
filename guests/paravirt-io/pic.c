#include "pic.h"

#include "io.h"

/* Command words as in Intel's 8259A datasheet. */
#define MASTER_COMMAND 0x20
#define MASTER_DATA 0x21
#define SLAVE_COMMAND 0xa0
#define SLAVE_DATA 0xa1

#define ICW1_EDGE_CASCADE_ICW4 0x11
#define ICW4_8086 0x01
#define OCW2_SPECIFIC_EOI 0x60
#define CASCADE_LINE 2
#define SLAVE_LINES 8			/* lines 8-15 are the slave's 0-7 */

static unsigned short masked;

static void write_masks(unsigned line)
{
	if (line < SLAVE_LINES)
		outb(masked & 0xff, MASTER_DATA);
	else
		outb(masked >> 8, SLAVE_DATA);
}

void pic_init(void)
{
	outb_p(ICW1_EDGE_CASCADE_ICW4, MASTER_COMMAND);
	outb_p(IRQ_VECTOR, MASTER_DATA);
	outb_p(1 << CASCADE_LINE, MASTER_DATA);
	outb_p(ICW4_8086, MASTER_DATA);

	outb_p(ICW1_EDGE_CASCADE_ICW4, SLAVE_COMMAND);
	outb_p(IRQ_VECTOR + SLAVE_LINES, SLAVE_DATA);
	outb_p(CASCADE_LINE, SLAVE_DATA);
	outb_p(ICW4_8086, SLAVE_DATA);

	masked = 0xffff & ~(1 << CASCADE_LINE);
	write_masks(0);
	write_masks(SLAVE_LINES);
}

void pic_mask(unsigned line)
{
	masked |= 1 << line;
	write_masks(line);
}

void pic_unmask(unsigned line)
{
	masked &= ~(1 << line);
	write_masks(line);
}

void pic_end_of_interrupt(unsigned line)
{
	if (line >= SLAVE_LINES) {
		outb(OCW2_SPECIFIC_EOI | (line - SLAVE_LINES), SLAVE_COMMAND);
		line = CASCADE_LINE;
	}
	outb(OCW2_SPECIFIC_EOI | line, MASTER_COMMAND);
}
