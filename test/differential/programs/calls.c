/* Ways to call and to come back: variable arguments, frames of variable size, jumps out of functions, recursion. */
#include "runtime.h"

struct pair {
	int32_t key;
	uint64_t value;
};

static __attribute__((noinline)) uint64_t gather(const char *kinds, ...)
{
	uint64_t sum = 0;
	va_list arguments, again;

	va_start(arguments, kinds);
	va_copy(again, arguments);
	for (; *kinds; kinds++) {
		struct pair pair;

		sum = sum * 131;
		switch (*kinds) {
		case 'c':
			sum += (signed char)va_arg(arguments, int);
			break;
		case 'i':
			sum += va_arg(arguments, int);
			break;
		case 'l':
			sum += va_arg(arguments, long long);
			break;
		case 's':
			sum += strlen(va_arg(arguments, const char *));
			break;
		case 'p':
			pair = va_arg(arguments, struct pair);
			sum += pair.key ^ pair.value;
			break;
		}
	}
	sum ^= (unsigned)va_arg(again, int);
	va_end(again);
	va_end(arguments);
	return sum;
}

void variadic(void)
{
	struct pair pair = { -5, 0x123456789abcull };

	print("%llx\n", (unsigned long long)gather("i", 7));
	print("%llx\n", (unsigned long long)gather("ilcsp", -1, -2ll, 'x', "twelve bytes", pair));
	print("%llx\n", (unsigned long long)gather("clplpislcs", 300, 1ll << 60, pair, -1ll, pair, 9, "", 0ll, -128, "z"));
}

static __attribute__((noinline)) uint32_t frame_of(int size, int depth)
{
	uint32_t values[size];
	uint8_t *block = __builtin_alloca(size * 3 + depth);
	uint32_t sum = 0;
	int i;

	for (i = 0; i < size; i++) {
		values[i] = i * depth;
		block[i * 3] = i ^ depth;
	}
	if (depth > 0)
		sum = frame_of(size / 2 + 3, depth - 1);
	for (i = 0; i < size; i++)
		sum = sum * 33 + values[i] + block[i * 3];
	return sum;
}

void variable_frames(void)
{
	int size;

	for (size = 1; size < 2000; size = size * 3 + 1)
		print("%d %08x\n", size, frame_of(size, 6));
}

static void *context[5];

static __attribute__((noinline)) void descend(int depth, int limit)
{
	volatile char frame[64];

	frame[depth & 63] = depth;
	if (depth == limit)
		__builtin_longjmp(context, 1);
	descend(depth + 1, limit);
	frame[0] = frame[depth & 63];
}

static __attribute__((noinline)) int attempt(int limit)
{
	if (__builtin_setjmp(context))
		return 1;
	descend(0, limit);
	return 0;
}

void jumps_out(void)
{
	int limit;

	for (limit = 0; limit < 300; limit = limit * 2 + 1)
		print("%d %d\n", limit, attempt(limit));
}

static __attribute__((noinline)) uint32_t ackermann(uint32_t m, uint32_t n)
{
	if (m == 0)
		return n + 1;
	return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static int is_odd(unsigned n);
static __attribute__((noinline)) int is_even(unsigned n)
{
	return n == 0 ? 1 : is_odd(n - 1);
}
static __attribute__((noinline)) int is_odd(unsigned n)
{
	return n == 0 ? 0 : is_even(n - 1);
}

static unsigned moves;
static __attribute__((noinline)) void hanoi(int disks, int from, int to, int by)
{
	if (disks == 0)
		return;
	hanoi(disks - 1, from, by, to);
	moves = moves * 7 + from * 3 + to;
	hanoi(disks - 1, by, to, from);
}

static int solutions(int n, unsigned columns, unsigned left, unsigned right)
{
	unsigned free = ~(columns | left | right) & ((1u << n) - 1);
	int found = 0;

	if (columns == (1u << n) - 1)
		return 1;
	while (free) {
		unsigned bit = free & -free;

		free ^= bit;
		found += solutions(n, columns | bit, (left | bit) << 1, (right | bit) >> 1);
	}
	return found;
}

void recursion(void)
{
	int n;

	print("%u %d %d\n", ackermann(2, 300), is_even(3000), is_odd(2999));
	hanoi(14, 0, 1, 2);
	print("%08x\n", moves);
	for (n = 1; n <= 9; n++)
		print("%d queens: %d\n", n, solutions(n, 0, 0, 0));
}

static uint32_t twice(uint32_t x)
{
	return x * 2;
}
static uint32_t plus_three(uint32_t x)
{
	return x + 3;
}
static uint32_t inverse(uint32_t x)
{
	return ~x;
}
static uint32_t turned(uint32_t x)
{
	return x << 11 | x >> 21;
}

void function_pointers(void)
{
	static uint32_t (*const functions[])(uint32_t) = { twice, plus_three, inverse, turned };
	uint32_t (*volatile chosen)(uint32_t);
	uint32_t x = 1;
	int i;

	seed_random(5);
	for (i = 0; i < 5000; i++) {
		chosen = functions[next_random() >> 30];
		x = chosen(x);
	}
	print("%08x\n", x);
}
