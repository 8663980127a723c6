#include "runtime.h"

#define SIZE 1500

/* LZSS: a flag byte for eight items, each a literal or two bytes of offset (11 bits) and length (5 bits). */
static unsigned compress(const uint8_t *in, unsigned size, uint8_t *out)
{
	unsigned at = 0, used = 0, flags = 0, item = 8;

	while (at < size) {
		unsigned best = 0, where = 0, from, start = at > 2047 ? at - 2047 : 0;

		if (item == 8) {
			flags = used++;
			out[flags] = 0;
			item = 0;
		}
		for (from = start; from < at; from++) {
			unsigned length = 0;

			while (length < 34 && at + length < size && in[from + length] == in[at + length])
				length++;
			if (length > best) {
				best = length;
				where = at - from;
			}
		}
		if (best >= 3) {
			out[flags] |= 1 << item;
			out[used++] = where;
			out[used++] = where >> 8 | (best - 3) << 3;
			at += best;
		} else {
			out[used++] = in[at++];
		}
		item++;
	}
	return used;
}

static unsigned expand(const uint8_t *in, unsigned size, uint8_t *out)
{
	unsigned at = 0, used = 0, flags = 0, item = 8;

	while (at < size) {
		if (item == 8) {
			flags = in[at++];
			item = 0;
			continue;
		}
		if (flags >> item++ & 1) {
			unsigned where = in[at] | (in[at + 1] & 7) << 8, length = (in[at + 1] >> 3) + 3;

			for (at += 2; length--; used++)
				out[used] = out[used - where];
		} else {
			out[used++] = in[at++];
		}
	}
	return used;
}

void compression(void)
{
	static uint8_t text[SIZE], packed[SIZE * 2], back[SIZE + 64];
	unsigned i, size, hash = 0;

	seed_random(2024);
	for (i = 0; i < SIZE; i++)
		text[i] = i > 40 && next_random() % 8 ? text[i - 1 - next_random() % 3 * 13] : "abcdefgh"[next_random() % 8];
	size = compress(text, SIZE, packed);
	for (i = 0; i < size; i++)
		hash = hash * 31 + packed[i];
	i = expand(packed, size, back);
	print("%u to %u, %08x, %s\n", i, size, hash, memcmp(text, back, SIZE) ? "damaged" : "intact");
}
