/* Kernels that call functions: packing, a bytecode machine, recursion, sorting. */
#include "kernels.h"

#define SIZE 65536

static uint8_t plain[SIZE], packed[SIZE * 2], unpacked[SIZE];
static uint32_t heads[4096];

/* LZ77 with a hash of three bytes: a control byte, then a literal or a length and a distance. */
static uint32_t pack(const uint8_t *in, uint32_t size, uint8_t *out)
{
	uint32_t at = 0, used = 0, i;

	for (i = 0; i < 4096; i++)
		heads[i] = ~0u;
	while (at < size) {
		uint32_t best = 0, from = 0;

		if (at + 3 < size) {
			uint32_t hash = (in[at] | in[at + 1] << 8 | in[at + 2] << 16) * 2654435761u >> 20;

			from = heads[hash];
			heads[hash] = at;
			if (from != ~0u && at - from < 65535)
				while (best < 255 && at + best < size && in[from + best] == in[at + best])
					best++;
		}
		if (best > 3) {
			uint32_t distance = at - from;

			out[used++] = 1;
			out[used++] = best;
			out[used++] = distance;
			out[used++] = distance >> 8;
			at += best;
		} else {
			out[used++] = 0;
			out[used++] = in[at++];
		}
	}
	return used;
}

static uint32_t unpack(const uint8_t *in, uint32_t size, uint8_t *out)
{
	uint32_t at = 0, made = 0;

	while (at < size) {
		if (in[at++]) {
			uint32_t length = in[at], distance = in[at + 1] | in[at + 2] << 8;

			at += 3;
			while (length--) {
				out[made] = out[made - distance];
				made++;
			}
		} else {
			out[made++] = in[at++];
		}
	}
	return made;
}

static void fill(void)
{
	uint32_t i, seed = 12345;

	for (i = 0; i < SIZE; i++) {
		seed = seed * 1103515245 + 12345;
		plain[i] = (seed >> 28) + (i % 61 < 40 ? 'a' : 'k') + (i >> 13);
	}
}

static uint32_t sum(const uint8_t *data, uint32_t size)
{
	uint32_t i, total = 0;

	for (i = 0; i < size; i++)
		total = total * 31 + data[i];
	return total;
}

uint32_t run_lz(uint32_t rounds)
{
	uint32_t total = 0;

	fill();
	while (rounds--) {
		uint32_t size = pack(plain, SIZE, packed);

		total += size + sum(unpacked, unpack(packed, size, unpacked));
		plain[rounds % SIZE]++;
	}
	return total;
}

__attribute__((noinline)) static uint32_t fib(uint32_t n)
{
	return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static void sort(int32_t *values, int32_t low, int32_t high)
{
	while (low < high) {
		int32_t i = low, j = high, pivot = values[(low + high) / 2];

		while (i <= j) {
			while (values[i] < pivot)
				i++;
			while (values[j] > pivot)
				j--;
			if (i <= j) {
				int32_t old = values[i];

				values[i++] = values[j];
				values[j--] = old;
			}
		}
		if (j - low < high - i) {
			sort(values, low, j);
			low = i;
		} else {
			sort(values, i, high);
			high = j;
		}
	}
}

enum { PUSH, ADD, SUB, MUL, DUP, LOAD, STORE, JNZ, END };

/* Sums squares down from n. */
static const int32_t program[] = {
	PUSH, 2000, STORE, 0, PUSH, 0, STORE, 1,
	LOAD, 0, DUP, MUL, LOAD, 1, ADD, STORE, 1,
	LOAD, 0, PUSH, 1, SUB, DUP, STORE, 0, JNZ, 8,
	LOAD, 1, END,
};

__attribute__((noinline)) static uint32_t interpret(const int32_t *code)
{
	int32_t stack[16], *top = stack, variables[4];
	const int32_t *at = code;

	for (;;) {
		switch (*at++) {
		case PUSH: *top++ = *at++; break;
		case ADD: top--; top[-1] += *top; break;
		case SUB: top--; top[-1] -= *top; break;
		case MUL: top--; top[-1] *= *top; break;
		case DUP: *top = top[-1]; top++; break;
		case LOAD: *top++ = variables[*at++]; break;
		case STORE: variables[*at++] = *--top; break;
		case JNZ: at = *--top ? code + *at : at + 1; break;
		default: return top[-1];
		}
	}
}

uint32_t run_mixed(uint32_t rounds)
{
	static int32_t values[4096];
	uint32_t total = 0, i;

	fill();
	while (rounds--) {
		uint32_t seed = rounds;

		total += interpret(program);
		total += fib(16);
		for (i = 0; i < 4096; i++)
			values[i] = seed = seed * 1664525 + 1013904223;
		sort(values, 0, 4095);
		total += values[100];
		total += pack(plain, 8192, packed);
	}
	return total;
}

uint32_t run_calls(uint32_t rounds)
{
	uint32_t total = 0;

	while (rounds--)
		total += fib(18 + (total & 3));
	return total;
}

static double root(double value)
{
	__asm__("fsqrt" : "+t"(value));
	return value;
}

struct body {
	double at[3], speed[3], mass;
};

uint32_t run_nbody(uint32_t rounds)
{
	static struct body bodies[5];
	double energy = 0;
	uint32_t i, j, k;

	/* At power-on the precision of results is not the same everywhere. */
	__asm__ volatile("fninit");
	for (i = 0; i < 5; i++)
		for (k = 0; k < 3; k++) {
			bodies[i].at[k] = (i + 1) * (k + 2) * 1.25 - i * i;
			bodies[i].speed[k] = (i + k) * 0.01;
			bodies[i].mass = 1.0 / (i + 1);
		}
	while (rounds--) {
		for (i = 0; i < 5; i++)
			for (j = i + 1; j < 5; j++) {
				double d[3], square = 0.01, pull;

				for (k = 0; k < 3; k++) {
					d[k] = bodies[i].at[k] - bodies[j].at[k];
					square += d[k] * d[k];
				}
				pull = 0.001 / (square * root(square));
				for (k = 0; k < 3; k++) {
					bodies[i].speed[k] -= d[k] * bodies[j].mass * pull;
					bodies[j].speed[k] += d[k] * bodies[i].mass * pull;
				}
			}
		for (i = 0; i < 5; i++)
			for (k = 0; k < 3; k++)
				bodies[i].at[k] += 0.001 * bodies[i].speed[k];
	}
	for (i = 0; i < 5; i++)
		energy += bodies[i].speed[0] * 1e6;
	return (uint32_t)(int32_t)energy;
}
