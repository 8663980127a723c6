#include "io_count.h"

struct io_count io_count;

const char *const io_form_names[IO_FORMS] = {
	[IO_OUTB] = "outb",   [IO_OUTW] = "outw",   [IO_OUTL] = "outl",
	[IO_INB] = "inb",     [IO_INW] = "inw",	    [IO_INL] = "inl",
	[IO_OUTSB] = "outsb", [IO_OUTSW] = "outsw", [IO_OUTSL] = "outsl",
	[IO_INSB] = "insb",   [IO_INSW] = "insw",   [IO_INSL] = "insl",
};

static uint32_t sum(const uint32_t counters[IO_FORMS])
{
	uint32_t total = 0;

	for (unsigned form = 0; form < IO_FORMS; form++)
		total += counters[form];
	return total;
}

void io_count_wait_since(const struct io_count *before)
{
	for (unsigned form = 0; form < IO_FORMS; form++) {
		uint32_t calls = io_count.calls[form] - before->calls[form];
		uint32_t waits = io_count.waits[form] - before->waits[form];

		count_many(&io_count.waits[form], calls - waits);
	}
}

uint32_t io_count_calls(const struct io_count *count)
{
	return sum(count->calls);
}

uint32_t io_count_elements(const struct io_count *count)
{
	return sum(count->elements);
}

uint32_t io_count_waits(const struct io_count *count)
{
	return sum(count->waits);
}

uint32_t io_count_operations(const struct io_count *count)
{
	return io_count_calls(count) - io_count_waits(count);
}
