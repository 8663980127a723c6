#include "comparison.h"

#include "checksum.h"
#include "cpu.h"
#include "exits.h"
#include "format.h"
#include "ide.h"
#include "io.h"
#include "multiboot.h"
#include "string.h"
#include "uart.h"
#include "virtio_blk.h"
#include "virtio_console.h"
#include "workload.h"

#define CONSOLE_LINES 128
#define LINE_LENGTH 64			/* newline included */
#define POLLS 20000
#define COMPUTE_ROUNDS 64		/* of 4 KiB each; a dot for every COMPUTE_ROUNDS_PER_DOT */
#define COMPUTE_ROUNDS_PER_DOT 16
#define COMPUTE_BYTES 4096
#define STRING_ROUNDS 64

#define COM1_LSR 0x3fd

/* The I/O test device (docs/io-test-device.md): a FIFO at one port. */
#define FIFO_DATA 0x1860
#define FIFO_ID 0x186f			/* in */
#define FIFO_CONTROL 0x186f		/* out */
#define FIFO_ID_VALUE 0x54
#define FIFO_RESET 1
#define FIFO_BYTES 512

/** A way to put text on a console. */
struct text_output {
	/** Returns 0 if there is no such console. */
	int (*open)(struct outcome *outcome);
	void (*write)(const char *text, unsigned length, struct outcome *outcome);
	/** Waits until everything is out, and lets go. */
	void (*close)(void);
};

/** A kind of driver: what there is of each device. */
struct driver {
	const char *name;
	const struct disk *disk;
	void (*close_disk)(void);
	const struct text_output *text;
	/** Ports can be read and moved by string instructions: what a native-style driver does. */
	int ports;
};

struct comparison {
	const char *name;
	/** Returns a checksum of what was moved, the same for every driver. */
	uint32_t (*run)(const struct driver *driver, struct outcome *outcome);
};

static int uart_open(struct outcome *outcome)
{
	(void)outcome;
	return 1;
}

static void uart_write(const char *text, unsigned length, struct outcome *outcome)
{
	(void)outcome;
	for (unsigned i = 0; i < length; i++)
		uart_putc(text[i]);
}

static const struct text_output uart_text = { uart_open, uart_write, uart_drain };
static const struct text_output virtio_text = { virtio_console_open, virtio_console_write, virtio_console_close };

static void nothing(void)
{
}

static const struct driver drivers[] = {
	{ "native", &ide_disk, nothing, &uart_text, 1 },
	{ "virtio", &virtio_disk, virtio_disk_close, &virtio_text, 0 },
};

#define DRIVERS (sizeof(drivers) / sizeof(drivers[0]))

static uint32_t run_disk(const struct driver *driver, struct outcome *outcome)
{
	uint32_t checksum = disk_exercise(driver->disk, outcome);

	driver->close_disk();
	return checksum;
}

/** Line @number: 0-9 and letters in turn, ended by a newline. */
static void make_line(char line[LINE_LENGTH], unsigned number)
{
	static const char letters[] = "0123456789abcdefghijklmnopqrstuvwxyz";

	for (unsigned i = 0; i < LINE_LENGTH - 1; i++)
		line[i] = letters[(number + i) % (sizeof(letters) - 1)];
	line[LINE_LENGTH - 1] = '\n';
}

static uint32_t run_console(const struct driver *driver, struct outcome *outcome)
{
	static char line[LINE_LENGTH];
	uint32_t checksum = CHECKSUM_START;

	if (!driver->text->open(outcome)) {
		skip(outcome, "no console");
		return 0;
	}
	for (unsigned i = 0; i < CONSOLE_LINES && !failed(outcome); i++) {
		make_line(line, i);
		driver->text->write(line, LINE_LENGTH, outcome);
		checksum = checksum_add_bytes(checksum, line, LINE_LENGTH);
	}
	driver->text->close();
	return checksum;
}

/** A status port read again and again, as a driver does that waits for its device. */
static uint32_t run_polling(const struct driver *driver, struct outcome *outcome)
{
	uint32_t checksum = CHECKSUM_START;

	if (!driver->ports) {
		skip(outcome, "nothing is polled by port");
		return 0;
	}
	uart_drain();
	for (unsigned i = 0; i < POLLS; i++)
		checksum = checksum_add(checksum, inb(COM1_LSR));
	return checksum;
}

