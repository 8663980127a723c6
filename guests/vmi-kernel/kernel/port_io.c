/* The native port operations: one instruction each. Under a hypervisor each is trapped and decoded. */
#include "io.h"
#include "paravirt.h"

u32 port_accesses[COUNTED_PORTS];
u32 native_port_accesses;

/** A native string: of no element, it is no access. */
static void count_string(int port, u32 count)
{
	if (count)
		native_port_accesses++;
	else
		port_accesses[port % COUNTED_PORTS]--;
}

#define BUILD_NATIVE(bwl, bw, type)								    \
	static void native_out##bwl(type value, int port)					    \
	{											    \
		native_port_accesses++;								    \
		asm volatile("out" #bwl " %" #bw "0, %w1" : : "a"(value), "Nd"(port));		    \
	}											    \
	static type native_in##bwl(int port)							    \
	{											    \
		type value;									    \
		native_port_accesses++;								    \
		asm volatile("in" #bwl " %w1, %" #bw "0" : "=a"(value) : "Nd"(port));		    \
		return value;									    \
	}											    \
	static void native_outs##bwl(int port, const void *addr, u32 count)			    \
	{											    \
		count_string(port, count);							    \
		asm volatile("rep; outs" #bwl : "+S"(addr), "+c"(count) : "d"(port) : "memory");    \
	}											    \
	static void native_ins##bwl(int port, void *addr, u32 count)				    \
	{											    \
		count_string(port, count);							    \
		asm volatile("rep; ins" #bwl : "+D"(addr), "+c"(count) : "d"(port) : "memory");	    \
	}

BUILD_NATIVE(b, b, u8)
BUILD_NATIVE(w, w, u16)
BUILD_NATIVE(l, , u32)

struct pv_io_ops pv_io_ops = {
	native_outb, native_outw, native_outl, native_inb, native_inw, native_inl,
	native_outsb, native_outsw, native_outsl, native_insb, native_insw, native_insl,
};

void slow_down_io(void)
{
	count_call(IODelay);
	pv_cpu_ops.io_delay();
}
