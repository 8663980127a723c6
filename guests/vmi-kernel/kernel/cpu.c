/* What the processor can do: CPUID, first natively, later by the hypervisor. */
#include "cpu.h"
#include "paravirt.h"
#include "string.h"
#include "vmi.h"

#define EFLAGS_ID (1u << 21)

u32 cpu_features;
char cpu_vendor[13];
u32 cpu_family;

/** EFLAGS.ID can be changed exactly where CPUID exists (Intel SDM vol. 1, section 20.1). */
static int has_cpuid(void)
{
	u32 before, after;

	asm volatile("pushfl\n\tpopl %0\n\tmovl %0, %1\n\txorl %2, %1\n\tpushl %1\n\tpopfl\n\t"
		     "pushfl\n\tpopl %1\n\tpushl %0\n\tpopfl"
		     : "=&r"(before), "=&r"(after)
		     : "i"(EFLAGS_ID)
		     : "cc");
	return ((before ^ after) & EFLAGS_ID) != 0;
}

void cpu_detect(void)
{
	u32 leaves, a, b, c, d;

	if (!has_cpuid())
		panic("a processor with CPUID is needed (a Pentium)");
	cpuid(0, &leaves, &b, &c, &d);
	memcpy(cpu_vendor, &b, 4);
	memcpy(cpu_vendor + 4, &d, 4);
	memcpy(cpu_vendor + 8, &c, 4);
	cpuid(1, &a, &b, &c, &d);
	cpu_family = a >> 8 & 15;
	cpu_features = d;
}

u32 cpu_disabled_features(void)
{
	u32 disabled = 0;

	if (vmi.disable_pge)
		disabled |= FEATURE_PGE;
	if (vmi.disable_pse)
		disabled |= FEATURE_PSE;
	if (vmi.disable_sep)
		disabled |= FEATURE_SEP;
	if (vmi.disable_tsc)
		disabled |= FEATURE_TSC;
	if (vmi.disable_mtrr)
		disabled |= FEATURE_MTRR;
	return disabled;
}

void cpu_forbid_features(void)
{
	cpu_features &= ~cpu_disabled_features();
}
