/*
 * Port I/O: the accessors of Linux with the patch "Add I/O hypercalls for i386 paravirt" (Z. Amsden,
 * 2007-08-22). Each counts the access by port, and goes through the table.
 */
#ifndef IO_H
#define IO_H

#include "kernel.h"

struct pv_io_ops {
	void (*outb)(u8 value, int port);
	void (*outw)(u16 value, int port);
	void (*outl)(u32 value, int port);
	u8 (*inb)(int port);
	u16 (*inw)(int port);
	u32 (*inl)(int port);
	void (*outsb)(int port, const void *addr, u32 count);
	void (*outsw)(int port, const void *addr, u32 count);
	void (*outsl)(int port, const void *addr, u32 count);
	void (*insb)(int port, void *addr, u32 count);
	void (*insw)(int port, void *addr, u32 count);
	void (*insl)(int port, void *addr, u32 count);
};

extern struct pv_io_ops pv_io_ops;

#define COUNTED_PORTS 0x1000
/** Accesses by port since VMI_Init, or since power on without one; a string counts once. */
extern u32 port_accesses[COUNTED_PORTS];
/** Of all ports: those made by an instruction of the guest's. Native strings of no element are none. */
extern u32 native_port_accesses;

#define BUILDIO(bwl, type)									    \
	static inline void out##bwl(type value, int port)					    \
	{											    \
		port_accesses[port % COUNTED_PORTS]++;						    \
		pv_io_ops.out##bwl(value, port);						    \
	}											    \
	static inline type in##bwl(int port)							    \
	{											    \
		port_accesses[port % COUNTED_PORTS]++;						    \
		return pv_io_ops.in##bwl(port);							    \
	}											    \
	static inline void outs##bwl(int port, const void *addr, u32 count)			    \
	{											    \
		port_accesses[port % COUNTED_PORTS]++;						    \
		pv_io_ops.outs##bwl(port, addr, count);						    \
	}											    \
	static inline void ins##bwl(int port, void *addr, u32 count)				    \
	{											    \
		port_accesses[port % COUNTED_PORTS]++;						    \
		pv_io_ops.ins##bwl(port, addr, count);						    \
	}

BUILDIO(b, u8)
BUILDIO(w, u16)
BUILDIO(l, u32)

#undef BUILDIO

/** A pause after an access to slow hardware. */
void slow_down_io(void);

static inline void outb_p(u8 value, int port)
{
	outb(value, port);
	slow_down_io();
}

static inline u8 inb_p(int port)
{
	u8 value = inb(port);
	slow_down_io();
	return value;
}

#endif
