/* The processor: features, and the instructions that Linux executes raw. */
#ifndef CPU_H
#define CPU_H

#include "kernel.h"

/* CPUID leaf 1, EDX. */
#define FEATURE_PSE (1u << 3)
#define FEATURE_TSC (1u << 4)
#define FEATURE_PAE (1u << 6)
#define FEATURE_APIC (1u << 9)
#define FEATURE_SEP (1u << 11)
#define FEATURE_MTRR (1u << 12)
#define FEATURE_PGE (1u << 13)

#define MSR_MTRRCAP 0xfe
#define MSR_SYSENTER_CS 0x174
#define MSR_SYSENTER_ESP 0x175
#define MSR_SYSENTER_EIP 0x176

/** Features found, without those that vmi= options forbid. 0 without CPUID. */
extern u32 cpu_features;
extern char cpu_vendor[13];
extern u32 cpu_family;

/** Reads cpu_features; natively, before the hypervisor is there. */
void cpu_detect(void);
/** Takes away what vmi= options forbid. */
void cpu_forbid_features(void);
/** The features that vmi= options forbid. */
u32 cpu_disabled_features(void);

#define EFLAGS_ID (1u << 21)

/** EFLAGS.ID can be changed exactly where CPUID exists (Intel SDM vol. 1, section 20.1). Also runs before paging. */
static inline __attribute__((always_inline)) int has_cpuid(void)
{
	u32 before, after;

	asm volatile("pushfl\n\tpopl %0\n\tmovl %0, %1\n\txorl %2, %1\n\tpushl %1\n\tpopfl\n\t"
		     "pushfl\n\tpopl %1\n\tpushl %0\n\tpopfl"
		     : "=&r"(before), "=&r"(after)
		     : "i"(EFLAGS_ID)
		     : "cc");
	return ((before ^ after) & EFLAGS_ID) != 0;
}

static inline int cpu_has(u32 feature)
{
	return (cpu_features & feature) != 0;
}

static inline u32 current_cs(void)
{
	u32 selector;
	asm volatile("movl %%cs, %0" : "=r"(selector));
	return selector & 0xffff;
}

static inline u32 current_ss(void)
{
	u32 selector;
	asm volatile("movl %%ss, %0" : "=r"(selector));
	return selector & 0xffff;
}

static inline u64 rdmsr(u32 msr)
{
	u64 value;
	asm volatile("rdmsr" : "=A"(value) : "c"(msr));
	return value;
}

static inline void wrmsr(u32 msr, u64 value)
{
	asm volatile("wrmsr" : : "c"(msr), "A"(value) : "memory");
}

/** As rdmsr, but returns 0 where the register does not exist, by the exception table. */
int rdmsr_safe(u32 msr, u64 *value);
int wrmsr_safe(u32 msr, u64 value);

#endif
