#include "exits.h"

#include "io_count.h"
#include "paravirt.h"

uint32_t port_accesses(void)
{
	uint32_t accesses = io_count_calls(&io_count);

	if (paravirt_ops.io_delay == native_io_delay)
		accesses += io_count.delays;
	for (unsigned form = 0; form < IO_FORMS; form++)
		if (!(paravirt_ops.hypercalls & 1u << form))
			accesses -= io_count.empty[form];
	return accesses;
}
