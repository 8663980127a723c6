/*
 * The I/O test device (docs/io-test-device.md): a FIFO that says how many bytes it holds, what they add
 * up to and how wide the last access was. Here all twelve operations prove that they move what they
 * should and nothing else.
 */
#include "io.h"
#include "paging.h"
#include "string.h"
#include "workload.h"

#include <stdint.h>

#define DATA 0x1860
#define COUNT 0x1864
#define SUM_OUT 0x1868
#define SUM_IN 0x186a
#define XOR_OUT 0x186c
#define XOR_IN 0x186d
#define STATUS 0x186e
#define ID 0x186f			/* in */
#define CONTROL 0x186f			/* out */

#define ID_VALUE 0x54
#define CONTROL_RESET 0x01
#define STATUS_OVERRUN 0x04
#define STATUS_UNDERRUN 0x08
#define STATUS_WIDTH(status) ((status) >> 4 & 7)

#define SINGLES 400			/* single operations of each width, each way */
#define LONGEST 1024			/* elements of the longest string: one page and more of longs */
#define SCATTERED_PAGES 4
#define GUARD 8				/* bytes around a buffer that must stay as they are */
#define GUARD_BYTE 0xc3

/** One width of operation. */
struct width {
	unsigned bytes;
	void (*out)(uint32_t value);
	uint32_t (*in)(void);
	void (*outs)(const void *addr, unsigned long count);
	void (*ins)(void *addr, unsigned long count);
};

static void put_byte(uint32_t value) { outb(value, DATA); }
static void put_word(uint32_t value) { outw(value, DATA); }
static void put_long(uint32_t value) { outl(value, DATA); }
static uint32_t get_byte(void) { return inb(DATA); }
static uint32_t get_word(void) { return inw(DATA); }
static uint32_t get_long(void) { return inl(DATA); }
static void put_bytes(const void *addr, unsigned long count) { outsb(DATA, addr, count); }
static void put_words(const void *addr, unsigned long count) { outsw(DATA, addr, count); }
static void put_longs(const void *addr, unsigned long count) { outsl(DATA, addr, count); }
static void get_bytes(void *addr, unsigned long count) { insb(DATA, addr, count); }
static void get_words(void *addr, unsigned long count) { insw(DATA, addr, count); }
static void get_longs(void *addr, unsigned long count) { insl(DATA, addr, count); }

static const struct width widths[] = {
	{ 1, put_byte, get_byte, put_bytes, get_bytes },
	{ 2, put_word, get_word, put_words, get_words },
	{ 4, put_long, get_long, put_longs, get_longs },
};

#define WIDTHS (sizeof(widths) / sizeof(widths[0]))

/** What the device should say of the bytes that went one way. */
struct digest {
	uint32_t bytes;
	uint16_t sum;
	uint8_t xor;
};

static void digest_add(struct digest *digest, const unsigned char *bytes, unsigned size)
{
	digest->bytes += size;
	for (; size; size--, bytes++) {
		digest->sum += *bytes;
		digest->xor ^= *bytes;
	}
}

/**
 * Pages that follow each other as the program sees them, but lie in memory in reverse order: whoever
 * moves a string across their boundaries by physical addresses goes wrong.
 */
