/* Loops over registers and arrays. */
#include "kernels.h"

#define WORDS 16384

static uint32_t table[256];
static uint8_t bytes[WORDS * 4];
static uint32_t from[WORDS], to[WORDS];
static uint8_t composite[1 << 20];
static uint32_t next[1 << 20];

uint32_t run_alu(uint32_t rounds)
{
	uint32_t a = 1, b = 2, c = 3, i;

	for (i = 0; i < rounds; i++) {
		a += b ^ i;
		b = (b << 5 | b >> 27) + c;
		c ^= a + (b >> 3);
		a = (a << 7 | a >> 25) - c;
	}
	return a ^ b ^ c;
}

uint32_t run_crc(uint32_t rounds)
{
	uint32_t i, j, crc = ~0u;

	for (i = 0; i < 256; i++) {
		uint32_t value = i;

		for (j = 0; j < 8; j++)
			value = value & 1 ? value >> 1 ^ 0xedb88320 : value >> 1;
		table[i] = value;
	}
	for (i = 0; i < sizeof(bytes); i++)
		bytes[i] = i * 7 + (i >> 8);
	while (rounds--)
		for (i = 0; i < sizeof(bytes); i++)
			crc = crc >> 8 ^ table[(crc ^ bytes[i]) & 0xff];
	return ~crc;
}

uint32_t run_sieve(uint32_t rounds)
{
	uint32_t i, j, count = 0;

	while (rounds--) {
		for (i = 0; i < sizeof(composite); i++)
			composite[i] = 0;
		count = 0;
		for (i = 2; i < sizeof(composite); i++) {
			if (composite[i])
				continue;
			count++;
			for (j = i * 2; j < sizeof(composite); j += i)
				composite[j] = 1;
		}
	}
	return count;
}

uint32_t run_copy(uint32_t rounds)
{
	uint32_t i;

	for (i = 0; i < WORDS; i++)
		from[i] = i * 2654435761u;
	while (rounds--) {
		for (i = 0; i < WORDS; i++)
			to[i] = from[i];
		from[rounds % WORDS] += to[(rounds * 3) % WORDS];
	}
	return to[1] ^ to[WORDS - 1] ^ from[77];
}

uint32_t run_rep_movsd(uint32_t rounds)
{
	uint32_t i;

	for (i = 0; i < WORDS; i++)
		from[i] = i * 2654435761u;
	while (rounds--) {
		const void *source = from;
		void *target = to;
		uint32_t count = WORDS;

		__asm__ volatile("rep movsl" : "+S"(source), "+D"(target), "+c"(count) : : "memory");
		from[rounds % WORDS] += to[(rounds * 3) % WORDS];
	}
	return to[1] ^ to[WORDS - 1];
}

uint32_t run_chase(uint32_t rounds)
{
	const uint32_t size = sizeof(next) / sizeof(next[0]);
	uint32_t i, at = 0, seed = 1;

	for (i = 0; i < size; i++)
		next[i] = i;
	/* Sattolo's shuffle: one cycle through all. */
	for (i = size - 1; i > 0; i--) {
		uint32_t j, old = next[i];

		seed = seed * 1664525 + 1013904223;
		j = (seed >> 8) % i;
		next[i] = next[j];
		next[j] = old;
	}
	while (rounds--)
		at = next[at];
	return at;
}

uint32_t run_empty(uint32_t rounds)
{
	__asm__ volatile("1: decl %0; jnz 1b" : "+r"(rounds));
	return rounds;
}

uint32_t run_port(uint32_t rounds)
{
	uint32_t i;

	for (i = 0; i < rounds; i++)
		__asm__ volatile("outb %0, $0x80" : : "a"((uint8_t)i));
	return i;
}

/* A routine whose immediate operand is overwritten before every tenth call. */
uint32_t run_rewrite(uint32_t rounds)
{
	static uint8_t code[] __attribute__((aligned(64))) = { 0x05, 0, 0, 0, 0, 0xc3 };	/* add $n, %eax; ret */
	uint32_t i, sum = 0;

	for (i = 0; i < rounds; i++) {
		if (i % 10 == 0)
			*(volatile uint32_t *)(code + 1) = i;
		__asm__ volatile("call *%1" : "+a"(sum) : "r"(code) : "memory");
	}
	return sum;
}
