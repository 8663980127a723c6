/* What the processor can do: CPUID, first natively, later by the hypervisor. */
#include "cpu.h"
#include "paravirt.h"
#include "string.h"
#include "vmi.h"

u32 cpu_features;
char cpu_vendor[13];
u32 cpu_family;

void cpu_detect(void)
{
	u32 leaves, a, b, c, d;

	if (!has_cpuid())
		panic("a Pentium is needed");
	cpuid(0, &leaves, &b, &c, &d);
	memcpy(cpu_vendor, &b, 4);
	memcpy(cpu_vendor + 4, &d, 4);
	memcpy(cpu_vendor + 8, &c, 4);
	cpuid(1, &a, &b, &c, &d);
	cpu_family = a >> 8 & 15;
	if (cpu_family < 5)
		panic("a Pentium is needed");
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
