/* The hostile kernel's first deed: a call of the ROM before VMI_Init. Exceptions need gates for that. */
#include "cmdline.h"
#include "desc.h"
#include "paravirt.h"
#include "string.h"
#include "test.h"
#include "traps.h"
#include "vmi.h"

u32 hostile_early_vector;

static const u8 vmcall[3] = { 0x0f, 0x01, 0xc1 };

/** The first stub behind the two entries that enters the hypervisor. */
static const u8 *find_stub(void)
{
	const u8 *rom = (const u8 *)vmi.rom;

	for (u32 at = sizeof(struct vrom_header); at < vmi.rom->rom_length * 512u; at++)
		if (!memcmp(rom + at, vmcall, sizeof(vmcall)))
			return rom + at;
	return NULL;
}

static void call_stub(void *stub)
{
	((void (*)(void))stub)();
}

void hostile_before_init(void)
{
	struct desc flat = pack_descriptor(0, 0xfffff, DESC_DATA, DESC_FLAGS_32_PAGES);
	struct caught caught = { .vector = -1u };
	const u8 *stub = vmi.rom ? find_stub() : NULL;

	if (!stub)
		return;
	trap_init();
	write_gdt_entry(gdt_table, GDT_ENTRY_PERCPU, flat.low, flat.high);
	catch_exception(call_stub, (void *)stub, &caught);
	hostile_early_vector = caught.vector;
	printk("hostile: a call before VMI_Init ended in %s\n", trap_name(caught.vector));
	printk("hostile: before VMI_Init OUTB is answered %u\n", vmi_get_relocation(VMI_CALL_OUTB).type);
}
