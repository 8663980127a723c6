#include "runtime.h"

struct fields {
	unsigned a : 3;
	signed b : 5;
	unsigned c : 11;
	signed d : 13;
	uint8_t e : 1;
	int64_t f : 40;
};

static uint32_t opaque(uint32_t value)
{
	asm volatile("" : "+r"(value));
	return value;
}

static uint32_t bit_tricks(uint32_t x)
{
	uint32_t reversed = x;

	reversed = reversed >> 1 & 0x55555555 | (reversed & 0x55555555) << 1;
	reversed = reversed >> 2 & 0x33333333 | (reversed & 0x33333333) << 2;
	reversed = reversed >> 4 & 0x0f0f0f0f | (reversed & 0x0f0f0f0f) << 4;
	reversed = __builtin_bswap32(reversed);
	return reversed ^ (x & -x) ^ (x & (x - 1)) ^ (x ? __builtin_clz(x) * 1000 + __builtin_ctz(x) : 7) ^
	       __builtin_popcount(x) << 20 ^ __builtin_parity(x) << 31;
}

static int saturate(int a, int b)
{
	int sum;

	if (__builtin_add_overflow(a, b, &sum))
		return a < 0 ? -0x7fffffff - 1 : 0x7fffffff;
	return sum;
}

void narrow_arithmetic(void)
{
	uint32_t hash = 0, i;
	struct fields fields = { 0 };

	seed_random(4711);
	for (i = 0; i < 500; i++) {
		uint32_t x = opaque(next_random()), y = opaque(next_random());
		int8_t a = x, b = y;
		int16_t c = x >> 3, d = y >> 5;
		uint8_t e = x, f = y;
		uint16_t g = x, h = y;
		int product;
		uint32_t difference;

		hash = hash * 31 + (int8_t)(a + b) + (int8_t)(a * b) + (int16_t)(c - d) + (int16_t)(c * d);
		hash = hash * 31 + (uint8_t)(e - f) + (uint16_t)(g * (uint32_t)h) + (uint8_t)(e << (f & 7));
		hash = hash * 31 + (b ? (a == -128 && b == -1 ? 1 : a / b + a % b) : 3) + (f ? e / f * 5 + e % f : 4);
		hash = hash * 31 + (d ? (c == -32768 && d == -1 ? 2 : c / d + c % d) : 5) + (h ? g / h * 3 + g % h : 6);
		hash = hash * 31 + (a >> (f & 7)) + (c >> (f & 15)) + (g >> (e & 15));
		hash = hash * 31 + (x >> (y & 31) | x << (-y & 31));
		hash = hash * 31 + (g >> (y & 15) | g << (-y & 15));
		hash = hash * 31 + bit_tricks(x) + saturate(x, y);
		hash = hash * 31 + (__builtin_mul_overflow((int)(x >> 12), (int)(y >> 14), &product) ? 1 : product);
		hash = hash * 31 + __builtin_sub_overflow(x, y, &difference) + difference;
		fields.a += x;
		fields.b -= y;
		fields.c ^= x >> 7;
		fields.d = fields.d * 3 + (int)y;
		fields.e ^= x >> 9;
		fields.f += (int64_t)(int)x * (int)y;
		if (i % 50 == 0)
			print("%08x %u %d %u %d %u %lld\n", hash, fields.a, fields.b, fields.c, fields.d, fields.e,
			      (long long)fields.f);
	}
}
