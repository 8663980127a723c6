/*
 * The native operations: the instructions themselves. Under a hypervisor each of them leaves the
 * guest, and the hypervisor has to find out from the instruction's bytes what was meant.
 */
#include "paravirt.h"

#define BUILD_OUT(bwl, bw, type)								    \
	static void native_out##bwl(type value, int port)					    \
	{											    \
		asm volatile("out" #bwl " %" #bw "0, %w1" : : "a"(value), "Nd"(port));		    \
	}

#define BUILD_IN(bwl, bw, type)									    \
	static type native_in##bwl(int port)							    \
	{											    \
		type value;									    \
		asm volatile("in" #bwl " %w1, %" #bw "0" : "=a"(value) : "Nd"(port));		    \
		return value;									    \
	}

#define BUILD_OUTS(bwl)										    \
	static void native_outs##bwl(int port, const void *addr, unsigned long count)		    \
	{											    \
		asm volatile("rep; outs" #bwl : "+S"(addr), "+c"(count) : "d"(port) : "memory");    \
	}

#define BUILD_INS(bwl)										    \
	static void native_ins##bwl(int port, void *addr, unsigned long count)			    \
	{											    \
		asm volatile("rep; ins" #bwl : "+D"(addr), "+c"(count) : "d"(port) : "memory");	    \
	}

BUILD_OUT(b, b, unsigned char)
BUILD_OUT(w, w, unsigned short)
BUILD_OUT(l, , unsigned int)

BUILD_IN(b, b, unsigned char)
BUILD_IN(w, w, unsigned short)
BUILD_IN(l, , unsigned int)

BUILD_OUTS(b)
BUILD_OUTS(w)
BUILD_OUTS(l)

BUILD_INS(b)
BUILD_INS(w)
BUILD_INS(l)

void native_io_delay(void)
{
	asm volatile("outb %al, $0x80");
}

struct paravirt_ops paravirt_ops = {
	.name = "native",
	.io_delay = native_io_delay,
	.outb = native_outb,
	.outw = native_outw,
	.outl = native_outl,
	.inb = native_inb,
	.inw = native_inw,
	.inl = native_inl,
	.outsb = native_outsb,
	.outsw = native_outsw,
	.outsl = native_outsl,
	.insb = native_insb,
	.insw = native_insw,
	.insl = native_insl,
};
