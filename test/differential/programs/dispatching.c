/* Switches of every shape, a virtual machine by computed goto, and integers at the edges of their types. */
#include "runtime.h"

static __attribute__((noinline)) int dense(int x)
{
	switch (x) {
	case -3:
		return 100;
	case -2:
		return x * 7;
	case -1:
	case 0:
		return 3;
	case 1:
		x += 5; /* falls through */
	case 2:
		return x << 2;
	case 3 ... 6:
		return -x;
	case 7:
		return 0x7fffffff;
	default:
		return x ^ 0x55;
	}
}

static __attribute__((noinline)) int sparse(uint64_t x)
{
	switch (x) {
	case 0:
		return 1;
	case 1000:
		return 2;
	case 0xffffffffull:
		return 3;
	case 0x100000000ull:
		return 4;
	case 0x8000000000000000ull:
		return 5;
	case 0x123456789abcdefull:
		return 6;
	default:
		return (int)(x >> 32) - (int)x;
	}
}

void switches(void)
{
	static const uint64_t keys[] = {
		0, 1000, 0xffffffffull, 0x100000000ull, 0x8000000000000000ull, 0x123456789abcdefull, 1, 999, -1ull
	};
	size_t i;
	int x;

	for (x = -6; x < 12; x++)
		print("%d:%d ", x, dense(x));
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		print("%d ", sparse(keys[i]));
	print("\n");
}

enum { PUSH, ADD, MUL, DUP, SWAP, DEC, JNZ, STORE, LOAD, END };

static __attribute__((noinline)) int32_t interpret(const int16_t *code, int32_t argument)
{
	static const void *const labels[] = { &&push, &&add, &&mul, &&dup, &&swap, &&dec, &&jnz, &&store, &&load, &&end };
	const int16_t *at = code;
	int32_t stack[16], cells[4] = { argument, 1, 0, 0 }, *top = stack;

	goto *labels[*at++];
push:
	*top++ = *at++;
	goto *labels[*at++];
add:
	top--;
	top[-1] = (uint32_t)top[-1] + (uint32_t)*top;
	goto *labels[*at++];
mul:
	top--;
	top[-1] = (uint32_t)top[-1] * (uint32_t)*top;
	goto *labels[*at++];
dup:
	*top = top[-1];
	top++;
	goto *labels[*at++];
swap: {
	int32_t x = top[-1];

	top[-1] = top[-2];
	top[-2] = x;
	goto *labels[*at++];
}
dec:
	top[-1]--;
	goto *labels[*at++];
jnz:
	if (*--top)
		at = code + *at;
	else
		at++;
	goto *labels[*at++];
store:
	cells[*at++] = *--top;
	goto *labels[*at++];
load:
	*top++ = cells[*at++];
	goto *labels[*at++];
end:
	return cells[1];
}

void computed_goto(void)
{
	/* cell 1 = cell 0 factorial, modulo 2^32 */
	static const int16_t factorial[] = { LOAD, 0, LOAD, 1, MUL, STORE, 1, LOAD, 0, DEC, DUP, STORE, 0, JNZ, 0, END };
	/* cell 1 = 3 * cell 1 + 7, cell 0 times */
	static const int16_t repeated[] = { LOAD, 1, PUSH, 3, MUL, PUSH, 7, ADD,  STORE, 1,
					    LOAD, 0, DEC,  DUP, STORE, 0, JNZ, 0, END };
	int n;

	for (n = 1; n < 30; n += 4)
		print("%d %d %d\n", n, interpret(factorial, n), interpret(repeated, n * 50));
}

#define CONVERSIONS(type)                                                                                              \
	print("%s %d %u %lld %llu\n", #type, (int)(type)x, (unsigned)(type)x, (long long)(type)x,                     \
	      (unsigned long long)(type)x)

void narrowing(void)
{
	static const int64_t values[] = { 0,	   1,	       -1,	   127,		128,	     -129,	 255,
					  32767,   -32769,     65536,	   2147483647,	2147483648,  -2147483649, 4294967295,
					  1ll << 40, -(1ll << 40), INT64_MAX, INT64_MIN };
	size_t i;

	for (i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		volatile int64_t x = values[i];

		CONVERSIONS(int8_t);
		CONVERSIONS(uint8_t);
		CONVERSIONS(int16_t);
		CONVERSIONS(uint16_t);
		CONVERSIONS(int32_t);
		CONVERSIONS(uint32_t);
	}
}

#define OVERFLOWS(type)                                                                                                \
	do {                                                                                                           \
		type result;                                                                                           \
		int all = 0;                                                                                           \
                                                                                                                       \
		all |= __builtin_add_overflow((type)a, (type)b, &result) << 0;                                         \
		sum = sum * 31 + (uint32_t)result;                                                                     \
		all |= __builtin_sub_overflow((type)a, (type)b, &result) << 1;                                         \
		sum = sum * 31 + (uint32_t)result;                                                                     \
		all |= __builtin_mul_overflow((type)a, (type)b, &result) << 2;                                         \
		sum = sum * 31 + (uint32_t)result + all;                                                               \
	} while (0)

void overflows(void)
{
	static const int32_t edges[] = { 0, 1, -1, 2, 127, -128, 255, 32767, -32768, 65535, 46341, 2147483647, -2147483647 - 1 };
	const int count = sizeof(edges) / sizeof(edges[0]);
	uint32_t sum = 0;
	int i, j;

	for (i = 0; i < count; i++) {
		for (j = 0; j < count; j++) {
			volatile int32_t a = edges[i], b = edges[j];

			OVERFLOWS(int8_t);
			OVERFLOWS(uint8_t);
			OVERFLOWS(int16_t);
			OVERFLOWS(uint16_t);
			OVERFLOWS(int32_t);
			OVERFLOWS(uint32_t);
			sum += (a < b) + 2 * ((uint32_t)a < (uint32_t)b) + 4 * (a <= b) + 8 * ((uint16_t)a > (int16_t)b);
			if (b != 0 && !(b == -1 && a < -2147483647))
				sum = sum * 17 + a / b + a % b;
			if (b != 0)
				sum = sum * 17 + (uint32_t)a / (uint32_t)b + (uint32_t)a % (uint32_t)b;
		}
		print("%d: %08x\n", edges[i], sum);
	}
}

void bit_counts(void)
{
	uint64_t wide = 0x0123456789abcdefull, sum = 0;
	uint32_t narrow = 1, total = 0;
	int i;

	seed_random(55);
	for (i = 0; i < 4000; i++) {
		int by = next_random() & 63;

		wide = wide * 6364136223846793005ull + next_random();
		sum += (wide << by) ^ (wide >> (63 - by)) ^ (uint64_t)((int64_t)wide >> by);
		sum = sum << (by | 1) | sum >> (63 & -(by | 1));
		narrow = (uint32_t)wide ^ (uint32_t)(wide >> 32);
		total += __builtin_popcount(narrow) + 3 * __builtin_popcountll(wide);
		total += narrow ? 5 * __builtin_clz(narrow) + 7 * __builtin_ctz(narrow) : 1;
		total += wide ? 11 * __builtin_clzll(wide) + 13 * __builtin_ctzll(wide) : 1;
		total ^= __builtin_bswap32(narrow) + (uint32_t)__builtin_bswap64(wide) + __builtin_parity(narrow);
		total += __builtin_ffs(narrow & narrow << 7);
	}
	print("%llx %08x\n", (unsigned long long)sum, total);
}
