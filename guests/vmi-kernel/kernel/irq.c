/* From an interrupt's entry to its handler. A line is masked while it is handled, as Linux's i8259 does. */
#include "irq.h"
#include "apic.h"
#include "paravirt.h"

static irq_handler *line_handlers[IRQ_LINES];
static irq_handler *vector_handlers[256];
u32 irq_counts[IRQ_LINES + 2];
u32 irq_depth, irq_deepest;

void irq_init(void)
{
	pic_init();
}

void irq_request(unsigned line, irq_handler *handler)
{
	u32 flags = local_irq_save();

	line_handlers[line] = handler;
	if (handler)
		pic_unmask(line);
	else
		pic_mask(line);
	local_irq_restore(flags);
}

void irq_set_vector(unsigned vector, irq_handler *handler)
{
	vector_handlers[vector] = handler;
}

static void handle_line(unsigned line, struct pt_regs *regs)
{
	/* The 8259 answers 7 for a request that has gone away: not in service. */
	if ((line == 7 || line == 15) && !(pic_in_service() & 1u << line)) {
		irq_counts[IRQ_COUNT_SPURIOUS]++;
		return;
	}
	irq_counts[line]++;
	pic_mask_and_acknowledge(line);
	if (line_handlers[line]) {
		line_handlers[line](regs);
		if (line_handlers[line])
			pic_unmask(line);
	}
}

/** Called by entry.S, interrupts off. orig_eax is the complement of the vector. */
void do_interrupt(struct pt_regs *regs)
{
	u32 vector = ~regs->orig_eax & 0xff;

	irq_depth++;
	if (irq_depth > irq_deepest)
		irq_deepest = irq_depth;
	if (vector - FIRST_IRQ_VECTOR < IRQ_LINES) {
		handle_line(vector - FIRST_IRQ_VECTOR, regs);
	} else if (vector_handlers[vector]) {
		irq_counts[IRQ_COUNT_APIC]++;
		if (vector != SPURIOUS_VECTOR && vector != SYSCALL_VECTOR && apic_active)
			apic_write(APIC_EOI, 0);
		vector_handlers[vector](regs);
	} else {
		irq_counts[IRQ_COUNT_SPURIOUS]++;
	}
	irq_depth--;
}
