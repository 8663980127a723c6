/* The local APIC (Intel SDM vol. 3, chapter 10), by MMIO or by the hypervisor's calls. */
#ifndef APIC_H
#define APIC_H

#include "kernel.h"

#define APIC_PHYSICAL 0xfee00000u
#define APIC_ID 0x20
#define APIC_LVR 0x30
#define APIC_TASKPRI 0x80
#define APIC_EOI 0xb0
#define APIC_SPIV 0xf0
#define APIC_ESR 0x280
#define APIC_LVTT 0x320
#define APIC_LVT0 0x350
#define APIC_LVT1 0x360
#define APIC_TMICT 0x380
#define APIC_TDCR 0x3e0
#define APIC_LVT_MASKED 0x10000
#define APIC_DM_EXTINT 0x700
#define APIC_DM_NMI 0x400
#define APIC_SPIV_ENABLED 0x100

void native_apic_write(u32 reg, u32 value);
u32 native_apic_read(u32 reg);

/** Turns the local APIC on with the 8259's interrupts passing by LINT0. @returns 0 where there is none */
int apic_init(void);
extern int apic_active;

#endif
