/*
 * The sample's own disk, whichever driver reaches it. Its first half holds a pattern to be read; the
 * second half is written, read back and compared.
 */
#ifndef DISK_H
#define DISK_H

#include "workload.h"

#include <stdint.h>

#define SECTOR_WORDS 256
/** Sectors that a driver moves at once: one command, one request. */
#define DISK_TRANSFER 8

/** A driver of a disk. What goes wrong it tells @outcome. */
struct disk {
	/** Finds the disk and makes it ready. Returns its sectors, or 0: it is not there, or it has failed. */
	uint32_t (*open)(struct outcome *outcome);
	/** Moves DISK_TRANSFER sectors from @lba on. */
	void (*read)(uint32_t lba, uint16_t sectors[][SECTOR_WORDS], struct outcome *outcome);
	void (*write)(uint32_t lba, uint16_t sectors[][SECTOR_WORDS], struct outcome *outcome);
};

/**
 * Reads 384 sectors of the pattern, writes 256 others and reads those back, all compared with what they
 * should be. A disk that is not the sample's is left alone. Returns a checksum of all sectors compared.
 */
uint32_t disk_exercise(const struct disk *disk, struct outcome *outcome);

#endif
