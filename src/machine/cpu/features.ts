/**
 * Feature bits of CPUID leaf 1, EDX (Intel SDM vol. 2A, table 3-11). A model announces one exactly if the machine has
 * it; what belongs to power management is nowhere.
 */
export const FEATURE_FPU = 1 << 0;
export const FEATURE_VME = 1 << 1;
export const FEATURE_DE = 1 << 2;
export const FEATURE_PSE = 1 << 3;
export const FEATURE_TSC = 1 << 4;
export const FEATURE_MSR = 1 << 5;
export const FEATURE_PAE = 1 << 6;
export const FEATURE_MCE = 1 << 7;
export const FEATURE_CX8 = 1 << 8;
/** The local APIC: shown only while there is one and IA32_APIC_BASE has it enabled. */
export const FEATURE_APIC = 1 << 9;
export const FEATURE_SEP = 1 << 11;
export const FEATURE_MTRR = 1 << 12;
export const FEATURE_PGE = 1 << 13;
export const FEATURE_MCA = 1 << 14;
export const FEATURE_CMOV = 1 << 15;
export const FEATURE_PAT = 1 << 16;
/** Address bits 32-35 of 4 MiB pages. */
export const FEATURE_PSE36 = 1 << 17;
export const FEATURE_CLFLUSH = 1 << 19;
export const FEATURE_MMX = 1 << 23;
export const FEATURE_FXSR = 1 << 24;
export const FEATURE_SSE = 1 << 25;
export const FEATURE_SSE2 = 1 << 26;
