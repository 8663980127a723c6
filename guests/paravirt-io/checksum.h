/* FNV-1a of 32 bits (Fowler, Noll, Vo), carried on from value to value. */
#ifndef CHECKSUM_H
#define CHECKSUM_H

#include <stdint.h>

#define CHECKSUM_START 2166136261u

static inline uint32_t checksum_add(uint32_t checksum, uint32_t value)
{
	return (checksum ^ value) * 16777619u;
}

static inline uint32_t checksum_add_bytes(uint32_t checksum, const char *bytes, unsigned length)
{
	for (unsigned i = 0; i < length; i++)
		checksum = checksum_add(checksum, (unsigned char)bytes[i]);
	return checksum;
}

#endif
