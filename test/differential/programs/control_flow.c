#include "runtime.h"

struct small {
	char a;
	short b;
};
struct large {
	int values[9];
	struct small small;
};

static struct small twist(struct small s, int by)
{
	s.a ^= by;
	s.b += s.a * by;
	return s;
}

static struct large grow(struct large in, struct small s)
{
	int i;

	for (i = 0; i < 9; i++)
		in.values[i] = in.values[(i + 4) % 9] * 3 + s.b;
	in.small = twist(s, in.values[0]);
	return in;
}

static int ackermann(int m, int n)
{
	if (m == 0)
		return n + 1;
	return n == 0 ? ackermann(m - 1, 1) : ackermann(m - 1, ackermann(m, n - 1));
}

static int queens(int n, unsigned columns, unsigned left, unsigned right)
{
	unsigned all = (1u << n) - 1, free;
	int count = 0;

	if (columns == all)
		return 1;
	for (free = all & ~(columns | left | right); free; free &= free - 1) {
		unsigned bit = free & -free;

		count += queens(n, columns | bit, (left | bit) << 1, (right | bit) >> 1);
	}
	return count;
}

static int classify(int value)
{
	switch (value) {
	case 0: return 10;
	case 1: return 7;
	case 2: return -3;
	case 3: return 99;
	case 4: return classify(value - 2) * 2;
	case 5: return 1234;
	case 6: return 8;
	case 7: return -8;
	case 1000: return 1;
	case -5: return 2;
	default: return value * 5;
	}
}

static void *jump_buffer[5];

static int depth(int level)
{
	if (level == 20)
		__builtin_longjmp(jump_buffer, 1);
	return depth(level + 1) + level;
}

static int twice(int (*f)(int), int x)
{
	return f(f(x));
}

static int negate(int x)
{
	return -x;
}

static int odd(unsigned n);

static int even(unsigned n)
{
	return n == 0 ? 1 : odd(n - 1);
}

static int odd(unsigned n)
{
	return n == 0 ? 0 : even(n - 1);
}

void control_flow(void)
{
	static int (*const functions[])(int) = { classify, negate };
	static volatile int jumps;
	struct large large = { { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, { 1, 2 } };
	int i;

	for (i = 0; i < 4; i++)
		large = grow(large, twist(large.small, i));
	print("%d %d %d %d\n", large.values[0], large.values[8], large.small.a, large.small.b);
	print("%d %d\n", ackermann(2, 9), queens(7, 0, 0, 0));
	for (i = -6; i < 9; i++)
		print("%d ", classify(i));
	print("%d\n", classify(1000));
	for (i = 0; i < 8; i++)
		print("%d ", twice(functions[i & 1], i));
	print("\n%d %d\n", even(1000), odd(77));
	if (__builtin_setjmp(jump_buffer))
		jumps = jumps + 1;
	if (jumps < 3)
		depth(0);
	print("%d jumps\n", jumps);
}
