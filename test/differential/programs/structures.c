/* Structures by value in all sizes, bit-fields, unions, and access to what is not aligned. */
#include "runtime.h"

#define SIZED(n)                                                                                                       \
	struct bytes##n {                                                                                              \
		uint8_t at[n];                                                                                         \
	};                                                                                                             \
	static __attribute__((noinline)) struct bytes##n turn##n(struct bytes##n value, int by)                        \
	{                                                                                                              \
		struct bytes##n result;                                                                                \
		int i;                                                                                                 \
                                                                                                                       \
		for (i = 0; i < n; i++)                                                                                \
			result.at[(i + by) % n] = value.at[i] ^ by;                                                    \
		return result;                                                                                         \
	}                                                                                                              \
	static void try##n(void)                                                                                       \
	{                                                                                                              \
		struct bytes##n value;                                                                                 \
		unsigned sum = 0;                                                                                      \
		int i;                                                                                                 \
                                                                                                                       \
		for (i = 0; i < n; i++)                                                                                \
			value.at[i] = next_random();                                                                   \
		value = turn##n(turn##n(value, 3), 5);                                                                 \
		for (i = 0; i < n; i++)                                                                                \
			sum = sum * 31 + value.at[i];                                                                  \
		print("%d: %08x\n", n, sum);                                                                           \
	}

SIZED(1)
SIZED(2)
SIZED(3)
SIZED(4)
SIZED(5)
SIZED(7)
SIZED(8)
SIZED(9)
SIZED(12)
SIZED(15)
SIZED(16)
SIZED(17)
SIZED(31)
SIZED(64)

struct point {
	int16_t x, y;
};

struct shape {
	char kind;
	struct point corners[3];
	uint64_t tag;
};

static __attribute__((noinline)) struct shape mirrored(struct shape shape, struct point center)
{
	int i;

	for (i = 0; i < 3; i++) {
		shape.corners[i].x = 2 * center.x - shape.corners[i].x;
		shape.corners[i].y = 2 * center.y - shape.corners[i].y;
	}
	shape.tag = shape.tag << 7 | shape.tag >> 57;
	return shape;
}

void structures(void)
{
	struct shape shape = { 't', { { 1, 2 }, { -300, 400 }, { 32767, -32768 } }, 0xfedcba9876543210ull };
	struct point center = { 11, -7 };
	int i;

	seed_random(11);
	try1(), try2(), try3(), try4(), try5(), try7(), try8();
	try9(), try12(), try15(), try16(), try17(), try31(), try64();
	for (i = 0; i < 5; i++)
		shape = mirrored(shape, center);
	for (i = 0; i < 3; i++)
		print("%d,%d ", shape.corners[i].x, shape.corners[i].y);
	print("%c %llx\n", shape.kind, (unsigned long long)shape.tag);
}

struct fields {
	unsigned a : 1;
	signed b : 2;
	unsigned c : 7;
	signed d : 13;
	unsigned e : 9;
	unsigned long long f : 37;
	signed long long g : 27;
	unsigned : 0;
	signed char h : 3;
	unsigned short i : 11;
};

void bit_fields(void)
{
	volatile struct fields fields = { 0 };
	int round;

	seed_random(22);
	for (round = 0; round < 40; round++) {
		uint32_t r = next_random();

		fields.a = r;
		fields.b += r >> 1;
		fields.c ^= r >> 3;
		fields.d -= r >> 5;
		fields.e *= r >> 7 | 1;
		fields.f = fields.f * 1000003 + r;
		fields.g = fields.g - (int32_t)r;
		fields.h = -fields.h + (r & 1);
		fields.i = ~fields.i >> (r & 3);
		print("%u %d %u %d %u %llx %lld %d %u\n", fields.a, fields.b, fields.c, fields.d, fields.e,
		      (unsigned long long)fields.f, (long long)fields.g, fields.h, fields.i);
	}
}

union word {
	uint32_t u;
	int32_t i;
	uint16_t half[2];
	int8_t byte[4];
	struct {
		uint32_t low : 12, middle : 13, high : 7;
	} part;
};

void unions(void)
{
	union word word;
	uint32_t sum = 0;
	int i;

	seed_random(33);
	for (i = 0; i < 2000; i++) {
		word.u = next_random();
		word.half[i & 1] += word.byte[i & 3];
		word.part.middle ^= word.part.high * word.part.low;
		word.byte[3 - (i & 3)] = word.i >> (i & 31);
		sum = (sum << 5 | sum >> 27) ^ word.u;
	}
	print("%08x\n", sum);
}

struct __attribute__((packed)) record {
	uint8_t kind;
	uint16_t length;
	uint32_t offset;
	uint64_t time;
	int16_t level;
};

void unaligned(void)
{
	static uint8_t bytes[512];
	uint32_t sum = 0;
	int round, i;

	seed_random(44);
	for (i = 0; i < 512; i++)
		bytes[i] = next_random();
	for (round = 0; round < 200; round++) {
		struct record *record = (struct record *)(bytes + next_random() % 490);
		uint32_t value;
		uint64_t wide;

		record->length += record->kind;
		record->offset ^= record->length << 13;
		record->time -= record->offset;
		record->level = -record->level;
		memcpy(&value, bytes + round * 2 + 1, sizeof(value));
		memcpy(&wide, bytes + 400 - round, sizeof(wide));
		value = (value >> 24) | (value >> 8 & 0xff00) | (value << 8 & 0xff0000) | value << 24;
		wide += value;
		memcpy(bytes + round + 3, &wide, sizeof(wide));
	}
	for (i = 0; i < 512; i++)
		sum = sum * 16777619 ^ bytes[i];
	print("%08x\n", sum);
}
