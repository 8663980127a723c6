/*
 * The first disk of the first IDE channel, by programmed I/O (ATA-2, X3T10/0948D): identify, read and
 * write sectors with INSW and OUTSW. Interrupts of the drive are off; its status is polled.
 *
 * Only the sample's own disk is touched. Its first half holds a pattern to be read; the second half is
 * written, read back and compared.
 */
#include "io.h"
#include "string.h"
#include "workload.h"

#include <stdint.h>

#define DATA 0x1f0
#define SECTOR_COUNT 0x1f2
#define LBA_LOW 0x1f3
#define LBA_MIDDLE 0x1f4
#define LBA_HIGH 0x1f5
#define DEVICE 0x1f6
#define STATUS 0x1f7			/* in */
#define COMMAND 0x1f7			/* out */
#define ALTERNATE_STATUS 0x3f6		/* in */
#define DEVICE_CONTROL 0x3f6		/* out */

#define CONTROL_NO_INTERRUPT 0x02
#define CONTROL_RESET 0x04
#define DEVICE_LBA 0xe0			/* device 0, LBA, and the bits that are always set */
#define STATUS_ERROR 0x01
#define STATUS_DATA_REQUEST 0x08
#define STATUS_FAULT 0x20
#define STATUS_READY 0x40
#define STATUS_BUSY 0x80
#define FLOATING_BUS 0xff

#define COMMAND_READ_SECTORS 0x20
#define COMMAND_WRITE_SECTORS 0x30
#define COMMAND_IDENTIFY 0xec

#define SECTOR_WORDS 256
#define IDENTIFY_LBA_SECTORS 60		/* word: low half of the number of sectors; the high half follows */
#define STATUS_READS 1000000

/* The sample's disk, as scripts/guests/disk-image.mjs makes it. */
#define DISK_NAME "Ringside paravirt-io disk"
#define DISK_SECTORS 2048
#define READ_START 1
#define WRITE_START 1024
#define SECTORS_PER_COMMAND 8		/* a transfer of this many sectors, one INSW or OUTSW each */
#define READ_COMMANDS 48
#define WRITE_COMMANDS 32

static uint16_t sectors[SECTORS_PER_COMMAND][SECTOR_WORDS];

/** Word @index of sector @lba: a linear congruential sequence started by the sector's number. */
static void fill_pattern(uint16_t words[SECTOR_WORDS], uint32_t lba, uint32_t salt)
{
	uint32_t state = lba * 2654435761u + salt;

	for (unsigned i = 0; i < SECTOR_WORDS; i++) {
		state = state * 1664525 + 1013904223;
		words[i] = state >> 16;
	}
}

#define SALT_READ 0x52494e47u
#define SALT_WRITE 0x53494445u

static void check_pattern(const uint16_t words[SECTOR_WORDS], uint32_t lba, uint32_t salt, struct outcome *outcome)
{
	static uint16_t expected[SECTOR_WORDS];

	fill_pattern(expected, lba, salt);
	for (unsigned i = 0; i < SECTOR_WORDS; i++) {
		if (words[i] != expected[i]) {
			fail(outcome, "sector %u word %u: %04x, expected %04x", lba, i, words[i], expected[i]);
			return;
		}
	}
}

/** Gives a drive the 400 ns that it may take until its status is true. */
static void settle(void)
{
	for (unsigned i = 0; i < 4; i++)
		inb(ALTERNATE_STATUS);
}

/** Waits while the drive is busy, then wants all of @wanted. Returns 0 after a failure. */
static int wait_status(unsigned char wanted, const char *when, struct outcome *outcome)
{
	for (unsigned reads = 0; reads < STATUS_READS; reads++) {
		unsigned char status = inb(STATUS);
		if (!(status & STATUS_BUSY)) {
			if (status & (STATUS_ERROR | STATUS_FAULT)) {
				fail(outcome, "%s: error, status %02x", when, status);
				return 0;
			}
			if ((status & wanted) == wanted)
				return 1;
		}
		io_count_wait(IO_INB);
	}
	fail(outcome, "%s: the drive does not answer, status %02x", when, inb(STATUS));
	return 0;
}

static void issue(uint32_t lba, unsigned count, unsigned char command)
{
	outb(DEVICE_LBA | (lba >> 24 & 0x0f), DEVICE);
	outb(count, SECTOR_COUNT);
	outb(lba & 0xff, LBA_LOW);
	outb(lba >> 8 & 0xff, LBA_MIDDLE);
	outb(lba >> 16 & 0xff, LBA_HIGH);
	outb(command, COMMAND);
	settle();
}