static unsigned char *scattered_buffer(void)
{
	static unsigned char frames[SCATTERED_PAGES][PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

	for (unsigned page = 0; page < SCATTERED_PAGES; page++)
		paging_map(page, frames[SCATTERED_PAGES - 1 - page], PAGE_PRESENT | PAGE_WRITABLE);
	return (unsigned char *)PAGING_WINDOW;
}

/** A value whose bytes differ, and differ from those of its neighbours. */
static uint32_t sample(uint32_t i)
{
	return (i + 1) * 2654435761u;
}

static void device_reset(void)
{
	outb(CONTROL_RESET, CONTROL);
}

/** Holds the device's registers against what went out and what came in. */
static void check_registers(const char *what, const struct digest *out, const struct digest *in, unsigned width,
			    struct outcome *outcome)
{
	uint32_t count = inl(COUNT);
	uint16_t sum_out = inw(SUM_OUT), sum_in = inw(SUM_IN);
	uint8_t xor_out = inb(XOR_OUT), xor_in = inb(XOR_IN), status = inb(STATUS);

	if (count != out->bytes - in->bytes)
		fail(outcome, "%s: %u bytes in the FIFO, expected %u", what, count, out->bytes - in->bytes);
	if (sum_out != out->sum || xor_out != out->xor)
		fail(outcome, "%s: out sum %04x xor %02x, expected %04x %02x", what, sum_out, xor_out, out->sum,
		     out->xor);
	if (sum_in != in->sum || xor_in != in->xor)
		fail(outcome, "%s: in sum %04x xor %02x, expected %04x %02x", what, sum_in, xor_in, in->sum,
		     in->xor);
	if (STATUS_WIDTH(status) != width)
		fail(outcome, "%s: width %u, expected %u", what, STATUS_WIDTH(status), width);
	if (status & (STATUS_OVERRUN | STATUS_UNDERRUN))
		fail(outcome, "%s: status %02x", what, status);
}

/** OUT and IN of one width. */
static void check_singles(const struct width *width, struct outcome *outcome)
{
	struct digest out = { 0 }, in = { 0 };

	device_reset();
	for (unsigned i = 0; i < SINGLES; i++) {
		uint32_t value = sample(i);
		width->out(value);
		digest_add(&out, (unsigned char *)&value, width->bytes);
	}
	check_registers("out", &out, &in, width->bytes, outcome);

	for (unsigned i = 0; i < SINGLES && !failed(outcome); i++) {
		uint32_t expected = sample(i), value = width->in();
		if (memcmp(&value, &expected, width->bytes))
			fail(outcome, "in of %u bytes: %08x, expected %08x", width->bytes, value, expected);
		digest_add(&in, (unsigned char *)&value, width->bytes);
	}
	check_registers("in", &out, &in, width->bytes, outcome);
}

static int all_guard(const unsigned char *bytes, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		if (bytes[i] != GUARD_BYTE)
			return 0;
	return 1;
}

/** OUTS from one buffer and INS to the same, @count elements at @offset of the scattered pages. */
static void check_string(const struct width *width, unsigned count, unsigned char *pages, unsigned offset,
			 struct outcome *outcome)
{
	unsigned char *buffer = pages + offset;
	unsigned size = count * width->bytes;
	struct digest out = { 0 }, in = { 0 };

	for (unsigned i = 0; i < size; i++)
		buffer[i] = sample(i + offset) >> 24;
	digest_add(&out, buffer, size);

	device_reset();
	width->outs(buffer, count);
	check_registers("outs", &out, &in, count ? width->bytes : 0, outcome);

	memset(buffer - GUARD, GUARD_BYTE, size + 2 * GUARD);
	width->ins(buffer, count);
	for (unsigned i = 0; i < size && !failed(outcome); i++)
		if (buffer[i] != (unsigned char)(sample(i + offset) >> 24))
			fail(outcome, "ins: %u x %u bytes at offset %u: byte %u is %02x, expected %02x", count,
			     width->bytes, offset, i, buffer[i], sample(i + offset) >> 24);
	if (!all_guard(buffer - GUARD, GUARD) || !all_guard(buffer + size, GUARD))
		fail(outcome, "ins: %u x %u bytes at offset %u: wrote outside the buffer", count, width->bytes,
		     offset);
	check_registers("ins", &out, count ? &out : &in, count ? width->bytes : 0, outcome);
}

/** What goes out in one width comes in in another, the low byte first. */
static void check_mixed(struct outcome *outcome)
{
	device_reset();
	outl(0x44332211, DATA);
	outw(0x6655, DATA);
	outb(0x77, DATA);
	outb(0x88, DATA);

	unsigned char first = inb(DATA);
	unsigned short second = inw(DATA);
	unsigned char third = inb(DATA);
	unsigned int last = inl(DATA);
	if (first != 0x11 || second != 0x3322 || third != 0x44 || last != 0x88776655)
		fail(outcome, "mixed widths: %02x %04x %02x %08x", first, second, third, last);
}

static void run(struct outcome *outcome)
{
	/* Within a page; across a boundary between elements; across one within an element, where it can be. */
	static const unsigned offsets[] = { 64, PAGE_SIZE - 16, PAGE_SIZE - 3, 2 * PAGE_SIZE - 1 };
	static const unsigned counts[] = { 0, 1, 2, 7, 64, LONGEST };

	if (inb(ID) != ID_VALUE) {
		skip(outcome, "no I/O test device");
		return;
	}
	unsigned char *pages = scattered_buffer();
	for (unsigned w = 0; w < WIDTHS && !failed(outcome); w++) {
		check_singles(&widths[w], outcome);
		for (unsigned c = 0; c < sizeof(counts) / sizeof(counts[0]); c++)
			for (unsigned o = 0; o < sizeof(offsets) / sizeof(offsets[0]) && !failed(outcome); o++)
				check_string(&widths[w], counts[c], pages, offsets[o], outcome);
	}
	if (!failed(outcome))
		check_mixed(outcome);
}

const struct workload iotest_workload = { "iotest", run };
