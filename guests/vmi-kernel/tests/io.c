/* Drivers over the port operations, and the registers that the I/O calls may touch. */
#include "call_registers.h"
#include "drivers.h"
#include "mm.h"
#include "segment.h"
#include "io.h"
#include "paravirt.h"
#include "string.h"
#include "test.h"
#include "vmi.h"

/* The I/O test device of Ringside (docs/io-test-device.md) is not used here: only what every PC has. */
#define UART_SCRATCH 0x3ff
/* PCI configuration mechanism 1; function 0 of device 0 is the host bridge. */
#define PCI_ADDRESS 0xcf8
#define PCI_DATA 0xcfc
/* Without a command, the data register of a disk keeps still. */
#define IDE_DATA 0x1f0
#define DISK_NAME "Ringside paravirt-io disk"
#define WRITE_SECTOR 2000

static void scratch_register(void)
{
	u32 right = 0;

	for (u32 i = 0; i < 256; i++) {
		outb(i, UART_SCRATCH);
		right += inb(UART_SCRATCH) == i;
	}
	check_equal("uart scratch register", 256, right);
}

/** Wide accesses: the PCI address register keeps 32 bits; a word is two bytes to the devices of the ISA bus. */
static void widths(void)
{
	outl(0x80000010, PCI_ADDRESS);
	check_equal("outl and inl", 0x80000010, inl(PCI_ADDRESS));
	outl(0x80000000, PCI_ADDRESS);
	u32 ids = inl(PCI_DATA);
	check_equal("inw of both halves", ids, inw(PCI_DATA) | inw(PCI_DATA + 2) << 16);
	check_equal("inb of a part", ids >> 8 & 0xff, inb(PCI_DATA + 1));
	outw(0x3412, IDE_DATA);
	check("outw", 1);
}

static void strings(void)
{
	static const u8 bytes[6] = { 1, 2, 3, 4, 5, 0x99 };
	static u8 read[16];

	outsb(UART_SCRATCH, bytes, sizeof(bytes));
	check_equal("outsb: the last byte stays", 0x99, inb(UART_SCRATCH));
	memset(read, 0, sizeof(read));
	insb(UART_SCRATCH, read, 5);
	check_equal("insb: five bytes", 0x99, read[0] & read[1] & read[2] & read[3] & read[4]);
	check_equal("insb: no sixth", 0, read[5]);
	insb(UART_SCRATCH, read, 0);
	insw(IDE_DATA, read, 0);
	insl(IDE_DATA, read, 0);
	outsb(UART_SCRATCH, bytes, 0);
	outsw(IDE_DATA, bytes, 0);
	outsl(IDE_DATA, bytes, 0);
	check_equal("strings of no element", 0x99, inb(UART_SCRATCH));
	outl(0x80000000, PCI_ADDRESS);
	u32 ids = inl(PCI_DATA), read_ids[3] = { 0 };
	insl(PCI_DATA, read_ids, 2);
	check("insl: two of three", read_ids[0] == ids && read_ids[1] == ids && read_ids[2] == 0);
	static const u32 addresses[2] = { 0x80000004, 0x80000020 };
	outsl(PCI_ADDRESS, addresses, 2);
	check_equal("outsl: the last one stays", addresses[1], inl(PCI_ADDRESS));
	outsw(IDE_DATA, bytes, 3);
}

static void disk(void)
{
	static u8 sector[2 * SECTOR_BYTES], pattern[2 * SECTOR_BYTES];

	if (!ide_init()) {
		skip("disk", "there is none");
		return;
	}
	if (!check("disk: read", ide_read(0, sector, 1)))
		return;
	if (memcmp(sector, DISK_NAME, strlen(DISK_NAME))) {
		skip("disk: write", "not the sample's disk");
		return;
	}
	for (u32 i = 0; i < sizeof(pattern); i++)
		pattern[i] = i * 7 + 3;
	check("disk: write", ide_write(WRITE_SECTOR, pattern, 2));
	memset(sector, 0, sizeof(sector));
	check("disk: read back", ide_read(WRITE_SECTOR, sector, 2) && !memcmp(sector, pattern, sizeof(sector)));
	check("disk: an interrupt per sector", ide_interrupts >= 5);
}

