#include "runtime.h"

#define COUNT 300

struct item {
	int32_t key;
	uint16_t order;
	char tag[6];
};

typedef int comparison(const void *, const void *);

static int by_key(const void *a, const void *b)
{
	const struct item *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

static int by_tag(const void *a, const void *b)
{
	return memcmp(((const struct item *)a)->tag, ((const struct item *)b)->tag, 6);
}

static void swap(char *a, char *b, size_t size)
{
	while (size--) {
		char c = *a;

		*a++ = *b;
		*b++ = c;
	}
}

static void quick(char *base, size_t count, size_t size, comparison *compare)
{
	size_t i, last = 0;

	if (count < 2)
		return;
	swap(base, base + count / 2 * size, size);
	for (i = 1; i < count; i++)
		if (compare(base + i * size, base) < 0)
			swap(base + ++last * size, base + i * size, size);
	swap(base, base + last * size, size);
	quick(base, last, size, compare);
	quick(base + (last + 1) * size, count - last - 1, size, compare);
}

static void heap(int32_t *values, int count)
{
	int start = count / 2, end = count;

	while (end > 1) {
		int root;

		if (start) {
			start--;
		} else {
			int32_t top = values[--end];

			values[end] = values[0];
			values[0] = top;
		}
		for (root = start; 2 * root + 1 < end;) {
			int child = 2 * root + 1;
			int32_t value;

			if (child + 1 < end && values[child] < values[child + 1])
				child++;
			if (values[root] >= values[child])
				break;
			value = values[root];
			values[root] = values[child];
			values[child] = value;
			root = child;
		}
	}
}

static void merge(int16_t *values, int16_t *spare, int count)
{
	int half = count / 2, i = 0, j = half, k;

	if (count < 2)
		return;
	merge(values, spare, half);
	merge(values + half, spare, count - half);
	for (k = 0; k < count; k++)
		spare[k] = j >= count || (i < half && values[i] <= values[j]) ? values[i++] : values[j++];
	memcpy(values, spare, count * sizeof(*values));
}

void sorting(void)
{
	static struct item items[COUNT];
	static int32_t words[COUNT];
	static int16_t halves[COUNT], spare[COUNT];
	uint32_t sum = 0;
	int i, j;

	seed_random(12345);
	for (i = 0; i < COUNT; i++) {
		items[i].key = next_random();
		items[i].order = i;
		for (j = 0; j < 6; j++)
			items[i].tag[j] = 'a' + next_random() % 26;
		words[i] = next_random();
		halves[i] = next_random();
	}
	quick((char *)items, COUNT, sizeof(items[0]), by_key);
	for (i = 0; i < COUNT; i += 37)
		print("%d %u %c%c\n", items[i].key, items[i].order, items[i].tag[0], items[i].tag[5]);
	quick((char *)items, COUNT, sizeof(items[0]), by_tag);
	for (i = 0; i < COUNT; i++)
		sum = sum * 31 + items[i].order;
	heap(words, COUNT);
	for (i = 0; i < COUNT; i++)
		sum = sum * 31 + words[i];
	merge(halves, spare, COUNT);
	for (i = 0; i < COUNT; i++)
		sum = sum * 31 + halves[i];
	print("%08x %d %d %d %d\n", sum, words[0], words[COUNT - 1], halves[0], halves[COUNT - 1]);
}
