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

int cpu_id(uint32_t leaf, struct cpuid *answer)
{
	if (!has_cpuid())
		return 0;
	asm volatile("cpuid"
		     : "=a"(answer->eax), "=b"(answer->ebx), "=c"(answer->ecx), "=d"(answer->edx)
		     : "a"(leaf), "c"(0));
	return 1;
}

void cpu_init(void)
{
	struct cpuid found;

	if (!cpu_id(0, &found))
		return;
	memcpy(vendor, &found.ebx, 4);
	memcpy(vendor + 4, &found.edx, 4);
	memcpy(vendor + 8, &found.ecx, 4);
	vendor[12] = 0;
	if (found.eax >= 1) {
		cpu_id(1, &found);
		has_tsc = (found.edx & CPUID_TSC) != 0;
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
