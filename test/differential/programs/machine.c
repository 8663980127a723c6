/* A small stack machine with computed gotos, and code that the compiler would not write. */
#include "runtime.h"

enum { PUSH, ADD, SUB, MUL, DUP, SWAP, JNZ, LOAD, STORE, PRINT, STOP };

static int run(const int *code)
{
	static const void *const labels[] = { &&push, &&add, &&sub, &&mul, &&dup, &&swap, &&jnz, &&load, &&store, &&show, &&stop };
	int stack[32], *top = stack, memory[8] = { 0 }, ip = 0, steps = 0, a;

#define NEXT                                                                                                           \
	steps++;                                                                                                       \
	goto *labels[code[ip++]]
	NEXT;
push:
	*top++ = code[ip++];
	NEXT;
add:
	top--;
	top[-1] += *top;
	NEXT;
sub:
	top--;
	top[-1] -= *top;
	NEXT;
mul:
	top--;
	top[-1] = (unsigned)top[-1] * *top;
	NEXT;
dup:
	*top = top[-1];
	top++;
	NEXT;
swap:
	a = top[-1];
	top[-1] = top[-2];
	top[-2] = a;
	NEXT;
jnz:
	a = code[ip++];
	if (*--top)
		ip = a;
	NEXT;
load:
	*top++ = memory[code[ip++]];
	NEXT;
store:
	memory[code[ip++]] = *--top;
	NEXT;
show:
	print("%d ", *--top);
	NEXT;
stop:
	return steps;
}

/* BCD digits of a number below 10^8, by the decimal instructions. */
static unsigned decimal(unsigned value)
{
	unsigned digits = 0, bit;

	for (bit = 0; bit < 27; bit++) {
		unsigned i;
		uint8_t carry = value >> (26 - bit) & 1;

		for (i = 0; i < 4; i++) {
			uint8_t byte = digits >> (8 * i);

			asm("addb $-1, %1\n\tadcb %0, %0\n\tdaa\n\tsetc %1" : "+a"(byte), "+q"(carry) : : "cc");
			digits = (digits & ~(0xffu << (8 * i))) | (unsigned)byte << (8 * i);
		}
	}
	return digits;
}

static unsigned through_carry(unsigned value, unsigned count)
{
	asm("stc\n\trcll %%cl, %0\n\trcrw $3, %w0\n\tsetc %b1" : "+r"(value), "+c"(count) : : "cc");
	return value ^ count << 8;
}

static unsigned bits(unsigned *string, int at)
{
	unsigned old;

	asm("btsl %2, %1\n\tsbbl %0, %0" : "=r"(old), "+m"(*string) : "r"(at) : "cc", "memory");
	return old;
}

static unsigned frames(unsigned value)
{
	unsigned result;

	asm("pushal\n\tenter $16, $2\n\tmovl %1, -16(%%ebp)\n\tpushfl\n\tpopl %%ecx\n\tleave\n\tpopal\n\tleal 5(%1,%1,4), %0"
	    : "=r"(result) : "a"(value) : "cc", "memory");
	return result;
}

void machine(void)
{
	static const int program[] = {
		PUSH, 1, STORE, 0, PUSH, 12, STORE, 1,
		LOAD, 0, LOAD, 1, MUL, DUP, PRINT, STORE, 0,
		LOAD, 1, PUSH, 1, SUB, DUP, STORE, 1, JNZ, 8,
		PUSH, 3, PUSH, 4, SWAP, SUB, PRINT, LOAD, 0, PUSH, 7, ADD, PRINT, STOP,
	};
	unsigned string[4] = { 0, 0x80000000, 0, 1 };
	unsigned i;

	print("%d steps\n", run(program));
	print("%08x %08x %08x\n", decimal(0), decimal(12345678), decimal(99999999));
	for (i = 0; i < 40; i += 3)
		print("%08x ", through_carry(0x80000001u + i * 0x1234567, i));
	print("\n%d %d %d %d", bits(string + 2, -1), bits(string + 2, -33), bits(string, 96), bits(string, 40));
	print(" %08x %08x %08x %08x %u\n", string[0], string[1], string[2], string[3], frames(77));
}
