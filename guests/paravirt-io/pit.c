/*
 * The 8254 interval timer, 1193182 Hz. Channel 2 measures, its gate and output at port 0x61;
 * channel 0 interrupts by line 0.
 */
#include "interrupts.h"
#include "io.h"
#include "pic.h"
#include "workload.h"

/* Control words as in Intel's 8254 datasheet. */
#define CHANNEL0 0x40
#define CHANNEL2 0x42
#define CONTROL 0x43

#define CHANNEL0_RATE_GENERATOR 0x34	/* channel 0, low byte then high byte, mode 2, binary */
#define CHANNEL0_STOPPED 0x30		/* mode 0: once, then never again */
#define CHANNEL2_ONE_SHOT 0xb0		/* channel 2, low byte then high byte, mode 0, binary */
#define CHANNEL2_LATCH 0x80

#define SYSTEM_CONTROL_B 0x61
#define GATE2 0x01
#define SPEAKER 0x02
#define OUT2 0x20

#define TIMER_LINE 0
#define MILLISECOND 1193		/* counts */
#define LATCHES 1200
#define TICKS 16
#define OUT2_READS 1000000
#define FIRST_TICK_SPINS 20000000	/* many milliseconds on any processor */

static volatile unsigned ticks;

/** Loads channel 2 with @count; it counts down from now on, its output goes high at zero. */
static void channel2_start(unsigned count)
{
	unsigned char control = inb_p(SYSTEM_CONTROL_B);

	outb((control & ~SPEAKER) | GATE2, SYSTEM_CONTROL_B);
	outb_p(CHANNEL2_ONE_SHOT, CONTROL);
	outb_p(count & 0xff, CHANNEL2);
	outb_p(count >> 8, CHANNEL2);
}

static unsigned channel2_count(void)
{
	outb(CHANNEL2_LATCH, CONTROL);
	unsigned low = inb(CHANNEL2);
	return low | inb(CHANNEL2) << 8;
}

/** A latched count must be that of one moment: each is a little less than the one before. */
static void check_latches(struct outcome *outcome)
{
	channel2_start(0xffff);
	unsigned before = channel2_count(), first = before;

	for (unsigned i = 0; i < LATCHES && !failed(outcome); i++) {
		unsigned now = channel2_count();
		if (((before - now) & 0xffff) >= 0x8000)
			fail(outcome, "channel 2 counts up: %u, then %u", before, now);
		before = now;
	}
	if (!failed(outcome) && before == first)
		fail(outcome, "channel 2 stands still at %u", first);
}

/** Waits one millisecond by the output of channel 2. */
static void check_delay(struct outcome *outcome)
{
	channel2_start(MILLISECOND);
	if (inb(SYSTEM_CONTROL_B) & OUT2) {
		fail(outcome, "OUT2 is high at the start of a delay");
		return;
	}
	for (unsigned reads = 0; reads < OUT2_READS; reads++) {
		if (inb(SYSTEM_CONTROL_B) & OUT2)
			return;
		io_count_wait(IO_INB);
	}
	fail(outcome, "OUT2 never went high");
}

static void timer_interrupt(struct interrupt_frame *frame)
{
	(void)frame;
	if (++ticks == TICKS)
		pic_mask(TIMER_LINE);
	pic_end_of_interrupt(TIMER_LINE);
}

/** The processor sleeps from tick to tick, but only once a first tick has shown that they come. */
static int wait_for_tick(unsigned number)
{
	if (number == 1) {
		for (unsigned spins = 0; ticks < 1; spins++)
			if (spins == FIRST_TICK_SPINS)
				return 0;
		return 1;
	}
	for (;;) {
		interrupts_disable();
		if (ticks >= number)
			break;
		asm volatile("sti; hlt");	/* STI takes effect after HLT: no tick is missed in between */
	}
	interrupts_enable();
	return 1;
}

/** TICKS interrupts, a millisecond each; channel 2 measures from the first to the last. */
static void check_ticks(struct outcome *outcome)
{
	ticks = 0;
	interrupt_set_handler(IRQ_VECTOR + TIMER_LINE, timer_interrupt);
	outb_p(CHANNEL0_RATE_GENERATOR, CONTROL);
	outb_p(MILLISECOND & 0xff, CHANNEL0);
	outb(MILLISECOND >> 8, CHANNEL0);
	pic_unmask(TIMER_LINE);
	interrupts_enable();

	unsigned elapsed = 0;
	if (wait_for_tick(1)) {
		channel2_start(0xffff);
		wait_for_tick(TICKS);
		elapsed = 0xffff - channel2_count();
	}
	interrupts_disable();
	outb_p(CHANNEL0_STOPPED, CONTROL);

	if (ticks == 0) {
		pic_mask(TIMER_LINE);
		fail(outcome, "no interrupt from channel 0");
	} else if (elapsed < (TICKS - 2) * MILLISECOND) {
		fail(outcome, "%u ticks in %u counts: too fast", TICKS, elapsed);
	}
}

static void run(struct outcome *outcome)
{
	check_latches(outcome);
	if (!failed(outcome))
		check_delay(outcome);
	if (!failed(outcome))
		check_ticks(outcome);
}

const struct workload pit_workload = { "pit", run };
