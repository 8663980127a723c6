/* The first disk of the first channel: programmed I/O, an interrupt per sector (ATA-2, X3T10/0948D). */
#include "drivers.h"
#include "io.h"
#include "irq.h"
#include "paravirt.h"

#define DATA 0x1f0
#define SECTOR_COUNT 0x1f2
#define LBA_LOW 0x1f3
#define LBA_MIDDLE 0x1f4
#define LBA_HIGH 0x1f5
#define DEVICE 0x1f6
#define STATUS 0x1f7
#define COMMAND 0x1f7
#define CONTROL 0x3f6
#define DEVICE_LBA 0xe0
#define STATUS_ERROR 0x01
#define STATUS_REQUEST 0x08
#define STATUS_BUSY 0x80
#define READ_SECTORS 0x20
#define WRITE_SECTORS 0x30
#define STATUS_READS 1000000

static volatile u32 completed;
u32 ide_interrupts;

static void interrupt(struct pt_regs *regs)
{
	(void)regs;
	inb(STATUS);			/* takes the request back */
	ide_interrupts++;
	completed++;
}

int ide_init(void)
{
	outb(DEVICE_LBA, DEVICE);
	u8 status = inb(STATUS);
	if (status == 0xff || status == 0)
		return 0;
	outb(0, CONTROL);		/* interrupts on */
	irq_request(IRQ_IDE, interrupt);
	return 1;
}

static int wait_status(u8 wanted)
{
	for (u32 reads = 0; reads < STATUS_READS; reads++) {
		u8 status = inb(CONTROL);	/* the alternate one leaves the interrupt alone */
		if (status & STATUS_BUSY)
			continue;
		if (status & STATUS_ERROR)
			return 0;
		if ((status & wanted) == wanted)
			return 1;
	}
	return 0;
}

/** Waits for one more interrupt. */
static int wait_interrupt(u32 before)
{
	for (u32 spins = 0; spins < STATUS_READS; spins++)
		if (completed != before)
			return 1;
	return 0;
}

static void issue(u32 sector, u32 count, u8 command)
{
	wait_status(0);
	outb(count, SECTOR_COUNT);
	outb(sector, LBA_LOW);
	outb(sector >> 8, LBA_MIDDLE);
	outb(sector >> 16, LBA_HIGH);
	outb(DEVICE_LBA | (sector >> 24 & 15), DEVICE);
	outb(command, COMMAND);
}

int ide_read(u32 sector, void *buffer, u32 count)
{
	u32 before = completed;

	issue(sector, count, READ_SECTORS);
	for (u32 i = 0; i < count; i++) {
		if (!wait_interrupt(before + i) || !wait_status(STATUS_REQUEST))
			return 0;
		insw(DATA, (u8 *)buffer + i * SECTOR_BYTES, SECTOR_BYTES / 2);
	}
	return 1;
}

int ide_write(u32 sector, const void *buffer, u32 count)
{
	u32 before = completed;

	issue(sector, count, WRITE_SECTORS);
	for (u32 i = 0; i < count; i++) {
		if (!wait_status(STATUS_REQUEST))
			return 0;
		outsw(DATA, (const u8 *)buffer + i * SECTOR_BYTES, SECTOR_BYTES / 2);
		if (!wait_interrupt(before + i))
			return 0;
	}
	return 1;
}
