/*
 * The guest's half of VMware's Virtual Machine Interface, API 3.0, as Linux 2.6.21 to 2.6.36 had it in
 * arch/x86/kernel/vmi_32.c, with the port operations of the patch "Add I/O hypercalls for i386
 * paravirt". The hypervisor puts a ROM into the option-ROM area; the guest finds it, calls VMI_Init,
 * and asks for each call it knows where its code is.
 */
#include "vmi.h"

#include "multiboot.h"
#include "paravirt.h"
#include "string.h"
#include "vmi_calls.h"

#include <stddef.h>
#include <stdint.h>

#define ROM_AREA_START 0xc0000
#define ROM_AREA_END 0xe0000
#define ROM_STEP 2048

#define ROM_SIGNATURE 0xaa55
#define VMI_SIGNATURE 0x696d5663		/* "cVmi" */
#define VMI_API_MAJOR 3
#define VMI_API_MINOR_LEAST 0

struct vmi_rom {
	uint16_t rom_signature;
	uint8_t rom_length;			/* in units of 512 bytes */
	uint8_t rom_entry[4];
	uint8_t rom_pad0;
	uint32_t vmi_signature;
	uint8_t api_version_minor;
	uint8_t api_version_major;
	uint8_t jump_slots;
	uint8_t reserved1;
	uint32_t virtual_top;			/* the hypervisor keeps what lies above to itself; 0: nothing */
	uint16_t reserved2;
	uint16_t license;			/* these three: offsets from the start of the ROM */
	uint16_t pci_header;
	uint16_t pnp_header;
	uint32_t rom_pad3;
	uint8_t reserved[96];
	uint8_t vmi_init[8];			/* code */
	uint8_t get_relocation[8];		/* code */
} __attribute__((packed));

struct pnp_header {
	uint32_t signature;			/* "$PnP" */
	uint8_t revision;
	uint8_t size;
	uint16_t next;
	uint16_t reserved;
	uint32_t device;
	uint16_t manufacturer;			/* offsets of strings from the start of the ROM */
	uint16_t product;
} __attribute__((packed));

_Static_assert(offsetof(struct vmi_rom, vmi_init) == 0x80, "VMI_Init is at 0x80");
_Static_assert(offsetof(struct pnp_header, manufacturer) == 0x0e, "the PnP names are at 0x0e");

/** The answer of GetRelocationInfo, in EDX:EAX. */
enum relocation_type {
	RELOCATION_NONE = 0,			/* no such call: stay native */
	RELOCATION_CALL = 1,			/* call the address */
	RELOCATION_JUMP = 2,			/* jump to it */
	RELOCATION_NOP = 3,			/* nothing needs to be done */
};

struct vmi_relocation {
	uint32_t address;
	uint8_t type;
	uint8_t reserved[3];
};

typedef uint32_t vmi_init_call(void);
typedef uint64_t __attribute__((regparm(3))) vmi_get_relocation_call(int call);

struct vmi_status vmi;

