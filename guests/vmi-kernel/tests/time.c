/* Ticks, the VMI timer, the real-time clock, and sleep. */
#include "apic.h"
#include "cpu.h"
#include "drivers.h"
#include "irq.h"
#include "paravirt.h"
#include "sched.h"
#include "test.h"
#include "timer.h"
#include "vmi.h"

static u64 counter(int which)
{
	count_call(GetCycleCounter);
	return vmi_timer_ops.get_cycle_counter(which);
}

static void alarm(u32 flags, u64 expiry, u64 period)
{
	count_call(SetAlarm);
	vmi_timer_ops.set_alarm(flags, expiry, period);
}

static u32 cancel(u32 which)
{
	count_call(CancelAlarm);
	return vmi_timer_ops.cancel_alarm(which);
}

/* The alarms here go by tenths of a millisecond. */
#define UNITS_PER_SECOND 10000
/* A reading is an exit: not too many of them. */
#define SPINS_PER_READING 200

static volatile u32 alarms;

static void count_alarm(struct pt_regs *regs)
{
	(void)regs;
	alarms++;
}

static void spin_until(u64 time)
{
	while (counter(VMI_CYCLES_REAL) < time)
		for (volatile u32 spins = 0; spins < SPINS_PER_READING; spins++)
			;
}

/** The alarm by itself: one-shot, periodic, cancelled, in the past. */
static void alarms_of(u32 flags)
{
	count_call(GetCycleFrequency);
	u32 unit = (u32)vmi_timer_ops.get_cycle_frequency() / UNITS_PER_SECOND;

	alarms = 0;
	u64 start = counter(VMI_CYCLES_REAL);
	alarm(flags, start + 5 * unit, 0);
	spin_until(start + 4 * unit);
	check_equal("one-shot: not early", 0, alarms);
	spin_until(start + 20 * unit);
	check_equal("one-shot: once", 1, alarms);
	check_equal("one-shot: no longer armed", 0, cancel(VMI_CYCLES_REAL));
	alarm(flags, counter(VMI_CYCLES_REAL) - 1, 0);
	spin_until(counter(VMI_CYCLES_REAL) + unit);
	check_equal("in the past: at once", 2, alarms);
	alarm(flags, counter(VMI_CYCLES_REAL) + 5 * unit, 0);
	check_equal("cancel: was armed", 1, cancel(VMI_CYCLES_REAL));
	spin_until(counter(VMI_CYCLES_REAL) + 10 * unit);
	check_equal("cancelled: never", 2, alarms);
	start = counter(VMI_CYCLES_REAL);
	alarm(flags | VMI_ALARM_PERIODIC, start + 2 * unit, 2 * unit);
	spin_until(start + 21 * unit);
	check_equal("periodic", 12, alarms);
	alarm(flags | VMI_ALARM_PERIODIC, start + 24 * unit, 2 * unit);
	check_equal("periodic: set anew, cancelled", 1, cancel(VMI_CYCLES_REAL));
	u32 saved = local_irq_save();
	alarm(flags | VMI_ALARM_PERIODIC, counter(VMI_CYCLES_REAL) + unit, unit);
	spin_until(counter(VMI_CYCLES_REAL) + 10 * unit);
	u32 before = alarms;
	cancel(VMI_CYCLES_REAL);
	local_irq_restore(saved);
	check("late ticks collapse into one", alarms - before <= 1);
}

static void vmi_timer(void)
{
	u64 real = counter(VMI_CYCLES_REAL);
	check("counters: real is available and stolen", counter(VMI_CYCLES_AVAILABLE) + counter(VMI_CYCLES_STOLEN) >= real);
	check_equal("counters: unknown one", 0, (u32)counter(77));
	count_call(GetWallclockTime);
	check("wall clock: after 2001", vmi_timer_ops.get_wallclock() > 978307200ull * 1000000000);
	timer_stop();
	if (apic_active) {
		irq_set_vector(APIC_TIMER_VECTOR, count_alarm);
		alarms_of(VMI_ALARM_WIRED_LVTT);
	} else {
		irq_request(IRQ_TIMER, count_alarm);
		alarms_of(0);
	}
	time_init();
	time_use_apic();
}

void test_timer(void)
{
	u32 before = jiffies, interrupts = irq_counts[IRQ_TIMER] + irq_counts[IRQ_COUNT_APIC];

	wait_ticks(5);
	check("ticks", jiffies - before >= 5);
	check("each by an interrupt", irq_counts[IRQ_TIMER] + irq_counts[IRQ_COUNT_APIC] - interrupts >= 5);
	u64 start = sched_clock();
	wait_ticks(2);
	if (start)
		check("the clock goes on meanwhile", sched_clock() > start);
	before = jiffies;
	sleep_ticks(3);
	check("sleep", jiffies - before >= 3);
	if (vmi_timer_ops.get_cycle_frequency)
		vmi_timer();
	else
		skip("vmi timer", "not there");
	struct rtc_time first, second;
	check("rtc", rtc_read(&first) && rtc_read(&second));
	check("rtc: a time", second.month >= 1 && second.month <= 12 && second.hour < 24 && second.second < 60);
}

void test_idle(void)
{
	u32 stops = idle_stops, before = jiffies;

	sleep_ticks(20);
	check("slept", jiffies - before >= 20);
	if (vmi_timer_ops.get_cycle_frequency && !vmi.disable_noidle)
		check("ticks were stopped", idle_stops > stops);
	else
		check_equal("ticks went on", stops, idle_stops);
}

void test_apic(void)
{
	if (!apic_init()) {
		skip("all", "no local APIC");
		return;
	}
	check("version", (apic_read(APIC_LVR) & 0xff) >= 0x10);
	u32 id = apic_read(APIC_ID);
	check_equal("id of the first processor", 0, id >> 24);
	apic_write(APIC_TASKPRI, 0x10);
	check_equal("register keeps what is written", 0x10, apic_read(APIC_TASKPRI));
	apic_write(APIC_TASKPRI, 0);
	if (!vmi_timer_ops.get_cycle_frequency) {
		alarms = 0;
		irq_set_vector(APIC_TIMER_VECTOR, count_alarm);
		apic_write(APIC_TDCR, 0xb);
		apic_write(APIC_LVTT, APIC_TIMER_VECTOR);
		apic_write(APIC_TMICT, 1000);
		u32 before = jiffies;
		while (!alarms && jiffies - before < 20)
			safe_halt();
		apic_write(APIC_LVTT, APIC_LVT_MASKED | APIC_TIMER_VECTOR);
		check_equal("one-shot timer", 1, alarms);
		return;
	}
	time_use_apic();
	u32 before = irq_counts[IRQ_COUNT_APIC];
	wait_ticks(3);
	check("ticks by LVTT", irq_counts[IRQ_COUNT_APIC] - before >= 3);
	vmi_timer();
}
