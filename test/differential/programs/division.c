/* The helpers that compilers call for 64-bit division on a 32-bit machine, by DIV where the quotient's halves fit. */
#include "runtime.h"

uint64_t __udivmoddi4(uint64_t a, uint64_t b, uint64_t *rest);
uint64_t __udivdi3(uint64_t a, uint64_t b);
uint64_t __umoddi3(uint64_t a, uint64_t b);
int64_t __divdi3(int64_t a, int64_t b);
int64_t __moddi3(int64_t a, int64_t b);

uint64_t __udivmoddi4(uint64_t a, uint64_t b, uint64_t *rest)
{
	uint64_t quotient = 0, remainder = 0;
	int i;

	if (!(b >> 32)) {
		uint32_t divisor = b, high = a >> 32, low = a, r = 0, qh, ql;

		asm("divl %4" : "=a"(qh), "=d"(r) : "0"(high), "1"(r), "rm"(divisor) : "cc");
		asm("divl %4" : "=a"(ql), "=d"(r) : "0"(low), "1"(r), "rm"(divisor) : "cc");
		if (rest)
			*rest = r;
		return (uint64_t)qh << 32 | ql;
	}
	for (i = 63; i >= 0; i--) {
		remainder = remainder << 1 | (a >> i & 1);
		if (remainder >= b) {
			remainder -= b;
			quotient |= 1ull << i;
		}
	}
	if (rest)
		*rest = remainder;
	return quotient;
}

uint64_t __udivdi3(uint64_t a, uint64_t b)
{
	return __udivmoddi4(a, b, 0);
}

uint64_t __umoddi3(uint64_t a, uint64_t b)
{
	uint64_t rest;

	__udivmoddi4(a, b, &rest);
	return rest;
}

int64_t __divdi3(int64_t a, int64_t b)
{
	uint64_t quotient = __udivdi3(a < 0 ? -(uint64_t)a : (uint64_t)a, b < 0 ? -(uint64_t)b : (uint64_t)b);

	return (a < 0) != (b < 0) ? -quotient : quotient;
}

int64_t __moddi3(int64_t a, int64_t b)
{
	uint64_t rest = __umoddi3(a < 0 ? -(uint64_t)a : (uint64_t)a, b < 0 ? -(uint64_t)b : (uint64_t)b);

	return a < 0 ? -rest : rest;
}
