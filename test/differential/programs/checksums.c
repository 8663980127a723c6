#include "runtime.h"

static uint32_t crc_table[256];

static void make_crc_table(void)
{
	uint32_t i, bit;

	for (i = 0; i < 256; i++) {
		uint32_t value = i;

		for (bit = 0; bit < 8; bit++)
			value = value & 1 ? value >> 1 ^ 0xedb88320 : value >> 1;
		crc_table[i] = value;
	}
}

static uint32_t crc32(const uint8_t *data, size_t length)
{
	uint32_t crc = ~0u;

	while (length--)
		crc = crc >> 8 ^ crc_table[(crc ^ *data++) & 0xff];
	return ~crc;
}

static uint32_t adler32(const uint8_t *data, size_t length)
{
	uint32_t a = 1, b = 0;

	while (length--) {
		a = (a + *data++) % 65521;
		b = (b + a) % 65521;
	}
	return b << 16 | a;
}

static uint64_t fnv64(const uint8_t *data, size_t length)
{
	uint64_t hash = 0xcbf29ce484222325ull;

	while (length--)
		hash = (hash ^ *data++) * 0x100000001b3ull;
	return hash;
}

/* FIPS 180-4. The constants are the fractions of roots of primes, worked out here in integers. */
static uint32_t rotate(uint32_t value, int by)
{
	return value >> by | value << (32 - by);
}

/* First 32 bits of the fraction of the square or cube root of @n, by search for the root scaled by 2^32. */
static uint32_t root_fraction(uint32_t n, int degree)
{
	uint64_t root = 0;
	int bit;

	for (bit = 36; bit >= 0; bit--) {
		uint64_t guess = root | 1ull << bit;
		/* guess^degree <= n << (32 * degree), in limbs of 32 bits */
		uint32_t power[5] = { 1 }, i, k;
		int d;

		for (d = 0; d < degree; d++) {
			uint32_t low = guess, high = guess >> 32, next[5] = { 0 };
			uint64_t carry = 0;

			for (i = 0; i < 5; i++) {
				carry += (uint64_t)power[i] * low;
				next[i] = carry;
				carry >>= 32;
			}
			carry = 0;
			for (i = 0; i < 4; i++) {
				carry += (uint64_t)power[i] * high + next[i + 1];
				next[i + 1] = carry;
				carry >>= 32;
			}
			memcpy(power, next, sizeof(power));
		}
		for (k = 4; k > (uint32_t)degree && !power[k]; k--)
			;
		if (k > (uint32_t)degree || power[degree] >= n) {
			int above = k > (uint32_t)degree || power[degree] > n;

			for (i = 0; !above && i < (uint32_t)degree; i++)
				above = power[i] != 0;
			if (above)
				continue;
		}
		root = guess;
	}
	return root;
}

static uint32_t initial[8], constants[64];

static void make_sha_tables(void)
{
	uint32_t n = 2, found = 0, d;

	for (; found < 64; n++) {
		for (d = 2; d * d <= n; d++)
			if (n % d == 0)
				break;
		if (d * d <= n)
			continue;
		if (found < 8)
			initial[found] = root_fraction(n, 2);
		constants[found++] = root_fraction(n, 3);
	}
}

static void sha256_block(uint32_t *hash, const uint8_t *block)
{
	uint32_t w[64], v[8];
	int i;

	for (i = 0; i < 16; i++)
		w[i] = (uint32_t)block[4 * i] << 24 | block[4 * i + 1] << 16 | block[4 * i + 2] << 8 | block[4 * i + 3];
	for (; i < 64; i++)
		w[i] = w[i - 16] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
		       (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
	memcpy(v, hash, sizeof(v));
	for (i = 0; i < 64; i++) {
		uint32_t one = v[7] + (rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25)) +
			       ((v[4] & v[5]) ^ (~v[4] & v[6])) + constants[i] + w[i];
		uint32_t two = (rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22)) +
			       ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));

		memmove(v + 1, v, 7 * sizeof(v[0]));
		v[4] += one;
		v[0] = one + two;
	}
	for (i = 0; i < 8; i++)
		hash[i] += v[i];
}

static void sha256(const uint8_t *data, size_t length)
{
	uint32_t hash[8], i;
	uint8_t block[64];
	uint64_t bits = (uint64_t)length * 8;

	memcpy(hash, initial, sizeof(hash));
	for (; length >= 64; length -= 64, data += 64)
		sha256_block(hash, data);
	memset(block, 0, sizeof(block));
	memcpy(block, data, length);
	block[length] = 0x80;
	if (length >= 56) {
		sha256_block(hash, block);
		memset(block, 0, sizeof(block));
	}
	for (i = 0; i < 8; i++)
		block[56 + i] = bits >> (56 - 8 * i);
	sha256_block(hash, block);
	for (i = 0; i < 8; i++)
		print("%08x", hash[i]);
	print("\n");
}

void checksums(void)
{
	static uint8_t data[3000];
	size_t i;

	seed_random(99);
	for (i = 0; i < sizeof(data); i++)
		data[i] = next_random() >> 11;
	make_crc_table();
	make_sha_tables();
	print("%08x %08x\n", crc32((const uint8_t *)"123456789", 9), crc32(data, sizeof(data)));
	print("%08x %016llx\n", adler32(data, sizeof(data)), fnv64(data, sizeof(data)));
	sha256((const uint8_t *)"abc", 3);
	sha256(data, sizeof(data));
}