static void read_sectors(uint32_t lba, struct outcome *outcome)
{
	issue(lba, SECTORS_PER_COMMAND, COMMAND_READ_SECTORS);
	for (unsigned i = 0; i < SECTORS_PER_COMMAND; i++) {
		if (!wait_status(STATUS_DATA_REQUEST, "read", outcome))
			return;
		insw(DATA, sectors[i], SECTOR_WORDS);
	}
}

static void write_sectors(uint32_t lba, struct outcome *outcome)
{
	issue(lba, SECTORS_PER_COMMAND, COMMAND_WRITE_SECTORS);
	for (unsigned i = 0; i < SECTORS_PER_COMMAND; i++) {
		if (!wait_status(STATUS_DATA_REQUEST, "write", outcome))
			return;
		outsw(DATA, sectors[i], SECTOR_WORDS);
	}
	wait_status(STATUS_READY, "write", outcome);
}

/** There is a drive that keeps what is written to its registers. */
static int drive_present(void)
{
	if (inb(STATUS) == FLOATING_BUS)
		return 0;
	outb(DEVICE_LBA, DEVICE);
	settle();
	outb(0x5a, SECTOR_COUNT);
	outb(0xa5, LBA_LOW);
	return inb(SECTOR_COUNT) == 0x5a && inb(LBA_LOW) == 0xa5;
}

static void reset(struct outcome *outcome)
{
	outb_p(CONTROL_NO_INTERRUPT | CONTROL_RESET, DEVICE_CONTROL);
	settle();
	outb_p(CONTROL_NO_INTERRUPT, DEVICE_CONTROL);
	settle();
	wait_status(0, "reset", outcome);
}

/** Returns the number of sectors; 0 where there is no ATA disk. */
static uint32_t identify(struct outcome *outcome)
{
	uint16_t *words = sectors[0];

	issue(0, 0, COMMAND_IDENTIFY);
	unsigned char status = inb(STATUS);
	if (status == 0 || (status & (STATUS_BUSY | STATUS_ERROR)) == STATUS_ERROR)
		return 0;
	if (!wait_status(STATUS_DATA_REQUEST, "identify", outcome))
		return 0;
	insw(DATA, words, SECTOR_WORDS);
	return words[IDENTIFY_LBA_SECTORS] | (uint32_t)words[IDENTIFY_LBA_SECTORS + 1] << 16;
}

static void check_reading(struct outcome *outcome)
{
	for (unsigned command = 0; command < READ_COMMANDS && !failed(outcome); command++) {
		uint32_t lba = READ_START + command * SECTORS_PER_COMMAND;

		memset(sectors, 0, sizeof(sectors));
		read_sectors(lba, outcome);
		for (unsigned i = 0; i < SECTORS_PER_COMMAND && !failed(outcome); i++)
			check_pattern(sectors[i], lba + i, SALT_READ, outcome);
	}
}

static void check_writing(struct outcome *outcome)
{
	for (unsigned command = 0; command < WRITE_COMMANDS && !failed(outcome); command++) {
		uint32_t lba = WRITE_START + command * SECTORS_PER_COMMAND;

		for (unsigned i = 0; i < SECTORS_PER_COMMAND; i++)
			fill_pattern(sectors[i], lba + i, SALT_WRITE);
		write_sectors(lba, outcome);
	}
	for (unsigned command = 0; command < WRITE_COMMANDS && !failed(outcome); command++) {
		uint32_t lba = WRITE_START + command * SECTORS_PER_COMMAND;

		memset(sectors, 0, sizeof(sectors));
		read_sectors(lba, outcome);
		for (unsigned i = 0; i < SECTORS_PER_COMMAND && !failed(outcome); i++)
			check_pattern(sectors[i], lba + i, SALT_WRITE, outcome);
	}
}

static void run(struct outcome *outcome)
{
	if (!drive_present()) {
		skip(outcome, "no disk");
		return;
	}
	reset(outcome);
	if (failed(outcome))
		return;

	uint32_t size = identify(outcome);
	if (failed(outcome))
		return;
	if (size < DISK_SECTORS) {
		skip(outcome, size ? "the disk is too small: left alone" : "no ATA disk");
		return;
	}
	read_sectors(0, outcome);
	if (failed(outcome))
		return;
	if (memcmp(sectors[0], DISK_NAME, strlen(DISK_NAME))) {
		skip(outcome, "not the sample's disk: left alone");
		return;
	}
	check_reading(outcome);
	if (!failed(outcome))
		check_writing(outcome);
}

const struct workload ide_workload = { "ide", run };