/** One row per call: which registers hold results. Everything else, flags included, must stay. */
static const struct io_row {
	const char *name;
	u8 call, bytes, input, string;
} io_rows[] = {
	{ "INB registers", VMI_CALL_INB, 1, 1, 0 },	{ "INW registers", VMI_CALL_INW, 2, 1, 0 },
	{ "INL registers", VMI_CALL_INL, 4, 1, 0 },	{ "OUTB registers", VMI_CALL_OUTB, 1, 0, 0 },
	{ "OUTW registers", VMI_CALL_OUTW, 2, 0, 0 },	{ "OUTL registers", VMI_CALL_OUTL, 4, 0, 0 },
	{ "INSB registers", VMI_CALL_INSB, 1, 1, 1 },	{ "INSW registers", VMI_CALL_INSW, 2, 1, 1 },
	{ "INSL registers", VMI_CALL_INSL, 4, 1, 1 },	{ "OUTSB registers", VMI_CALL_OUTSB, 1, 0, 1 },
	{ "OUTSW registers", VMI_CALL_OUTSW, 2, 0, 1 },	{ "OUTSL registers", VMI_CALL_OUTSL, 4, 0, 1 },
};

#define STRING_ELEMENTS 3

static int io_row_right(const struct io_row *row, u32 flags)
{
	static u32 data[STRING_ELEMENTS + 1];
	const u32 port = row->bytes == 1 ? UART_SCRATCH : row->bytes == 2 ? IDE_DATA : PCI_ADDRESS;
	struct call_registers before = {
		.eax = 0xa1a2a300, .ebx = 0xb1b2b3b4, .ecx = 0xc1c2c3c4, .edx = 0xd1d20000 | port, .esi = 0x51525354,
		.edi = 0x71727374, .ebp = 0xe1e2e3e4, .eflags = flags, .target = vmi.eip[row->call],
	};
	u32 moved = STRING_ELEMENTS * row->bytes;

	if (row->string) {
		before.ecx = STRING_ELEMENTS;
		*(row->input ? &before.edi : &before.esi) = (u32)data;
	}
	struct call_registers after = before;
	port_accesses[port]++;
	vmi_calls[row->call]++;
	call_with_registers(&after);
	u32 eax_may = row->input && !row->string;
	return (eax_may || after.eax == before.eax) && after.ebx == before.ebx && after.edx == before.edx &&
	       after.ebp == before.ebp && !after.esp_moved &&
	       after.ecx == (row->string ? 0 : before.ecx) &&
	       after.esi == before.esi + (row->string && !row->input ? moved : 0) &&
	       after.edi == before.edi + (row->string && row->input ? moved : 0) &&
	       !((after.eflags ^ flags) & EFLAGS_ARITHMETIC);
}

static void registers(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(io_rows); i++) {
		const struct io_row *row = &io_rows[i];
		if (vmi_by_call[row->call])
			check(row->name, io_row_right(row, EFLAGS_ARITHMETIC) && io_row_right(row, 0));
	}
}

/** A string over a page boundary, in pages that lie apart. */
static void across_pages(void)
{
	u8 *area = (u8 *)((u32)alloc_pages(2));
	u32 right = 0;

	outb(0x5a, UART_SCRATCH);
	insb(UART_SCRATCH, area + PAGE_SIZE - 8, 16);
	for (u32 i = 0; i < 16; i++)
		right += area[PAGE_SIZE - 8 + i] == 0x5a;
	check_equal("insb across pages", 16, right);
	free_pages(area, 2);
}

void test_io(void)
{
	scratch_register();
	widths();
	strings();
	across_pages();
	disk();
	registers();
	check("uart by interrupts", uart_interrupts > 0 && uart_bytes_by_interrupt > 0);
}