/** Much arithmetic, and a sign of life now and then. */
static uint32_t run_compute(const struct driver *driver, struct outcome *outcome)
{
	static char bytes[COMPUTE_BYTES];
	static char dot[] = ".";
	uint32_t checksum = CHECKSUM_START;

	if (!driver->text->open(outcome)) {
		skip(outcome, "no console");
		return 0;
	}
	for (unsigned round = 0; round < COMPUTE_ROUNDS && !failed(outcome); round++) {
		for (unsigned i = 0; i < COMPUTE_BYTES; i++)
			bytes[i] = (checksum >> 3) + i * (round + 1);
		checksum = checksum_add_bytes(checksum, bytes, COMPUTE_BYTES);
		if (round % COMPUTE_ROUNDS_PER_DOT == COMPUTE_ROUNDS_PER_DOT - 1)
			driver->text->write(dot, 1, outcome);
	}
	driver->text->write("\n", 1, outcome);
	driver->text->close();
	return checksum;
}

/** REP OUTS and REP INS of every width through a FIFO that gives back what it got. */
static uint32_t run_strings(const struct driver *driver, struct outcome *outcome)
{
	static char sent[FIFO_BYTES], received[FIFO_BYTES];
	uint32_t checksum = CHECKSUM_START;

	if (!driver->ports) {
		skip(outcome, "strings go through ports");
		return 0;
	}
	if (inb(FIFO_ID) != FIFO_ID_VALUE) {
		skip(outcome, "no I/O test device");
		return 0;
	}
	outb(FIFO_RESET, FIFO_CONTROL);
	for (unsigned round = 0; round < STRING_ROUNDS && !failed(outcome); round++) {
		for (unsigned i = 0; i < FIFO_BYTES; i++)
			sent[i] = round * 7 + i;
		outsb(FIFO_DATA, sent, FIFO_BYTES);
		insb(FIFO_DATA, received, FIFO_BYTES);
		outsw(FIFO_DATA, received, FIFO_BYTES / 2);
		insw(FIFO_DATA, sent, FIFO_BYTES / 2);
		outsl(FIFO_DATA, sent, FIFO_BYTES / 4);
		insl(FIFO_DATA, received, FIFO_BYTES / 4);
		if (memcmp(sent, received, FIFO_BYTES))
			fail(outcome, "round %u came back changed", round);
		checksum = checksum_add_bytes(checksum, received, FIFO_BYTES);
	}
	return checksum;
}

static const struct comparison comparisons[] = {
	{ "disk", run_disk },	    { "console", run_console }, { "polling", run_polling },
	{ "compute", run_compute }, { "strings", run_strings },
};

#define COMPARISONS (sizeof(comparisons) / sizeof(comparisons[0]))

/** The word `KEY=VALUE` stands on the command line. */
static int asked(const char *key, const char *value)
{
	char word[32];

	format_text(word, sizeof(word), "%s=%s", key, value);
	return command_line_has(word);
}

int comparison_wanted(void)
{
	if (asked("workload", "all"))
		return 1;
	for (unsigned i = 0; i < COMPARISONS; i++)
		if (asked("workload", comparisons[i].name))
			return 1;
	return 0;
}

/** Both drivers, one after the other, unless the command line names one. */
static int driver_wanted(const struct driver *driver)
{
	for (unsigned i = 0; i < DRIVERS; i++)
		if (asked("driver", drivers[i].name))
			return asked("driver", driver->name);
	return 1;
}

static int run_one(const struct comparison *comparison, const struct driver *driver)
{
	struct outcome outcome = { WORKLOAD_OK, "" };
	uint32_t exits = port_accesses();
	uint64_t start = cpu_cycles();
	uint32_t checksum = comparison->run(driver, &outcome);
	uint64_t cycles = cpu_cycles() - start;

	exits = port_accesses() - exits;
	print("workload %s: %s ", comparison->name, driver->name);
	if (outcome.verdict == WORKLOAD_OK)
		print("cycles=~%llu exits=~%u checksum=%08x\n", cycles, exits, checksum);
	else
		print("%s: %s\n", outcome.verdict == WORKLOAD_FAILED ? "FAILED" : "SKIPPED", outcome.reason);
	return outcome.verdict != WORKLOAD_FAILED;
}

int comparison_run(void)
{
	int ok = 1;

	for (unsigned i = 0; i < COMPARISONS; i++) {
		if (!asked("workload", "all") && !asked("workload", comparisons[i].name))
			continue;
		for (unsigned j = 0; j < DRIVERS; j++)
			if (driver_wanted(&drivers[j]))
				ok &= run_one(&comparisons[i], &drivers[j]);
	}
	return ok;
}
