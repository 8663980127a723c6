/* The ROM, its answers, and the patch sites. */
#include "cpu.h"
#include "fixmap.h"
#include "paravirt.h"
#include "string.h"
#include "test.h"
#include "vmi.h"

#define ROM_UNIT 512

static int rom_checksum(void)
{
	const u8 *rom = (const u8 *)vmi.rom;
	u8 sum = 0;

	for (u32 i = 0; i < vmi.rom->rom_length * ROM_UNIT; i++)
		sum += rom[i];
	return sum;
}

static void check_headers(void)
{
	const u8 *rom = (const u8 *)vmi.rom;
	const struct pci_header *pci = (const void *)(rom + vmi.rom->pci_header_offs);
	const struct pnp_header *pnp = (const void *)(rom + vmi.rom->pnp_header_offs);

	check("rom length", vmi.rom->rom_length > 0);
	check_equal("rom checksum", 0, rom_checksum());
	check_equal("rom: BIOS entry returns far", 0xcb, vmi.rom->rom_entry[0] == 0xcb ? 0xcb : vmi.rom->rom_entry[0]);
	check_equal("pci header", VMI_PCI_SIGNATURE, pci->sig);
	check_equal("pci vendor", VMI_PCI_VENDOR, pci->vendorID);
	check_equal("pci device", VMI_PCI_DEVICE, pci->deviceID);
	check_equal("pci length", vmi.rom->rom_length, pci->chunks);
	check_equal("pnp header", VMI_PNP_SIGNATURE, pnp->sig);
	check("pnp names", pnp->manufacturer_offset && pnp->product_offset);
	check("executed in place", (u32)rom >= PAGE_OFFSET + VMI_ROM_SCAN_START && (u32)rom < PAGE_OFFSET + VMI_ROM_SCAN_END);
	check_equal("fixmap below the hole", vmi.rom->virtual_top - PAGE_SIZE, fixaddr_top);
}

void test_probe(void)
{
	if (!vmi.rom) {
		check("no rom: native", !vmi.active && get_kernel_rpl() == 0);
		return;
	}
	check("rom initialized", vmi.active);
	check_headers();
	check("kernel level is 0 to 2", get_kernel_rpl() <= 2);
	check_equal("level of the stack", get_kernel_rpl(), current_ss() & 3);
	check_equal("kernel code selector", KERNEL_CS, current_cs() & ~3u);
	check_equal("kernel data selector", KERNEL_DS, current_ss() & ~3u);
}

static int in_rom(u32 eip)
{
	return eip - (u32)vmi.rom < vmi.rom->rom_length * ROM_UNIT;
}

typedef u64 rom_get_relocation(u32 call);

static u8 type_of(u32 call)
{
	rom_get_relocation *entry = (rom_get_relocation *)vmi.rom->get_reloc;
	return entry(call) >> 32;
}

void test_relocations(void)
{
	static const u32 unknown[] = { VMI_CALL_COUNT, 255, 0x10000, 0x7fffffff, 0xffffffff };
	u32 bad_type = 0, bad_place = 0, unstable = 0;

	if (!vmi.active) {
		skip("all", "no VMI");
		return;
	}
	for (int call = 0; call < VMI_CALL_COUNT; call++) {
		struct vmi_relocation_info first = vmi_get_relocation(call), second = vmi_get_relocation(call);
		bad_type += first.type > VMI_RELOCATION_NOP;
		if (first.type == VMI_RELOCATION_CALL_REL || first.type == VMI_RELOCATION_JUMP_REL)
			bad_place += !in_rom(first.eip);
		unstable += first.type != second.type || first.eip != second.eip;
	}
	check_equal("types", 0, bad_type);
	check_equal("code lies in the rom", 0, bad_place);
	check_equal("the same answer twice", 0, unstable);
	for (u32 i = 0; i < ARRAY_SIZE(unknown); i++)
		check_equal("unknown number: none", VMI_RELOCATION_NONE, type_of(unknown[i]));
	check("IRET can be reached", vmi.type[VMI_CALL_IRET] == VMI_RELOCATION_CALL_REL ||
	      vmi.type[VMI_CALL_IRET] == VMI_RELOCATION_JUMP_REL);
	check("SYSEXIT can be reached", vmi.type[VMI_CALL_SYSEXIT] == VMI_RELOCATION_CALL_REL ||
	      vmi.type[VMI_CALL_SYSEXIT] == VMI_RELOCATION_JUMP_REL);
	check("io calls as the options say", !vmi.disable_io_ops || !vmi_by_call[VMI_CALL_OUTB]);
}

static u32 sites_digest(void)
{
	u32 digest = 0;

	for (const struct patch_site *site = parainstructions_start; site < parainstructions_end; site++)
		for (u32 i = 0; i < site->len; i++)
			digest = digest * 31 + site->instr[i];
	return digest;
}

static int site_calls(const struct patch_site *site, u8 opcode, u32 target)
{
	u32 offset;

	memcpy(&offset, site->instr + 1, sizeof(offset));
	if (site->instr[0] != opcode || (u32)site->instr + 5 + offset != target)
		return 0;
	for (u32 i = 5; i < site->len; i++)
		if (site->instr[i] != 0x90)
			return 0;
	return 1;
}

/** What a site must look like for the answer that its call got. */
static int site_is_right(const struct patch_site *site, int call)
{
	switch (vmi.type[call]) {
	case VMI_RELOCATION_CALL_REL:
		return site_calls(site, 0xe8, vmi.eip[call]);
	case VMI_RELOCATION_JUMP_REL:
		return site_calls(site, 0xe9, vmi.eip[call]);
	case VMI_RELOCATION_NOP:
		return site->instr[0] == 0x90;
	default:
		return site->instr[0] != 0xe8 && site->instr[0] != 0xe9;
	}
}

void test_patch(void)
{
	static const u8 calls[PATCH_TYPES] = {
		VMI_CALL_DisableInterrupts, VMI_CALL_EnableInterrupts, VMI_CALL_SetInterruptMask,
		VMI_CALL_GetInterruptMask, VMI_CALL_IRET, VMI_CALL_SYSEXIT,
	};
	static const u8 native[PATCH_TYPES] = { 0xfa, 0xfb, 0x50, 0x9c, 0xcf, 0xfb };
	u32 wrong = 0, seen = 0, before = sites_digest();

	for (const struct patch_site *site = parainstructions_start; site < parainstructions_end; site++) {
		seen |= 1u << site->type;
		if (vmi.active)
			wrong += !site_is_right(site, calls[site->type]);
		else
			wrong += site->instr[0] != native[site->type];
	}
	check_equal("all kinds of sites", (1u << PATCH_TYPES) - 1, seen);
	check_equal("sites hold what was answered", 0, wrong);
	u32 flags = local_irq_save();
	apply_paravirt();
	local_irq_restore(flags);
	check_equal("patched again: the same", before, sites_digest());
}
