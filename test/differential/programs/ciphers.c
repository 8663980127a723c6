/* Arithmetic that mixes every bit: MD5 (RFC 1321), ChaCha20 (RFC 8439), matrices, a transform over a prime field. */
#include "runtime.h"

static uint32_t left(uint32_t x, int by)
{
	return x << by | x >> (32 - by);
}

/* The constants are the whole parts of 2^32 * |sin i|, i from 1 to 64. */
static void md5_block(uint32_t state[4], const uint8_t *block)
{
	static const uint8_t turns[4][4] = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 } };
	static const uint32_t sines[64] = {
		0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
		0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
		0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
		0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
		0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
		0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
		0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
		0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
	};
	uint32_t a = state[0], b = state[1], c = state[2], d = state[3], words[16];
	int i;

	memcpy(words, block, sizeof(words));
	for (i = 0; i < 64; i++) {
		static const uint8_t steps[4] = { 1, 5, 3, 7 }, starts[4] = { 0, 1, 5, 0 };
		int round = i >> 4;
		uint32_t mixed = round == 0 ? (b & c) | (~b & d) : round == 1 ? (b & d) | (c & ~d) : round == 2 ? b ^ c ^ d : c ^ (b | ~d);
		uint32_t next = a + mixed + sines[i] + words[(i * steps[round] + starts[round]) & 15];

		a = d;
		d = c;
		c = b;
		b += left(next, turns[round][i & 3]);
	}
	state[0] += a;
	state[1] += b;
	state[2] += c;
	state[3] += d;
}

static void md5(const char *text)
{
	uint32_t state[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	uint8_t block[64] = { 0 };
	size_t length = strlen(text), i;

	memcpy(block, text, length);
	block[length] = 0x80;
	block[56] = length * 8;
	block[57] = length >> 5;
	md5_block(state, block);
	for (i = 0; i < 16; i++)
		print("%02x", state[i / 4] >> (i % 4 * 8) & 0xff);
	print(" %s\n", text);
}

void message_digest(void)
{
	md5("");
	md5("abc");
	md5("message digest");
	md5("abcdefghijklmnopqrstuvwxyz");
}

static void quarter(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	*a += *b, *d = left(*d ^ *a, 16);
	*c += *d, *b = left(*b ^ *c, 12);
	*a += *b, *d = left(*d ^ *a, 8);
	*c += *d, *b = left(*b ^ *c, 7);
}

void stream_cipher(void)
{
	uint32_t start[16] = { 0x61707865, 0x3320646e, 0x79622d32, 0x6b206574 }, x[16], sum = 0;
	int block, i;

	for (i = 0; i < 8; i++)
		start[4 + i] = 0x03020100 + i * 0x04040404;
	for (block = 1; block <= 40; block++) {
		start[12] = block;
		memcpy(x, start, sizeof(x));
		for (i = 0; i < 10; i++) {
			quarter(x, x + 4, x + 8, x + 12), quarter(x + 1, x + 5, x + 9, x + 13);
			quarter(x + 2, x + 6, x + 10, x + 14), quarter(x + 3, x + 7, x + 11, x + 15);
			quarter(x, x + 5, x + 10, x + 15), quarter(x + 1, x + 6, x + 11, x + 12);
			quarter(x + 2, x + 7, x + 8, x + 13), quarter(x + 3, x + 4, x + 9, x + 14);
		}
		for (i = 0; i < 16; i++)
			sum = sum * 31 + x[i] + start[i];
	}
	print("%08x\n", sum);
}

#define PRIME 998244353u

static uint32_t power(uint32_t base, uint32_t exponent)
{
	uint64_t result = 1, square = base;

	for (; exponent; exponent >>= 1, square = square * square % PRIME)
		if (exponent & 1)
			result = result * square % PRIME;
	return result;
}

static void transform(uint32_t *values, int count, uint32_t root)
{
	int i, j = 0, half;

	for (i = 1; i < count; i++) {
		int bit = count >> 1;

		for (; j & bit; bit >>= 1)
			j ^= bit;
		j ^= bit;
		if (i < j) {
			uint32_t swapped = values[i];

			values[i] = values[j];
			values[j] = swapped;
		}
	}
	for (half = 1; half < count; half *= 2) {
		uint32_t step = power(root, count / (half * 2));

		for (i = 0; i < count; i += half * 2) {
			uint64_t factor = 1;

			for (j = 0; j < half; j++) {
				uint32_t even = values[i + j], odd = values[i + j + half] * factor % PRIME;

				values[i + j] = (even + odd) % PRIME;
				values[i + j + half] = (even + PRIME - odd) % PRIME;
				factor = factor * step % PRIME;
			}
		}
	}
}

void number_transform(void)
{
	static uint32_t values[256], before[256];
	uint32_t root = power(3, (PRIME - 1) / 256), inverse = power(256, PRIME - 2), sum = 0;
	int i, same = 1;

	seed_random(111);
	for (i = 0; i < 256; i++)
		before[i] = values[i] = next_random() % PRIME;
	transform(values, 256, root);
	for (i = 0; i < 256; i++)
		sum = sum * 31 + values[i];
	transform(values, 256, power(root, PRIME - 2));
	for (i = 0; i < 256; i++)
		same &= (uint64_t)values[i] * inverse % PRIME == before[i];
	print("%08x %d\n", sum, same);
}

void matrices(void)
{
	static int32_t a[17][19], b[19][13], product[17][13];
	static int64_t square[9][9];
	int i, j, k;
	uint32_t sum = 0;

	seed_random(122);
	for (i = 0; i < 17 * 19; i++)
		a[0][i] = (int32_t)next_random() >> 20;
	for (i = 0; i < 19 * 13; i++)
		b[0][i] = (int32_t)next_random() >> 18;
	for (i = 0; i < 17; i++)
		for (j = 0; j < 13; j++)
			for (k = 0; k < 19; k++)
				product[i][j] += a[i][k] * b[k][j];
	for (i = 0; i < 17 * 13; i++)
		sum = sum * 31 + product[0][i];
	print("%08x", sum);
	/* A determinant without fractions (Bareiss). */
	for (i = 0; i < 9; i++)
		for (j = 0; j < 9; j++)
			square[i][j] = (i * 7 + j * j * 3 + (i == j) * 11) % 5 - 2 + (i == j) * 4;
	for (k = 0; k < 8; k++)
		for (i = k + 1; i < 9; i++)
			for (j = k + 1; j < 9; j++)
				square[i][j] = (square[i][j] * square[k][k] - square[i][k] * square[k][j]) /
					       (k && square[k - 1][k - 1] ? square[k - 1][k - 1] : 1);
	print(" %lld\n", (long long)square[8][8]);
}
