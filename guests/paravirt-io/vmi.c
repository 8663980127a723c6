/*
 * The guest's half of VMware's Virtual Machine Interface, API 3.0, as Linux 2.6.21 to 2.6.36 had it in
 * arch/x86/kernel/vmi_32.c, with the port operations of the patch "Add I/O hypercalls for i386
 * paravirt". The hypervisor puts a ROM into the option-ROM area; the guest finds it, calls VMI_Init,
 * and asks for each call it knows where its code is.
 */
#include "backend.h"
#include "uart.h"
#include "io_count.h"
#include "multiboot.h"
#include "paravirt.h"
#include "port_calls.h"
#include "string.h"
#include "vmi_calls.h"

#include <stddef.h>
#include <stdint.h>

typedef uint32_t vmi_init_call(void);
typedef uint64_t __attribute__((regparm(3))) vmi_get_relocation_call(int call);

/** What became of the ROM. */
static struct {
	/** The command line says vmi=disable_io_ops: the port operations stay native. */
	int io_ops_disabled;
	/** Names from the ROM's PnP header. */
	const char *manufacturer;
	const char *product;
	/** Why a ROM that was found is not in use, or NULL. */
	const char *problem;
} vmi;

static const struct vrom_header *rom;

/** Where the ROM's code for each port operation is. It takes its arguments as the instruction does. */
static struct {
	void *outb, *outw, *outl;
	void *inb, *inw, *inl;
	void *outsb, *outsw, *outsl;
	void *insb, *insw, *insl;
} vmi_ops;

/*
 * From the call of C, with arguments on the stack, to that of the ROM, with arguments in the registers
 * of the instruction. No clobbers: the ROM changes nothing but the outputs, just like the instruction.
 * (The patch leaves out "memory" for INS and OUTS; without it a compiler could use stale data.)
 */
