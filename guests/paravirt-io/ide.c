/*
 * The first disk of the first IDE channel, by programmed I/O (ATA-2, X3T10/0948D): identify, read and
 * write sectors with INSW and OUTSW. Interrupts of the drive are off; its status is polled.
 */
#include "ide.h"

#include "io.h"

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

#define IDENTIFY_LBA_SECTORS 60		/* word: low half of the number of sectors; the high half follows */
#define STATUS_READS 1000000

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

static void read_sectors(uint32_t lba, uint16_t sectors[][SECTOR_WORDS], struct outcome *outcome)
{
	issue(lba, DISK_TRANSFER, COMMAND_READ_SECTORS);
	for (unsigned i = 0; i < DISK_TRANSFER; i++) {
		if (!wait_status(STATUS_DATA_REQUEST, "read", outcome))
			return;
		insw(DATA, sectors[i], SECTOR_WORDS);
	}
}

static void write_sectors(uint32_t lba, uint16_t sectors[][SECTOR_WORDS], struct outcome *outcome)
{
	issue(lba, DISK_TRANSFER, COMMAND_WRITE_SECTORS);
	for (unsigned i = 0; i < DISK_TRANSFER; i++) {
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
	static uint16_t words[SECTOR_WORDS];

	issue(0, 0, COMMAND_IDENTIFY);
	unsigned char status = inb(STATUS);
	if (status == 0 || (status & (STATUS_BUSY | STATUS_ERROR)) == STATUS_ERROR)
		return 0;
	if (!wait_status(STATUS_DATA_REQUEST, "identify", outcome))
		return 0;
	insw(DATA, words, SECTOR_WORDS);
	return words[IDENTIFY_LBA_SECTORS] | (uint32_t)words[IDENTIFY_LBA_SECTORS + 1] << 16;
}

static uint32_t open(struct outcome *outcome)
{
	if (!drive_present())
		return 0;
	reset(outcome);
	return failed(outcome) ? 0 : identify(outcome);
}

const struct disk ide_disk = { open, read_sectors, write_sectors };

static void run(struct outcome *outcome)
{
	disk_exercise(&ide_disk, outcome);
}

const struct workload ide_workload = { "ide", run };
