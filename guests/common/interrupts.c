#include "interrupts.h"
#include "segments.h"

#define GATE_INTERRUPT 0x8e00		/* present, ring 0, 32-bit interrupt gate (Intel SDM vol. 3, figure 6-2) */

struct gate {
	uint16_t offset_low;
	uint16_t selector;
	uint16_t type;
	uint16_t offset_high;
};

struct descriptor_pointer {
	uint16_t limit;
	uint32_t base;
} __attribute__((packed));

extern const uint32_t vector_table[VECTORS];	/* vectors.S */

static struct gate idt[VECTORS];
static interrupt_handler *handlers[VECTORS];

void interrupts_init(void)
{
	for (unsigned i = 0; i < VECTORS; i++) {
		idt[i].offset_low = vector_table[i] & 0xffff;
		idt[i].selector = KERNEL_CS;
		idt[i].type = GATE_INTERRUPT;
		idt[i].offset_high = vector_table[i] >> 16;
	}
	struct descriptor_pointer pointer = { sizeof(idt) - 1, (uint32_t)idt };
	asm volatile("lidt %0" : : "m"(pointer));
}

void interrupt_set_handler(unsigned vector, interrupt_handler *handler)
{
	handlers[vector] = handler;
}

/** Called by vectors.S. */
void interrupt_dispatch(struct interrupt_frame *frame)
{
	interrupt_handler *handler = handlers[frame->vector];

	if (!handler)
		unexpected_interrupt(frame);
	handler(frame);
}

const char *exception_name(unsigned vector)
{
	static const char *const names[EXCEPTIONS] = {
		"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "coprocessor overrun", "#TS", "#NP",
		"#SS", "#GP", "#PF", "vector 15", "#MF", "#AC", "#MC", "#XM",
	};

	return vector < EXCEPTIONS && names[vector] ? names[vector] : "interrupt";
}
