/* What programs are made of: trees, hash tables, heaps, lists, an allocator, text that is parsed. */
#include "runtime.h"

struct node {
	struct node *left, *right;
	uint32_t key;
	int height;
};

static struct node pool[600];
static int used;

static int height_of(struct node *node)
{
	return node ? node->height : 0;
}

static void measure(struct node *node)
{
	int left = height_of(node->left), right = height_of(node->right);

	node->height = (left > right ? left : right) + 1;
}

static struct node *turn_right(struct node *node)
{
	struct node *top = node->left;

	node->left = top->right;
	top->right = node;
	measure(node);
	measure(top);
	return top;
}

static struct node *turn_left(struct node *node)
{
	struct node *top = node->right;

	node->right = top->left;
	top->left = node;
	measure(node);
	measure(top);
	return top;
}

static struct node *insert(struct node *node, uint32_t key)
{
	int balance;

	if (!node) {
		node = &pool[used++];
		node->left = node->right = 0;
		node->key = key;
		node->height = 1;
		return node;
	}
	if (key < node->key)
		node->left = insert(node->left, key);
	else if (key > node->key)
		node->right = insert(node->right, key);
	measure(node);
	balance = height_of(node->left) - height_of(node->right);
	if (balance > 1) {
		if (height_of(node->left->left) < height_of(node->left->right))
			node->left = turn_left(node->left);
		return turn_right(node);
	}
	if (balance < -1) {
		if (height_of(node->right->right) < height_of(node->right->left))
			node->right = turn_right(node->right);
		return turn_left(node);
	}
	return node;
}

static uint32_t walk(struct node *node, uint32_t sum)
{
	if (!node)
		return sum;
	return walk(node->right, walk(node->left, sum) * 31 + node->key);
}

void trees(void)
{
	struct node *root = 0;
	int i;

	seed_random(66);
	for (i = 0; i < 600; i++)
		root = insert(root, next_random() % 5000);
	print("%d nodes, height %d, %08x\n", used, root->height, walk(root, 0));
}

#define BUCKETS 64

struct entry {
	struct entry *next;
	char name[12];
	int count;
};

void hash_table(void)
{
	static struct entry entries[400], *buckets[BUCKETS];
	int filled = 0, longest = 0, i, j;
	uint32_t sum = 0;

	seed_random(77);
	for (i = 0; i < 3000; i++) {
		char name[12] = { 0 };
		uint32_t hash = 2166136261u, r = next_random() % 400;
		struct entry *entry;

		for (j = 0; j < 6; j++)
			name[j] = 'a' + (r * (j + 3) >> j) % 26;
		for (j = 0; name[j]; j++)
			hash = (hash ^ (uint8_t)name[j]) * 16777619;
		for (entry = buckets[hash % BUCKETS]; entry; entry = entry->next)
			if (memcmp(entry->name, name, sizeof(name)) == 0)
				break;
		if (!entry) {
			entry = &entries[filled++];
			memcpy(entry->name, name, sizeof(name));
			entry->next = buckets[hash % BUCKETS];
			buckets[hash % BUCKETS] = entry;
		}
		entry->count++;
	}
	for (i = 0; i < BUCKETS; i++) {
		struct entry *entry;
		int length = 0;

		for (entry = buckets[i]; entry; entry = entry->next, length++)
			sum = sum * 37 + entry->count * entry->name[length % 6];
		if (length > longest)
			longest = length;
	}
	print("%d names, longest list %d, %08x\n", filled, longest, sum);
}

static uint8_t arena[8192] __attribute__((aligned(16)));

struct block {
	uint32_t size;
	uint32_t is_free;
};

static void *take(uint32_t bytes)
{
	struct block *block = (struct block *)arena;

	bytes = (bytes + 7) & ~7u;
	while ((uint8_t *)block < arena + sizeof(arena)) {
		if (block->is_free && block->size >= bytes) {
			if (block->size >= bytes + 24) {
				struct block *rest = (struct block *)((uint8_t *)(block + 1) + bytes);

				rest->size = block->size - bytes - sizeof(*rest);
				rest->is_free = 1;
				block->size = bytes;
			}
			block->is_free = 0;
			return block + 1;
		}
		block = (struct block *)((uint8_t *)(block + 1) + block->size);
	}
	return 0;
}

