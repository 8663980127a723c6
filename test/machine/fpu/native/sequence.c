/*
 * Runs x87 code on the processor at hand. Standard input: cases until its end; standard output: one result per case.
 * Exceptions may be unmasked: the code must not wait for them, and the FNSAVE after it does not.
 */
#include <stddef.h>
#include <stdint.h>

#include "../../../differential/native/linux.h"

#define CODE_BYTES 64
#define MEMORY_BYTES 640
#define IMAGE_BYTES 108

#define PROT_READ_WRITE_EXEC 7
#define MAP_PRIVATE_ANONYMOUS 0x22

struct test_case {
	uint8_t image[IMAGE_BYTES];	/* for FRSTOR */
	uint32_t eax, eflags;
	uint8_t memory[MEMORY_BYTES];	/* at EBX */
	uint8_t code[CODE_BYTES];	/* ends with RET */
};

struct result {
	uint8_t image[IMAGE_BYTES];
	uint32_t eax, eflags;
	uint8_t memory[MEMORY_BYTES];
};

void *memcpy(void *to, const void *from, size_t bytes)
{
	void *start = to;

	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
	return start;
}

static struct test_case test;
static struct result result;
static uint8_t memory[MEMORY_BYTES] __attribute__((aligned(16)));

static int take(void)
{
	uint32_t at = 0;

	while (at < sizeof(test)) {
		long got = system_call(SYS_READ, 0, (long)((char *)&test + at), sizeof(test) - at, 0, 0, 0);

		if (got < 0)
			system_exit(1);
		if (got == 0)
			return 0;
		at += got;
	}
	return 1;
}

static void deliver(void)
{
	uint32_t at = 0;

	while (at < sizeof(result)) {
		long put = system_call(SYS_WRITE, 1, (long)((char *)&result + at), sizeof(result) - at, 0, 0, 0);

		if (put <= 0)
			system_exit(1);
		at += put;
	}
}

void _start(void)
{
	uint8_t *code = (uint8_t *)system_call(SYS_MMAP2, 0, 4096, PROT_READ_WRITE_EXEC, MAP_PRIVATE_ANONYMOUS, -1, 0);

	while (take()) {
		memcpy(code, test.code, CODE_BYTES);
		memcpy(memory, test.memory, MEMORY_BYTES);
		result.eax = test.eax;
		asm volatile("frstor %3\n\t"
			     "pushl %4\n\t"
			     "popfl\n\t"
			     "call *%5\n\t"
			     "pushfl\n\t"
			     "popl %1\n\t"
			     "fnsave %2"
			     : "+a"(result.eax), "=m"(result.eflags), "=m"(result.image)
			     : "m"(test.image), "m"(test.eflags), "S"(code), "b"(memory)
			     : "memory", "cc", "ecx", "edx", "edi");
		memcpy(result.memory, memory, MEMORY_BYTES);
		deliver();
	}
	system_exit(0);
}
