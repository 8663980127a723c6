#include "runtime.h"

#define LIMBS 48

struct big {
	uint32_t limb[LIMBS];
};

static struct big from(uint32_t value)
{
	struct big b = { { value } };

	return b;
}

static struct big add(struct big a, const struct big *b)
{
	uint64_t carry = 0;
	int i;

	for (i = 0; i < LIMBS; i++) {
		carry += (uint64_t)a.limb[i] + b->limb[i];
		a.limb[i] = carry;
		carry >>= 32;
	}
	return a;
}

static struct big subtract(struct big a, const struct big *b)
{
	int64_t borrow = 0;
	int i;

	for (i = 0; i < LIMBS; i++) {
		borrow += (int64_t)a.limb[i] - b->limb[i];
		a.limb[i] = borrow;
		borrow >>= 32;
	}
	return a;
}

static struct big multiply(const struct big *a, const struct big *b)
{
	struct big result = from(0);
	int i, j;

	for (i = 0; i < LIMBS; i++) {
		uint64_t carry = 0;

		for (j = 0; i + j < LIMBS; j++) {
			carry += (uint64_t)a->limb[i] * b->limb[j] + result.limb[i + j];
			result.limb[i + j] = carry;
			carry >>= 32;
		}
	}
	return result;
}

static uint32_t divide(struct big *a, uint32_t divisor)
{
	uint64_t rest = 0;
	int i;

	for (i = LIMBS - 1; i >= 0; i--) {
		rest = rest << 32 | a->limb[i];
		a->limb[i] = rest / divisor;
		rest %= divisor;
	}
	return rest;
}

static void print_big(struct big a)
{
	char text[LIMBS * 10 + 1];
	char *at = text + sizeof(text);
	int i, more;

	*--at = 0;
	do {
		*--at = '0' + divide(&a, 10);
		for (more = 0, i = 0; i < LIMBS; i++)
			more |= a.limb[i] != 0;
	} while (more);
	print("%s\n", at);
}

void big_numbers(void)
{
	struct big product = from(1), a = from(0), b = from(1), square;
	uint32_t i;

	for (i = 2; i <= 150; i++) {
		struct big factor = from(i);

		product = multiply(&product, &factor);
	}
	print_big(product);
	for (i = 0; i < 1000; i++) {
		struct big next = add(a, &b);

		a = b;
		b = next;
	}
	print_big(a);
	square = multiply(&b, &b);
	print_big(subtract(square, &a));
	for (i = 3; i < 100000; i = i * 7 + 1)
		print("%u ", divide(&square, i));
	print("\n");
}