static void give_back(void *memory)
{
	struct block *block = (struct block *)arena;

	((struct block *)memory - 1)->is_free = 1;
	for (;;) {
		struct block *next = (struct block *)((uint8_t *)(block + 1) + block->size);

		if ((uint8_t *)next >= arena + sizeof(arena))
			return;
		if (block->is_free && next->is_free)
			block->size += next->size + sizeof(*next);
		else
			block = next;
	}
}

void allocator(void)
{
	static void *held[40];
	uint32_t sum = 0, failed = 0;
	int i;

	((struct block *)arena)->size = sizeof(arena) - sizeof(struct block);
	((struct block *)arena)->is_free = 1;
	seed_random(88);
	for (i = 0; i < 4000; i++) {
		int slot = next_random() % 40;

		if (held[slot]) {
			give_back(held[slot]);
			held[slot] = 0;
			continue;
		}
		held[slot] = take(next_random() % 500);
		if (!held[slot])
			failed++;
		sum = sum * 33 + (held[slot] ? (uint32_t)((uint8_t *)held[slot] - arena) : 7);
	}
	print("%u failed, %08x\n", failed, sum);
}

void priority_queue(void)
{
	static int32_t heap[257];
	int count = 0, i;
	uint32_t sum = 0;

	seed_random(99);
	for (i = 0; i < 3000; i++) {
		int at, child;

		if (count < 256 && (count == 0 || next_random() & 1)) {
			int32_t value = next_random() >> 4;

			for (at = ++count; at > 1 && heap[at / 2] > value; at /= 2)
				heap[at] = heap[at / 2];
			heap[at] = value;
			continue;
		}
		sum = sum * 65599 + heap[1];
		for (at = 1; (child = at * 2) <= count; at = child) {
			if (child < count && heap[child + 1] < heap[child])
				child++;
			if (heap[count] <= heap[child])
				break;
			heap[at] = heap[child];
		}
		heap[at] = heap[count--];
	}
	print("%d left, %08x\n", count, sum);
}

static const char *cursor;

static int32_t expression(int level);

static int32_t primary(void)
{
	int32_t value = 0;

	while (*cursor == ' ')
		cursor++;
	if (*cursor == '-') {
		cursor++;
		return -(uint32_t)primary();
	}
	if (*cursor == '(') {
		cursor++;
		value = expression(0);
		cursor++;
		return value;
	}
	for (; *cursor >= '0' && *cursor <= '9'; cursor++)
		value = value * 10 + *cursor - '0';
	return value;
}

static int level_of(char c)
{
	return c == '|' ? 1 : c == '&' ? 2 : c == '+' || c == '-' ? 3 : c == '*' || c == '/' || c == '%' ? 4 : 0;
}

static int32_t expression(int level)
{
	int32_t left = primary();

	for (;;) {
		char operator;
		int32_t right;

		while (*cursor == ' ')
			cursor++;
		operator = *cursor;
		if (level_of(operator) <= level)
			return left;
		cursor++;
		right = expression(level_of(operator));
		switch (operator) {
		case '+':
			left = (uint32_t)left + right;
			break;
		case '-':
			left = (uint32_t)left - right;
			break;
		case '*':
			left = (uint32_t)left * right;
			break;
		case '/':
			left = right ? left / right : 0;
			break;
		case '%':
			left = right ? left % right : 0;
			break;
		case '&':
			left &= right;
			break;
		default:
			left |= right;
		}
	}
}

static int matches(const char *pattern, const char *text)
{
	if (!*pattern)
		return !*text;
	if (pattern[1] == '*') {
		do {
			if (matches(pattern + 2, text))
				return 1;
		} while (*text && (*text++ == *pattern || *pattern == '.'));
		return 0;
	}
	return *text && (*pattern == '.' || *pattern == *text) && matches(pattern + 1, text + 1);
}

void parsing(void)
{
	static const char *const expressions[] = { "1 + 2 * 3", "(1+2)*-3", "1000000*1000000/7 % 1000", "7-5-1 | 8 & 12",
						   "-(4 - 10) * (2 + (3 * (4 - 1)))", "2147483647 + 1" };
	static const char *const patterns[] = { "a*b", ".*c.", "x*y*z*", "ab.*ba" };
	static const char *const texts[] = { "aaab", "abcde", "", "xxyzz", "abba", "abcdba" };
	size_t i, j;

	for (i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
		cursor = expressions[i];
		print("%s = %d\n", expressions[i], expression(0));
	}
	for (i = 0; i < 4; i++)
		for (j = 0; j < 6; j++)
			print("%d%c", matches(patterns[i], texts[j]), j == 5 ? '\n' : ' ');
}
