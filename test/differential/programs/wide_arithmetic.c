#include "runtime.h"

static const uint64_t edges[] = {
	0, 1, 2, 3, 10, 0x7fffffff, 0x80000000, 0xffffffff, 0x100000000, 0x123456789, 0x7fffffffffffffff,
	0x8000000000000000, 0xfffffffffffffffe, 0xffffffffffffffff, 0xdeadbeefcafebabe,
};
#define EDGES (sizeof(edges) / sizeof(edges[0]))

/* Kept from the optimizer, so that the arithmetic happens at run time. */
static uint64_t opaque(uint64_t value)
{
	asm volatile("" : "+m"(value));
	return value;
}

static uint64_t power(uint64_t base, uint64_t exponent, uint64_t modulus)
{
	uint64_t result = 1;

	for (base %= modulus; exponent; exponent >>= 1) {
		if (exponent & 1)
			result = result * base % modulus;
		base = base * base % modulus;
	}
	return result;
}

static uint64_t gcd(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

void wide_arithmetic(void)
{
	uint64_t hash = 0;
	size_t i, j;

	for (i = 0; i < EDGES; i++) {
		uint64_t a = opaque(edges[i]);

		for (j = 0; j < EDGES; j++) {
			uint64_t b = opaque(edges[j]);
			int64_t x = a, y = b;
			unsigned by = b & 63;
			uint64_t values[] = {
				a + b, a - b, a * b, a & b, a ^ ~b, a << by, a >> by, x >> by,
				a < b, x < y, a == b, a >= b, x <= y, a << by | a >> (-by & 63),
			};
			size_t k;

			for (k = 0; k < sizeof(values) / sizeof(values[0]); k++)
				hash = hash * 0x9e3779b97f4a7c15 + values[k];
			if (b) {
				hash = hash * 31 + a / b;
				hash = hash * 31 + a % b;
				if (!(a == 0x8000000000000000 && y == -1)) {
					hash = hash * 31 + x / y;
					hash = hash * 31 + x % y;
				}
			}
		}
		print("%016llx\n", hash);
	}
	for (i = 1; i < EDGES; i++) {
		uint64_t a = opaque(edges[i]);

		print("%d %d %d %d %016llx\n", __builtin_clzll(a), __builtin_ctzll(a), __builtin_popcountll(a),
		      __builtin_ffsll(a), __builtin_bswap64(a));
	}
	print("%llu %llu\n", power(3, opaque(1000003), 4294967291u), gcd(opaque(1134903170), 1836311903ull * 46368));
}
