/* The interrupt descriptor table, and what a handler sees. */
#ifndef INTERRUPTS_H
#define INTERRUPTS_H

#include <stdint.h>

#define EXCEPTIONS 32
#define VECTORS 48

/** The stack as vectors.S leaves it, lowest address first. */
struct interrupt_frame {
	uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;	/* PUSHAL */
	uint32_t vector, error_code;
	uint32_t eip, cs, eflags;				/* the processor's part */
};

typedef void interrupt_handler(struct interrupt_frame *frame);

/** Loads an IDT with all VECTORS entries; interrupts stay off. */
void interrupts_init(void);

/** Handles @vector from now on. Without a handler a vector ends in unexpected_interrupt(). */
void interrupt_set_handler(unsigned vector, interrupt_handler *handler);

/** Short name of an exception (`#GP`), or "interrupt". */
const char *exception_name(unsigned vector);

/** The guest's own: called for a vector that nobody handles. Must not return. */
_Noreturn void unexpected_interrupt(const struct interrupt_frame *frame);

static inline void interrupts_enable(void)
{
	asm volatile("sti" : : : "memory");
}

static inline void interrupts_disable(void)
{
	asm volatile("cli" : : : "memory");
}

#endif
