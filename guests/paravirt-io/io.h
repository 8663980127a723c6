/*
 * Port I/O as drivers write it: outb(value, port), inb(port), insw(port, buffer, count), ...
 * Each accessor counts the operation and calls it through paravirt_ops, so that a driver is the same
 * on bare metal, where the operation is the instruction, and under a hypervisor, where it may be a call.
 *
 * The variants with _p wait a little afterwards (io_delay), as drivers of old devices do.
 */
#ifndef IO_H
#define IO_H

#include "io_count.h"
#include "paravirt.h"

io_accessor void slow_down_io(void)
{
	count_one(&io_count.delays);
	paravirt_ops.io_delay();
}

#define BUILDIO(bwl, BWL, type)									    \
	io_accessor void out##bwl(type value, int port)						    \
	{											    \
		count_one(&io_count.calls[IO_OUT##BWL]);					    \
		paravirt_ops.out##bwl(value, port);						    \
	}											    \
	io_accessor type in##bwl(int port)							    \
	{											    \
		count_one(&io_count.calls[IO_IN##BWL]);						    \
		return paravirt_ops.in##bwl(port);						    \
	}											    \
	io_accessor void outs##bwl(int port, const void *addr, unsigned long count)		    \
	{											    \
		count_string(IO_OUTS##BWL, count);						    \
		paravirt_ops.outs##bwl(port, addr, count);					    \
	}											    \
	io_accessor void ins##bwl(int port, void *addr, unsigned long count)			    \
	{											    \
		count_string(IO_INS##BWL, count);						    \
		paravirt_ops.ins##bwl(port, addr, count);					    \
	}

BUILDIO(b, B, unsigned char)
BUILDIO(w, W, unsigned short)
BUILDIO(l, L, unsigned int)

#undef BUILDIO

io_accessor void outb_p(unsigned char value, int port)
{
	outb(value, port);
	slow_down_io();
}

io_accessor unsigned char inb_p(int port)
{
	unsigned char value = inb(port);
	slow_down_io();
	return value;
}

#endif
