#include "runtime.h"

#define SLOTS 257
#define NODES 400

struct entry {
	uint32_t key;
	int value;
	uint8_t used;
};

struct node {
	struct node *left, *right;
	int key;
	unsigned count;
};

static struct entry slots[SLOTS];
static struct node nodes[NODES];
static unsigned node_count;

static struct entry *lookup(uint32_t key)
{
	uint32_t at = key * 2654435761u % SLOTS;

	while (slots[at].used && slots[at].key != key)
		at = at + 1 == SLOTS ? 0 : at + 1;
	return &slots[at];
}

static void insert(struct node **at, int key)
{
	while (*at) {
		if ((*at)->key == key) {
			(*at)->count++;
			return;
		}
		at = key < (*at)->key ? &(*at)->left : &(*at)->right;
	}
	*at = &nodes[node_count++];
	(*at)->key = key;
	(*at)->count = 1;
}

static unsigned walk(const struct node *node, unsigned hash)
{
	if (!node)
		return hash;
	hash = walk(node->left, hash);
	hash = hash * 33 + node->key * node->count;
	return walk(node->right, hash);
}

static int matrix(void)
{
	static int a[12][12], b[12][12], c[12][12];
	int i, j, k, trace = 0;

	for (i = 0; i < 12; i++)
		for (j = 0; j < 12; j++) {
			a[i][j] = i * 7 - j * 3;
			b[i][j] = (i ^ j) - 4;
		}
	for (i = 0; i < 12; i++)
		for (j = 0; j < 12; j++)
			for (c[i][j] = 0, k = 0; k < 12; k++)
				c[i][j] += a[i][k] * b[k][j];
	for (i = 0; i < 12; i++)
		trace = trace * 3 + c[i][11 - i];
	return trace;
}

void tables(void)
{
	struct node *root = 0;
	static uint8_t sieve[2000];
	unsigned i, j, primes = 0;

	seed_random(31337);
	for (i = 0; i < 200; i++) {
		uint32_t key = next_random() % 150;
		struct entry *entry = lookup(key);

		entry->key = key;
		entry->used = 1;
		entry->value += i;
	}
	for (i = 0; i < 150; i += 10)
		print("%u:%d ", i, lookup(i)->used ? lookup(i)->value : -1);
	for (i = 0; i < NODES; i++)
		insert(&root, (int)(next_random() % 600) - 300);
	print("\n%u nodes, %08x\n", node_count, walk(root, 5381));
	for (i = 2; i < sizeof(sieve); i++) {
		if (sieve[i])
			continue;
		primes++;
		for (j = i * 2; j < sizeof(sieve); j += i)
			sieve[j] = 1;
	}
	print("%u primes, trace %d\n", primes, matrix());
}
