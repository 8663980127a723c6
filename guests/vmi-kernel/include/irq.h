/* Interrupts of devices: the 8259 pair, and vectors of the local APIC. */
#ifndef IRQ_H
#define IRQ_H

#include "pt_regs.h"

#define IRQ_LINES 16
#define IRQ_TIMER 0
#define IRQ_COM1 4
#define IRQ_IDE 14

typedef void irq_handler(struct pt_regs *regs);

void irq_init(void);
/** Handles a line from now on, and unmasks it; NULL masks it. */
void irq_request(unsigned line, irq_handler *handler);
/** A vector of the local APIC. */
void irq_set_vector(unsigned vector, irq_handler *handler);

/** Interrupts taken, by line; [16] by vectors of the local APIC; [17] spurious. */
extern u32 irq_counts[IRQ_LINES + 2];
#define IRQ_COUNT_APIC IRQ_LINES
#define IRQ_COUNT_SPURIOUS (IRQ_LINES + 1)
/** Deepest nesting seen. */
extern u32 irq_depth, irq_deepest;

/* pic.c */
void pic_init(void);
void pic_mask_and_acknowledge(unsigned line);
void pic_mask(unsigned line);
void pic_unmask(unsigned line);
/** Registers IRR and ISR of both, master in the low byte. */
u16 pic_requests(void);
u16 pic_in_service(void);

#endif
