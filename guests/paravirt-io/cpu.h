/* What the processor is, and its time-stamp counter. */
#ifndef CPU_H
#define CPU_H

#include <stdint.h>

/** What CPUID answers. */
struct cpuid {
	uint32_t eax, ebx, ecx, edx;
};

/** CPUID with this leaf. Returns 0 where the processor has no CPUID. */
int cpu_id(uint32_t leaf, struct cpuid *answer);

/** Finds out; must come before the others. */
void cpu_init(void);

/** `GenuineIntel`, or "386 or 486" for a processor without CPUID. */
const char *cpu_vendor(void);

/** The processor has RDTSC. */
int cpu_has_tsc(void);

/** The time-stamp counter, or 0 without one. */
uint64_t cpu_cycles(void);

#endif
