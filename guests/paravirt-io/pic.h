/* The pair of 8259A interrupt controllers. */
#ifndef PIC_H
#define PIC_H

#define IRQ_VECTOR 32			/* of line 0; the exceptions end below */

/** Lines 0-15 become vectors IRQ_VECTOR to IRQ_VECTOR + 15, all masked. */
void pic_init(void);

void pic_mask(unsigned line);
void pic_unmask(unsigned line);

/** Tells the controllers that the handler of @line is done. */
void pic_end_of_interrupt(unsigned line);

#endif
