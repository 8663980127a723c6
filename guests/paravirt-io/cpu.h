/* What the processor is, and its time-stamp counter. */
#ifndef CPU_H
#define CPU_H

#include <stdint.h>

/** Finds out; must come before the others. */
void cpu_init(void);

/** `GenuineIntel`, or "386 or 486" for a processor without CPUID. */
const char *cpu_vendor(void);

/** The processor has RDTSC. */
int cpu_has_tsc(void);

/** The time-stamp counter, or 0 without one. */
uint64_t cpu_cycles(void);

#endif
