#include "string.h"

void *memcpy(void *to, const void *from, size_t size)
{
	void *start = to;
	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(size) : : "memory");
	return start;
}

void *memset(void *to, int byte, size_t size)
{
	void *start = to;
	asm volatile("rep stosb" : "+D"(to), "+c"(size) : "a"(byte) : "memory");
	return start;
}

int memcmp(const void *left, const void *right, size_t size)
{
	const unsigned char *l = left, *r = right;

	for (; size; size--, l++, r++)
		if (*l != *r)
			return *l - *r;
	return 0;
}

size_t strlen(const char *text)
{
	const char *end = text;

	while (*end)
		end++;
	return end - text;
}

int strcmp(const char *left, const char *right)
{
	while (*left && *left == *right)
		left++, right++;
	return (unsigned char)*left - (unsigned char)*right;
}
