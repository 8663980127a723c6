/*
 * The guest's own count of its port operations, to be held against what a hypervisor or a debugger
 * counts. The accessors of io.h count; the operations behind them (native_outb, vmi_outb, ...) do not.
 */
#ifndef IO_COUNT_H
#define IO_COUNT_H

#include <stdint.h>

enum io_form {
	IO_OUTB, IO_OUTW, IO_OUTL,
	IO_INB, IO_INW, IO_INL,
	IO_OUTSB, IO_OUTSW, IO_OUTSL,
	IO_INSB, IO_INSW, IO_INSL,
	IO_FORMS,
};

extern const char *const io_form_names[IO_FORMS];

struct io_count {
	/** Calls of the accessor: one OUT, IN, REP OUTS or REP INS each. */
	uint32_t calls[IO_FORMS];
	/** Elements moved by the string forms. */
	uint32_t elements[IO_FORMS];
	/** Of the calls, strings of no element: the instruction does nothing, but a hypercall is still made. */
	uint32_t empty[IO_FORMS];
	/**
	 * Of the calls, those that only found a device busy. How many there are depends on how long an
	 * operation takes, so they are kept apart: calls less waits is the same in every world.
	 */
	uint32_t waits[IO_FORMS];
	/** Calls of the io_delay operation. It is a port operation only where it is native. */
	uint32_t delays;
};

extern struct io_count io_count;

/*
 * One instruction each, so that an interrupt handler's own operations are not lost between a load and
 * a store. The accessors carry no line information of their own ("nodebug"): a debugger sees the
 * driver's line that asked for the operation.
 */
#define io_accessor static inline __attribute__((always_inline, nodebug))

io_accessor void count_one(uint32_t *counter)
{
	asm volatile("incl %0" : "+m"(*counter));
}

io_accessor void count_many(uint32_t *counter, uint32_t n)
{
	asm volatile("addl %1, %0" : "+m"(*counter) : "r"(n));
}

io_accessor void count_string(enum io_form form, uint32_t elements)
{
	count_one(&io_count.calls[form]);
	count_many(&io_count.elements[form], elements);
	if (elements == 0)
		count_one(&io_count.empty[form]);
}

/** The last call of @form found the device busy and will be repeated. */
static inline void io_count_wait(enum io_form form)
{
	count_one(&io_count.waits[form]);
}

/** Everything done since @before was taken was in vain and will be repeated. */
void io_count_wait_since(const struct io_count *before);

/** Sums over all forms. */
uint32_t io_count_calls(const struct io_count *count);
uint32_t io_count_elements(const struct io_count *count);
uint32_t io_count_waits(const struct io_count *count);

/** Calls that were not waits: what the program asked for. */
uint32_t io_count_operations(const struct io_count *count);

#endif
