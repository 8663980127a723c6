/* Finding the ROM, and the command line's vmi= options (vmi_init(), check_vmi_rom(), parse_vmi() of Linux). */
#include "vmi.h"
#include "cmdline.h"
#include "fixmap.h"
#include "kernel.h"
#include "string.h"

struct vmi vmi;

static const char *rom_string(const struct vrom_header *rom, u16 offset)
{
	return offset ? (const char *)rom + offset : "";
}

/** The five checks. Linux prints why a ROM is passed over, and goes on. */
static int check_rom(const struct vrom_header *rom)
{
	const char *license = rom_string(rom, rom->license_offs);

	if (rom->rom_signature != VMI_ROM_SIGNATURE || rom->vrom_signature != VMI_VROM_SIGNATURE)
		return 0;
	if (rom->api_version_maj != VMI_API_VERSION_MAJOR || rom->api_version_min < VMI_API_VERSION_MINOR) {
		printk("VMI: Found mismatched rom version %u.%u\n", rom->api_version_maj, rom->api_version_min);
		return 0;
	}
	if (!rom->pci_header_offs) {
		printk("VMI: ROM does not contain PCI header.\n");
		return 0;
	}
	if (strcmp(license, "GPL") && strcmp(license, "GPL v2")) {
		printk("VMI: Non GPL license `%s' found for ROM. Not used.\n", license);
		return 0;
	}
	return 1;
}

static void print_banner(const struct vrom_header *rom)
{
	const struct pci_header *pci = (const void *)((const u8 *)rom + rom->pci_header_offs);
	const struct pnp_header *pnp = (const void *)((const u8 *)rom + rom->pnp_header_offs);
	u16 manufacturer = rom->pnp_header_offs ? pnp->manufacturer_offset : 0;
	u16 product = rom->pnp_header_offs ? pnp->product_offset : 0;

	if (pci->vendorID != VMI_PCI_VENDOR || pci->deviceID != VMI_PCI_DEVICE)
		printk("VMI: ROM from unknown manufacturer 0x%04x:0x%04x\n", pci->vendorID, pci->deviceID);
	printk("VMI: Found %s %s, API version %u.%u, ROM version %u.%u\n", rom_string(rom, manufacturer),
	       rom_string(rom, product), rom->api_version_maj, rom->api_version_min, pci->rom_version_maj,
	       pci->rom_version_min);
}

void vmi_probe(void)
{
	for (u32 base = VMI_ROM_SCAN_START; base < VMI_ROM_SCAN_END; base += VMI_ROM_SCAN_STEP) {
		const struct vrom_header *rom = __va(base);
		if (!check_rom(rom))
			continue;
		vmi.rom = rom;
		print_banner(rom);
		reserve_top_address(-rom->virtual_top);
		return;
	}
}

void vmi_parse_options(void)
{
	static const struct { const char *word; int *flag; } options[] = {
		{ "disable_pge", &vmi.disable_pge },	 { "disable_pse", &vmi.disable_pse },
		{ "disable_sep", &vmi.disable_sep },	 { "disable_tsc", &vmi.disable_tsc },
		{ "disable_mtrr", &vmi.disable_mtrr },	 { "disable_timer", &vmi.disable_timer },
		{ "disable_noidle", &vmi.disable_noidle }, { "disable_io_ops", &vmi.disable_io_ops },
	};
	char word[32];

	for (unsigned at = 0; cmdline_next("vmi=", &at, word, sizeof(word));) {
		unsigned i = 0;
		while (i < ARRAY_SIZE(options) && strcmp(word, options[i].word))
			i++;
		if (i < ARRAY_SIZE(options))
			*options[i].flag = 1;
		else
			printk("VMI: unknown option %s\n", word);
	}
	if (vmi.disable_timer)
		vmi.disable_noidle = 1;
}
