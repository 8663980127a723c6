/* Time: ticks from the PIT, or from the VMI timer where the hypervisor has one. */
#ifndef TIMER_H
#define TIMER_H

#include "kernel.h"

#define HZ 1000

extern volatile u32 jiffies;
/** "pit", "vmi-timer" or "vmi-timer, LVTT". */
extern const char *timer_name;

void time_init(void);
/** With the local APIC on: the alarm goes by LVTT instead of IRQ0. */
void time_use_apic(void);
/** The tick, from whichever interrupt. */
void timer_tick(int user);
/** Around the sleep of the idle task: the tick may stop meanwhile. Interrupts are off before it. */
void timer_idle_enter(void);
void timer_idle_leave(void);
/** Stops the tick and starts it again; a test wants the alarm for itself. */
void timer_stop(void);
void timer_start(void);
/** Cycles of whatever counter there is: available ones of VMI, or the TSC; 0 without either. */
u64 sched_clock(void);
/** Waits without giving the processor to another task. Interrupts must be on. */
void wait_ticks(u32 ticks);
/** How often the tick was stopped for idle. */
extern u32 idle_stops;

#endif
