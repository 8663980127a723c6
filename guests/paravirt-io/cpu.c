#include "cpu.h"
#include "string.h"

#define EFLAGS_ID (1u << 21)
#define CPUID_TSC (1u << 4)		/* leaf 1, EDX */

static char vendor[13] = "386 or 486";
static int has_tsc;

/** EFLAGS.ID can be changed exactly where CPUID exists (Intel SDM vol. 1, section 20.1). */
static int has_cpuid(void)
{
	uint32_t before, after;

	asm volatile("pushfl\n\t"
		     "popl %0\n\t"
		     "movl %0, %1\n\t"
		     "xorl %2, %1\n\t"
		     "pushl %1\n\t"
		     "popfl\n\t"
		     "pushfl\n\t"
		     "popl %1\n\t"
		     "pushl %0\n\t"
		     "popfl"
		     : "=&r"(before), "=&r"(after)
		     : "i"(EFLAGS_ID)
		     : "cc");
	return ((before ^ after) & EFLAGS_ID) != 0;
}

static void cpuid(uint32_t leaf, uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
	asm volatile("cpuid" : "=a"(*a), "=b"(*b), "=c"(*c), "=d"(*d) : "a"(leaf), "c"(0));
}

void cpu_init(void)
{
	uint32_t leaves, b, c, d;

	if (!has_cpuid())
		return;
	cpuid(0, &leaves, &b, &c, &d);
	memcpy(vendor, &b, 4);
	memcpy(vendor + 4, &d, 4);
	memcpy(vendor + 8, &c, 4);
	vendor[12] = 0;
	if (leaves >= 1) {
		uint32_t signature;
		cpuid(1, &signature, &b, &c, &d);
		has_tsc = (d & CPUID_TSC) != 0;
	}
}

const char *cpu_vendor(void)
{
	return vendor;
}

int cpu_has_tsc(void)
{
	return has_tsc;
}

uint64_t cpu_cycles(void)
{
	uint64_t cycles = 0;

	if (has_tsc)
		asm volatile("rdtsc" : "=A"(cycles));
	return cycles;
}