static const struct vmi_rom *rom;

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
#define BUILD_OUT(bwl, type)                                                                        \
	static void vmi_out##bwl(type value, int port)                                              \
	{                                                                                           \
		asm volatile("call *%0" : : "r"(vmi_ops.out##bwl), "a"(value), "d"(port));          \
	}

#define BUILD_IN(bwl, type)                                                                         \
	static type vmi_in##bwl(int port)                                                           \
	{                                                                                           \
		type value;                                                                         \
		asm volatile("call *%1" : "=a"(value) : "r"(vmi_ops.in##bwl), "d"(port));           \
		return value;                                                                       \
	}

#define BUILD_OUTS(bwl)                                                                             \
	static void vmi_outs##bwl(int port, const void *addr, unsigned long count)                  \
	{                                                                                           \
		asm volatile("call *%2" : "+S"(addr), "+c"(count)                                   \
			     : "r"(vmi_ops.outs##bwl), "d"(port) : "memory");                       \
	}

#define BUILD_INS(bwl)                                                                              \
	static void vmi_ins##bwl(int port, void *addr, unsigned long count)                         \
	{                                                                                           \
		asm volatile("call *%2" : "+D"(addr), "+c"(count)                                   \
			     : "r"(vmi_ops.ins##bwl), "d"(port) : "memory");                        \
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

static void no_io_delay(void)
{
}

static const char *rom_string(const struct vmi_rom *candidate, uint16_t offset)
{
	return offset ? (const char *)candidate + offset : "";
}

/** The checks of Linux's check_vmi_rom(). A ROM that fails is passed over; the first reason is kept. */
static const char *rom_problem(const struct vmi_rom *candidate)
{
	const char *license = rom_string(candidate, candidate->license);

	if (candidate->api_version_major != VMI_API_MAJOR || candidate->api_version_minor < VMI_API_MINOR_LEAST)
		return "mismatched API version";
	if (!candidate->pci_header)
		return "no PCI header";
	if (strcmp(license, "GPL") && strcmp(license, "GPL v2"))
		return "license is not GPL";
	return NULL;
}

/** Linux takes the first good ROM. With paging on, the area is mapped where it is. */
static const struct vmi_rom *probe_rom(void)
{
	for (uint32_t base = ROM_AREA_START; base < ROM_AREA_END; base += ROM_STEP) {
		const struct vmi_rom *candidate = (const struct vmi_rom *)base;

		if (candidate->rom_signature != ROM_SIGNATURE || candidate->vmi_signature != VMI_SIGNATURE)
			continue;
		const char *problem = rom_problem(candidate);
		if (!problem)
			return candidate;
		if (!vmi.problem)
			vmi.problem = problem;
	}
	return NULL;
}

static struct vmi_relocation get_relocation(int call)
{
	vmi_get_relocation_call *entry = (vmi_get_relocation_call *)rom->get_relocation;
	uint64_t answer = entry(call);
	struct vmi_relocation relocation;

	memcpy(&relocation, &answer, sizeof(relocation));
	return relocation;
}

/** Linux's para_wrap(): the operation becomes the wrapper if the ROM has a function to call. */
#define para_wrap(op, number)                                                                       \
	do {                                                                                        \
		struct vmi_relocation relocation = get_relocation(number);                          \
		if (relocation.type == RELOCATION_CALL) {                                           \
			vmi_ops.op = (void *)relocation.address;                                    \
			paravirt_ops.op = vmi_##op;                                                 \
			vmi.io_ops++;                                                               \
		}                                                                                   \
	} while (0)

static void take_over_io_delay(void)
{
	struct vmi_relocation relocation = get_relocation(VMI_CALL_IODelay);

	if (relocation.type == RELOCATION_CALL) {
		paravirt_ops.io_delay = (void (*)(void))relocation.address;
	} else if (relocation.type == RELOCATION_NOP) {
		paravirt_ops.io_delay = no_io_delay;
		vmi.no_io_delay = 1;
	}
}

static void take_over_io(void)
{
	para_wrap(inb, VMI_CALL_INB);
	para_wrap(inw, VMI_CALL_INW);
	para_wrap(inl, VMI_CALL_INL);
	para_wrap(outb, VMI_CALL_OUTB);
	para_wrap(outw, VMI_CALL_OUTW);
	para_wrap(outl, VMI_CALL_OUTL);
	para_wrap(insb, VMI_CALL_INSB);
	para_wrap(insw, VMI_CALL_INSW);
	para_wrap(insl, VMI_CALL_INSL);
	para_wrap(outsb, VMI_CALL_OUTSB);
	para_wrap(outsw, VMI_CALL_OUTSW);
	para_wrap(outsl, VMI_CALL_OUTSL);
}

void vmi_activate(void)
{
	rom = probe_rom();
	if (!rom)
		return;

	vmi_init_call *init = (vmi_init_call *)rom->vmi_init;
	if (init() != 0) {
		vmi.problem = "the ROM failed to initialize";
		return;
	}

	const struct pnp_header *pnp = (const struct pnp_header *)((const char *)rom + rom->pnp_header);
	vmi.active = 1;
	vmi.problem = NULL;
	vmi.manufacturer = rom_string(rom, rom->pnp_header ? pnp->manufacturer : 0);
	vmi.product = rom_string(rom, rom->pnp_header ? pnp->product : 0);
	vmi.api_major = rom->api_version_major;
	vmi.api_minor = rom->api_version_minor;
	vmi.io_ops_disabled = command_line_has("vmi=disable_io_ops");

	paravirt_ops.name = "vmi";
	take_over_io_delay();
	if (!vmi.io_ops_disabled)
		take_over_io();
}
