/* The interrupt flag, whether it is the processor's or the hypervisor's. */
#include "irq.h"
#include "paravirt.h"
#include "test.h"
#include "timer.h"
#include "traps.h"
#include "vmi.h"

#define MOST_SPINS 20000000u
/* Some ticks, at any likely frequency. */
#define WAIT_CYCLES 3000000
#define SPINS_PER_READING 1000

/** Waits, with interrupts off, until the timer wants one. */
static int wait_for_request(void)
{
	for (u32 spins = 0; spins < MOST_SPINS; spins++)
		if (pic_requests() & 1)
			return 1;
	return 0;
}

/** An alarm by LVTT never shows in the 8259: time alone tells. */
static int wait_until_due(void)
{
	if (irq_counts[IRQ_COUNT_APIC] == 0)
		return wait_for_request();
	for (u64 start = sched_clock(); sched_clock() - start < WAIT_CYCLES;)
		for (volatile u32 spins = 0; spins < SPINS_PER_READING; spins++)
			;
	return 1;
}

static u32 ticks_delivered(void (*enable)(void))
{
	local_irq_disable();
	u32 before = jiffies;
	if (!wait_until_due() || jiffies != before)
		return -1u;
	enable();
	u32 after = jiffies;
	local_irq_enable();
	return after - before;
}

static void by_enable(void) { local_irq_enable(); asm volatile("nop"); }
static void by_restore(void) { local_irq_restore(0x200); asm volatile("nop"); }
static void by_restore_off(void) { local_irq_restore(0); }
static void by_halt(void) { safe_halt(); }

/** Only an interrupt's own frame shows the flag that the kernel had. */
static volatile u32 seen_flags;

static void note_flags(struct pt_regs *regs)
{
	seen_flags = regs->eflags;
}

static void frame_shows_flag(void)
{
	irq_set_vector(0x60, note_flags);
	local_irq_enable();
	asm volatile("int $0x60" : : : "memory");
	check_equal("flag in a frame: on", EFLAGS_IF, seen_flags & EFLAGS_IF);
	check("on after IRET", !irqs_disabled());
	local_irq_disable();
	asm volatile("int $0x60" : : : "memory");
	u32 off = seen_flags & EFLAGS_IF;
	int still_off = irqs_disabled();
	local_irq_enable();
	check_equal("flag in a frame: off", 0, off);
	check("off after IRET", still_off);
}

void test_interrupts(void)
{
	local_irq_disable();
	int off = irqs_disabled();
	u32 saved = local_save_flags();
	local_irq_enable();
	check("disabled", off);
	check_equal("flags tell it", 0, saved & 0x200);
	check("enabled", !irqs_disabled());
	u32 flags = local_irq_save();
	u32 inner = local_irq_save();
	local_irq_restore(inner);
	off = irqs_disabled();
	local_irq_restore(flags);
	check("nested saves: inner", off);
	check("nested saves: outer", !irqs_disabled());
	check_equal("pending is delivered by enable", 1, ticks_delivered(by_enable));
	check_equal("pending is delivered by restore", 1, ticks_delivered(by_restore));
	check_equal("and not by restore of off", 0, ticks_delivered(by_restore_off));
	check_equal("pending ends halt", 1, ticks_delivered(by_halt));
	u32 before = jiffies;
	safe_halt();
	check("halt sleeps until a tick", jiffies != before && !irqs_disabled());
	frame_shows_flag();
}
