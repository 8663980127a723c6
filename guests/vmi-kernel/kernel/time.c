/*
 * The tick. With the VMI timer as Linux's vmiclock_32.c: the PIT is stopped, alarms of the real counter
 * come on IRQ0, or on the local APIC's LVTT once that is in use.
 */
#include "timer.h"
#include "apic.h"
#include "cpu.h"
#include "io.h"
#include "irq.h"
#include "paravirt.h"
#include "sched.h"
#include "vmi.h"

#define PIT_CHANNEL0 0x40
#define PIT_COMMAND 0x43
#define PIT_HERTZ 1193182u
#define PIT_MODE2_WORD 0x34
/* Channel 0, word, mode 5: it waits for a gate that never comes (Linux's vmiclock). */
#define PIT_STOP 0x3a

volatile u32 jiffies;
const char *timer_name;
u32 idle_stops;

static u32 wiring;
static u64 cycles_per_tick, next_tick;
static int stopped_for_idle;

static u64 vmi_counter(int which)
{
	count_call(GetCycleCounter);
	return vmi_timer_ops.get_cycle_counter(which);
}

static void set_alarm(u32 flags, u64 expiry, u64 period)
{
	count_call(SetAlarm);
	vmi_timer_ops.set_alarm(flags, expiry, period);
}

static int uses_vmi(void)
{
	return vmi_timer_ops.get_cycle_frequency != NULL;
}

/** A 64-bit quotient by a small divisor, without the compiler's library. */
static u64 divide(u64 value, u32 divisor)
{
	u32 high = value >> 32, low = value, remainder = 0;

	asm("divl %2" : "+a"(high), "+d"(remainder) : "rm"(divisor));
	asm("divl %2" : "+a"(low), "+d"(remainder) : "rm"(divisor));
	return (u64)high << 32 | low;
}

void timer_tick(int user)
{
	jiffies++;
	scheduler_tick(user);
}

static void timer_interrupt(struct pt_regs *regs)
{
	timer_tick(user_mode(regs));
}

static void pit_program(void)
{
	u32 divisor = (PIT_HERTZ + HZ / 2) / HZ;

	outb_p(PIT_MODE2_WORD, PIT_COMMAND);
	outb_p(divisor & 0xff, PIT_CHANNEL0);
	outb(divisor >> 8, PIT_CHANNEL0);
}

void timer_start(void)
{
	if (uses_vmi()) {
		next_tick = vmi_counter(VMI_CYCLES_REAL) + cycles_per_tick;
		set_alarm(VMI_ALARM_PERIODIC | wiring | VMI_CYCLES_REAL, next_tick, cycles_per_tick);
	} else {
		pit_program();
	}
}

void timer_stop(void)
{
	if (uses_vmi()) {
		count_call(CancelAlarm);
		vmi_timer_ops.cancel_alarm(VMI_CYCLES_REAL);
	} else {
		outb_p(PIT_STOP, PIT_COMMAND);
	}
}

void time_init(void)
{
	if (uses_vmi()) {
		count_call(GetCycleFrequency);
		cycles_per_tick = divide(vmi_timer_ops.get_cycle_frequency(), HZ);
		outb_p(PIT_STOP, PIT_COMMAND);
		timer_name = "vmi-timer";
	} else {
		timer_name = "pit";
	}
	irq_request(IRQ_TIMER, timer_interrupt);
	timer_start();
}

void time_use_apic(void)
{
	if (!uses_vmi() || !apic_active)
		return;
	u32 flags = local_irq_save();
	timer_stop();
	irq_set_vector(APIC_TIMER_VECTOR, timer_interrupt);
	apic_write(APIC_LVTT, APIC_TIMER_VECTOR);
	wiring = VMI_ALARM_WIRED_LVTT;
	timer_name = "vmi-timer, LVTT";
	timer_start();
	local_irq_restore(flags);
}

/** The next sleeper's tick, or a second from now. */
static u32 ticks_until_wakeup(void)
{
	extern struct task tasks[MAX_TASKS];
	u32 nearest = HZ;

	for (u32 i = 0; i < MAX_TASKS; i++) {
		u32 left = tasks[i].wake_at - jiffies;
		if (tasks[i].state == TASK_SLEEPING && left < nearest)
			nearest = left;
	}
	return nearest ? nearest : 1;
}

/** As NO_IDLE_HZ: one alarm for the next event in place of ticks; vmi=disable_noidle keeps the ticks. */
void timer_idle_enter(void)
{
	if (!uses_vmi() || vmi.disable_noidle)
		return;
	u32 ticks = ticks_until_wakeup();
	if (ticks < 2)
		return;
	idle_stops++;
	stopped_for_idle = 1;
	next_tick = vmi_counter(VMI_CYCLES_REAL);
	set_alarm(wiring | VMI_CYCLES_REAL, next_tick + ticks * cycles_per_tick, 0);
}

/** Another interrupt may have come before: as many ticks as have passed. */
void timer_idle_leave(void)
{
	u32 flags = local_irq_save();

	if (stopped_for_idle) {
		stopped_for_idle = 0;
		u64 now = vmi_counter(VMI_CYCLES_REAL);
		/* The alarm itself has counted one. */
		for (next_tick += 2 * cycles_per_tick; next_tick <= now; next_tick += cycles_per_tick)
			timer_tick(0);
		timer_start();
	}
	local_irq_restore(flags);
}

u64 sched_clock(void)
{
	if (uses_vmi())
		return vmi_counter(VMI_CYCLES_AVAILABLE);
	return cpu_has(FEATURE_TSC) ? read_tsc() : 0;
}

void wait_ticks(u32 ticks)
{
	u32 start = jiffies;

	while (jiffies - start < ticks)
		safe_halt();
}
