#include "runtime.h"

static char *reverse(char *text)
{
	char *a = text, *b = text + strlen(text);

	while (a < --b) {
		char c = *a;

		*a++ = *b;
		*b = c;
	}
	return text;
}

static const char *find(const char *text, const char *part)
{
	for (; *text; text++) {
		size_t i = 0;

		while (part[i] && text[i] == part[i])
			i++;
		if (!part[i])
			return text;
	}
	return 0;
}

static int parse(const char *text, int base)
{
	int value = 0, sign = 1;

	if (*text == '-') {
		sign = -1;
		text++;
	}
	for (;; text++) {
		int digit = *text >= 'a' ? *text - 'a' + 10 : *text - '0';

		if (digit < 0 || digit >= base)
			return sign * value;
		value = value * base + digit;
	}
}

static unsigned distance(const char *a, const char *b)
{
	unsigned row[32], i, j, n = strlen(b);

	for (j = 0; j <= n; j++)
		row[j] = j;
	for (i = 0; a[i]; i++) {
		unsigned before = row[0]++;

		for (j = 1; j <= n; j++) {
			unsigned best = before + (a[i] != b[j - 1]);

			before = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

static int sum(int count, ...)
{
	va_list list, copy;
	int total = 0, i;

	va_start(list, count);
	va_copy(copy, list);
	for (i = 0; i < count; i++)
		total += va_arg(list, int);
	for (i = 0; i < count; i++)
		total = total * 3 + va_arg(copy, int);
	va_end(copy);
	va_end(list);
	return total;
}

/* The string instructions, as a compiler's library has them. */
static size_t length_by_scan(const char *text)
{
	size_t left = ~0u;

	asm("repne scasb" : "+D"(text), "+c"(left) : "a"(0) : "memory", "cc");
	return ~left - 1;
}

static int equal_by_compare(const void *a, const void *b, size_t bytes)
{
	uint8_t equal;

	asm("cmpl %%ecx, %%ecx\n\trepe cmpsb\n\tsete %0" : "=q"(equal), "+S"(a), "+D"(b), "+c"(bytes) : : "memory", "cc");
	return equal;
}

static void move_down(char *to, const char *from, size_t bytes)
{
	to += bytes - 1;
	from += bytes - 1;
	asm volatile("std\n\trep movsb\n\tcld" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory", "cc");
}

void strings(void)
{
	char text[] = "the quick brown fox jumps over the lazy dog";
	char other[64];
	const char *found;

	print("[%s] %u\n", reverse(text), (unsigned)strlen(text));
	reverse(text);
	found = find(text, "fox");
	print("%d %s\n", found ? (int)(found - text) : -1, find(text, "cat") ? "cat" : "none");
	print("%d %d %d\n", parse("-12345", 10), parse("7fffffff", 16), parse("-80000000", 16));
	print("%u %u\n", distance("kitten", "sitting"), distance("intention", "execution"));
	print("%d\n", sum(9, 1, -2, 3, -4, 5, -6, 7, -8, 0x7fffff));
	print("[%8d|%-8d|%08d|%x|%c|%%|%5s|%-5s|]\n", -42, -42, -42, 0xbeef, 'z', "ab", "cd");
	print("%lld %llu %llx\n", -9223372036854775807ll - 1, ~0ull, 0x123456789abcdefull);
	memcpy(other, text, sizeof(text));
	move_down(other + 4, other, 20);
	print("%s %u %d %d\n", other, (unsigned)length_by_scan(other), equal_by_compare(text, other, 4),
	      equal_by_compare(text, other, 20));
}
