/* What the boot loader hands over (Multiboot Specification 0.6.96, section 3.3). */
#ifndef MULTIBOOT_H
#define MULTIBOOT_H

#include <stdint.h>

#define MULTIBOOT_LOADER_MAGIC 0x2badb002
#define MULTIBOOT_INFO_CMDLINE (1u << 2)

struct multiboot_info {
	uint32_t flags;
	uint32_t mem_lower;		/* KiB below 1 MiB */
	uint32_t mem_upper;		/* KiB above 1 MiB */
	uint32_t boot_device;
	uint32_t cmdline;		/* physical address of a zero-terminated string */
	/* more follows, unused here */
};

/**
 * Keeps a copy of the command line; the loader's own may be overwritten later.
 * @magic, @info: as _start was given them. Without a multiboot loader the line is empty.
 */
void multiboot_save(uint32_t magic, const struct multiboot_info *info);

/** The word @word stands on the command line. Words are separated by spaces. */
int command_line_has(const char *word);

#endif
