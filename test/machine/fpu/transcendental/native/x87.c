/*
 * Runs x87 instructions of the form D9 /r on the processor at hand. Standard input: cases until its end; standard output: one result
 * per case. Exceptions may be unmasked: FNSAVE comes directly after the instruction and does not wait, so none is delivered.
 */
#include <stdint.h>

#include "../../../../differential/native/linux.h"

#define CASES_AT_ONCE 256

struct real {
	uint8_t bytes[10];
};

struct test_case {
	uint8_t opcode;			/* the byte after D9 */
	uint8_t unused;
	uint16_t control;
	struct real registers[2];	/* ST(0), ST(1) */
};

struct result {
	uint16_t status, tags;
	struct real registers[2];	/* ST(0), ST(1) as the instruction leaves the stack */
};

/* What FRSTOR and FNSAVE use with 32-bit operands. Vol. 1, figure 8-9; the registers follow in the order of the stack. */
struct image {
	uint32_t control, status, tags, instruction, selector, operand, operand_selector;
	struct real registers[8];
};

#define TOP_AT_4 (4 << 11)
/* R4 and R5 are in use: the processor looks at what they hold. */
#define ONLY_R4_R5 0xf0ff

#define RUN(code) \
	case code: \
		asm volatile("frstor %0\n\t.byte 0xd9, " #code "\n\tfnsave %0" : "+m"(*image)); \
		break

static void run(uint8_t opcode, struct image *image)
{
	switch (opcode) {
	RUN(0xe8);
	RUN(0xe9);
	RUN(0xea);
	RUN(0xeb);
	RUN(0xec);
	RUN(0xed);
	RUN(0xee);
	RUN(0xf0);
	RUN(0xf1);
	RUN(0xf2);
	RUN(0xf3);
	RUN(0xf9);
	RUN(0xfb);
	RUN(0xfe);
	RUN(0xff);
	default:
		system_exit(2);
	}
}

static struct test_case cases[CASES_AT_ONCE];
static struct result results[CASES_AT_ONCE];

/* Fills the buffer as far as the input goes. */
static uint32_t fill(void)
{
	uint32_t bytes = 0;

	while (bytes < sizeof(cases)) {
		long got = system_call(SYS_READ, 0, (long)((char *)cases + bytes), sizeof(cases) - bytes, 0, 0, 0);

		if (got < 0)
			system_exit(1);
		if (got == 0)
			break;
		bytes += got;
	}
	return bytes / sizeof(struct test_case);
}

static void deliver(uint32_t count)
{
	uint32_t bytes = 0;

	while (bytes < count * sizeof(struct result)) {
		long put = system_call(SYS_WRITE, 1, (long)((char *)results + bytes),
				       count * sizeof(struct result) - bytes, 0, 0, 0);

		if (put <= 0)
			system_exit(1);
		bytes += put;
	}
}

void _start(void)
{
	uint32_t count;

	while ((count = fill()) > 0) {
		for (uint32_t i = 0; i < count; i++) {
			struct image image = { .control = cases[i].control, .status = TOP_AT_4, .tags = ONLY_R4_R5 };

			image.registers[0] = cases[i].registers[0];
			image.registers[1] = cases[i].registers[1];
			run(cases[i].opcode, &image);
			results[i].status = image.status;
			results[i].tags = image.tags;
			results[i].registers[0] = image.registers[0];
			results[i].registers[1] = image.registers[1];
		}
		deliver(count);
	}
	system_exit(0);
}
