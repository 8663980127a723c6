/*
 * Port operations by VMI call: the patch "Add I/O hypercalls for i386 paravirt" (Z. Amsden, 2007-08-22).
 * The ROM takes arguments in the registers of the instruction and changes nothing but its outputs, so
 * the stubs name no clobbers, as the patch's do.
 */
#include "io.h"
#include "paravirt.h"
#include "vmi.h"

static struct {
	void *outb, *outw, *outl, *inb, *inw, *inl, *outsb, *outsw, *outsl, *insb, *insw, *insl;
} rom;

#define BUILD_VMI(bwl, BWL, type)								    \
	static void vmi_out##bwl(type value, int port)						    \
	{											    \
		count_call(OUT##BWL);								    \
		asm volatile("call *%0" : : "r"(rom.out##bwl), "a"(value), "d"(port));		    \
	}											    \
	static type vmi_in##bwl(int port)							    \
	{											    \
		type value;									    \
		count_call(IN##BWL);								    \
		asm volatile("call *%1" : "=a"(value) : "r"(rom.in##bwl), "d"(port));		    \
		return value;									    \
	}											    \
	static void vmi_outs##bwl(int port, const void *addr, u32 count)			    \
	{											    \
		count_call(OUTS##BWL);								    \
		asm volatile("call *%2" : "+S"(addr), "+c"(count) : "r"(rom.outs##bwl), "d"(port)   \
			     : "memory");							    \
	}											    \
	static void vmi_ins##bwl(int port, void *addr, u32 count)				    \
	{											    \
		count_call(INS##BWL);								    \
		asm volatile("call *%2" : "+D"(addr), "+c"(count) : "r"(rom.ins##bwl), "d"(port)    \
			     : "memory");							    \
	}

BUILD_VMI(b, B, u8)
BUILD_VMI(w, W, u16)
BUILD_VMI(l, L, u32)

void vmi_fill_io_ops(void)
{
	if (vmi.disable_io_ops)
		return;
	para_wrap(pv_io_ops.inb, vmi_inb, rom.inb, INB);
	para_wrap(pv_io_ops.inw, vmi_inw, rom.inw, INW);
	para_wrap(pv_io_ops.inl, vmi_inl, rom.inl, INL);
	para_wrap(pv_io_ops.outb, vmi_outb, rom.outb, OUTB);
	para_wrap(pv_io_ops.outw, vmi_outw, rom.outw, OUTW);
	para_wrap(pv_io_ops.outl, vmi_outl, rom.outl, OUTL);
	para_wrap(pv_io_ops.insb, vmi_insb, rom.insb, INSB);
	para_wrap(pv_io_ops.insw, vmi_insw, rom.insw, INSW);
	para_wrap(pv_io_ops.insl, vmi_insl, rom.insl, INSL);
	para_wrap(pv_io_ops.outsb, vmi_outsb, rom.outsb, OUTSB);
	para_wrap(pv_io_ops.outsw, vmi_outsw, rom.outsw, OUTSW);
	para_wrap(pv_io_ops.outsl, vmi_outsl, rom.outsl, OUTSL);
}