#define BUILD_OUT(bwl, type)									    \
	static void vmi_out##bwl(type value, int port)						    \
	{											    \
		asm volatile("call *%0" : : "r"(vmi_ops.out##bwl), "a"(value), "d"(port));	    \
	}

#define BUILD_IN(bwl, type)									    \
	static type vmi_in##bwl(int port)							    \
	{											    \
		type value;									    \
		asm volatile("call *%1" : "=a"(value) : "r"(vmi_ops.in##bwl), "d"(port));	    \
		return value;									    \
	}

#define BUILD_OUTS(bwl)										    \
	static void vmi_outs##bwl(int port, const void *addr, unsigned long count)		    \
	{											    \
		asm volatile("call *%2" : "+S"(addr), "+c"(count)				    \
			     : "r"(vmi_ops.outs##bwl), "d"(port) : "memory");			    \
	}

#define BUILD_INS(bwl)										    \
	static void vmi_ins##bwl(int port, void *addr, unsigned long count)			    \
	{											    \
		asm volatile("call *%2" : "+D"(addr), "+c"(count)				    \
			     : "r"(vmi_ops.ins##bwl), "d"(port) : "memory");			    \
	}

BUILD_OUT(b, unsigned char)
BUILD_OUT(w, unsigned short)
BUILD_OUT(l, unsigned int)

BUILD_IN(b, unsigned char)
BUILD_IN(w, unsigned short)
BUILD_IN(l, unsigned int)

BUILD_OUTS(b)
BUILD_OUTS(w)
BUILD_OUTS(l)

BUILD_INS(b)
BUILD_INS(w)
BUILD_INS(l)

static const char *rom_string(const struct vrom_header *candidate, uint16_t offset)
{
	return offset ? (const char *)candidate + offset : "";
}

/** The checks of Linux's check_vmi_rom(). A ROM that fails is passed over; the first reason is kept. */
static const char *rom_problem(const struct vrom_header *candidate)
{
	const char *license = rom_string(candidate, candidate->license_offs);

	if (candidate->api_version_maj != VMI_API_VERSION_MAJOR)
		return "mismatched API version";
	if (!candidate->pci_header_offs)
		return "no PCI header";
	if (strcmp(license, "GPL") && strcmp(license, "GPL v2"))
		return "license is not GPL";
	return NULL;
}

/** Linux takes the first good ROM. With paging on, the area is mapped where it is. */
static const struct vrom_header *probe_rom(void)
{
	for (uint32_t base = VMI_ROM_SCAN_START; base < VMI_ROM_SCAN_END; base += VMI_ROM_SCAN_STEP) {
		const struct vrom_header *candidate = (const struct vrom_header *)base;

		if (candidate->rom_signature != VMI_ROM_SIGNATURE || candidate->vrom_signature != VMI_VROM_SIGNATURE)
			continue;
		const char *problem = rom_problem(candidate);
		if (!problem)
			return candidate;
		if (!vmi.problem)
			vmi.problem = problem;
	}
	return NULL;
}

static struct vmi_relocation_info get_relocation(int call)
{
	vmi_get_relocation_call *entry = (vmi_get_relocation_call *)rom->get_reloc;
	uint64_t answer = entry(call);
	struct vmi_relocation_info relocation;

	memcpy(&relocation, &answer, sizeof(relocation));
	return relocation;
}

/** Linux's para_wrap(): the operation becomes the wrapper if the ROM has a function to call. */
#define para_wrap(op, OP)									    \
	do {											    \
		struct vmi_relocation_info relocation = get_relocation(VMI_CALL_##OP);		    \
		if (relocation.type == VMI_RELOCATION_CALL_REL) {				    \
			vmi_ops.op = (void *)relocation.eip;					    \
			paravirt_ops.op = vmi_##op;						    \
			paravirt_ops.hypercalls |= 1u << IO_##OP;						    \
		}										    \
	} while (0)

static void take_over_io_delay(void)
{
	struct vmi_relocation_info relocation = get_relocation(VMI_CALL_IODelay);

	if (relocation.type == VMI_RELOCATION_CALL_REL) {
		paravirt_ops.io_delay = (void (*)(void))relocation.eip;
	} else if (relocation.type == VMI_RELOCATION_NOP) {
		paravirt_ops.io_delay = no_io_delay;
	}
}

static void take_over_io(void)
{
	para_wrap(inb, INB);
	para_wrap(inw, INW);
	para_wrap(inl, INL);
	para_wrap(outb, OUTB);
	para_wrap(outw, OUTW);
	para_wrap(outl, OUTL);
	para_wrap(insb, INSB);
	para_wrap(insw, INSW);
	para_wrap(insl, INSL);
	para_wrap(outsb, OUTSB);
	para_wrap(outsw, OUTSW);
	para_wrap(outsl, OUTSL);
}

static int vmi_activate(int wanted)
{
	(void)wanted;			/* the ROM is there or not: nothing to be tried */
	rom = probe_rom();
	if (!rom)
		return 0;

	vmi_init_call *init = (vmi_init_call *)rom->vmi_init;
	if (init() != 0) {
		vmi.problem = "the ROM failed to initialize";
		return 0;
	}

	const struct pnp_header *pnp = (const struct pnp_header *)((const char *)rom + rom->pnp_header_offs);
	vmi.problem = NULL;
	vmi.manufacturer = rom_string(rom, rom->pnp_header_offs ? pnp->manufacturer_offset : 0);
	vmi.product = rom_string(rom, rom->pnp_header_offs ? pnp->product_offset : 0);
	vmi.io_ops_disabled = command_line_has("vmi=disable_io_ops");

	take_over_io_delay();
	if (!vmi.io_ops_disabled)
		take_over_io();
	return 1;
}

static void vmi_describe(void)
{
	if (vmi.io_ops_disabled)
		print(", io ops disabled");
	else
		print(" (%s %s, API %u.%u)", vmi.manufacturer, vmi.product, rom->api_version_maj, rom->api_version_min);
}

static const char *vmi_problem(void)
{
	return vmi.problem;
}

const struct backend vmi_backend = { "vmi", vmi_activate, vmi_describe, vmi_problem };
