#include "disk.h"

#include "checksum.h"
#include "string.h"

/* The sample's disk, as scripts/guests/disk-images.mjs makes it. */
#define DISK_NAME "Ringside paravirt-io disk"
#define DISK_SECTORS 2048
#define READ_START 1
#define WRITE_START 1024
#define READ_TRANSFERS 48
#define WRITE_TRANSFERS 32
#define SALT_READ 0x52494e47u
#define SALT_WRITE 0x53494445u

/** A stretch of the disk that was filled with one salt. */
struct stretch {
	uint32_t start;
	unsigned transfers;
	uint32_t salt;
};

static const struct stretch to_read = { READ_START, READ_TRANSFERS, SALT_READ };
static const struct stretch to_write = { WRITE_START, WRITE_TRANSFERS, SALT_WRITE };

/* Bus masters read and write it: it lies within whole pages, one after the other. */
static uint16_t sectors[DISK_TRANSFER][SECTOR_WORDS] __attribute__((aligned(4096)));

/** A linear congruential sequence started by the sector's number. */
static void fill_pattern(uint16_t words[SECTOR_WORDS], uint32_t lba, uint32_t salt)
{
	uint32_t state = lba * 2654435761u + salt;

	for (unsigned i = 0; i < SECTOR_WORDS; i++) {
		state = state * 1664525 + 1013904223;
		words[i] = state >> 16;
	}
}

/** Returns @checksum carried on over the sector. */
static uint32_t check_pattern(const uint16_t words[SECTOR_WORDS], uint32_t lba, uint32_t salt, uint32_t checksum,
			      struct outcome *outcome)
{
	static uint16_t expected[SECTOR_WORDS];

	fill_pattern(expected, lba, salt);
	for (unsigned i = 0; i < SECTOR_WORDS; i++) {
		checksum = checksum_add(checksum, words[i]);
		if (words[i] != expected[i]) {
			fail(outcome, "sector %u word %u: %04x, expected %04x", lba, i, words[i], expected[i]);
			break;
		}
	}
	return checksum;
}

static uint32_t check_stretch(const struct disk *disk, const struct stretch *stretch, uint32_t checksum,
			      struct outcome *outcome)
{
	for (unsigned transfer = 0; transfer < stretch->transfers && !failed(outcome); transfer++) {
		uint32_t lba = stretch->start + transfer * DISK_TRANSFER;

		memset(sectors, 0, sizeof(sectors));
		disk->read(lba, sectors, outcome);
		for (unsigned i = 0; i < DISK_TRANSFER && !failed(outcome); i++)
			checksum = check_pattern(sectors[i], lba + i, stretch->salt, checksum, outcome);
	}
	return checksum;
}

static void write_stretch(const struct disk *disk, const struct stretch *stretch, struct outcome *outcome)
{
	for (unsigned transfer = 0; transfer < stretch->transfers && !failed(outcome); transfer++) {
		uint32_t lba = stretch->start + transfer * DISK_TRANSFER;

		for (unsigned i = 0; i < DISK_TRANSFER; i++)
			fill_pattern(sectors[i], lba + i, stretch->salt);
		disk->write(lba, sectors, outcome);
	}
}

uint32_t disk_exercise(const struct disk *disk, struct outcome *outcome)
{
	uint32_t checksum = CHECKSUM_START;
	uint32_t size = disk->open(outcome);

	if (failed(outcome))
		return 0;
	if (size < DISK_SECTORS) {
		skip(outcome, size ? "the disk is too small: left alone" : "no disk");
		return 0;
	}
	disk->read(0, sectors, outcome);
	if (failed(outcome))
		return 0;
	if (memcmp(sectors[0], DISK_NAME, strlen(DISK_NAME))) {
		skip(outcome, "not the sample's disk: left alone");
		return 0;
	}
	checksum = check_stretch(disk, &to_read, checksum, outcome);
	if (!failed(outcome))
		write_stretch(disk, &to_write, outcome);
	if (!failed(outcome))
		checksum = check_stretch(disk, &to_write, checksum, outcome);
	return checksum;
}
