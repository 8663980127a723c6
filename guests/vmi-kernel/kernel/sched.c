/* Round robin. The kernel is not preempted: tasks change where one sleeps, ends, or returns to user mode. */
#include "sched.h"
#include "paravirt.h"
#include "timer.h"

struct task init_task;
struct task *current = &init_task;
int need_resched;
u32 context_switches, preemptions;

extern struct task tasks[MAX_TASKS];
void switch_stacks(u32 *previous_esp, u32 next_esp);	/* entry.S */

static struct task *pick_next(void)
{
	u32 start = current == &init_task ? 0 : current - tasks;

	for (u32 i = 1; i <= MAX_TASKS; i++) {
		struct task *task = &tasks[(start + i) % MAX_TASKS];
		if (task->state == TASK_RUNNING)
			return task;
	}
	return &init_task;
}

unsigned runnable_tasks(void)
{
	unsigned count = 0;

	for (u32 i = 0; i < MAX_TASKS; i++)
		count += tasks[i].state == TASK_RUNNING;
	return count;
}

/** As switch_mm(): a kernel thread goes on in the address space that is loaded. */
static void switch_mm(struct task *next)
{
	static struct mm *loaded = &init_mm;
	struct mm *wanted = next->mm ? next->mm : &init_mm;

	if (wanted != loaded)
		write_cr3(wanted->cr3);
	loaded = wanted;
}

/** Interrupts are off from the choice to the end of the switch. */
void schedule(void)
{
	u32 flags = local_irq_save();
	struct task *previous = current, *next = pick_next();

	need_resched = 0;
	next->ticks_left = QUANTUM_TICKS;
	if (next != previous) {
		context_switches++;
		next->switches++;
		set_lazy_mode(LAZY_CPU);
		switch_mm(next);
		switch_cpu_state(previous, next);
		current = next;
		set_lazy_mode(LAZY_NONE);
		switch_stacks(&previous->esp, next->esp);
	}
	local_irq_restore(flags);
}

/** The first that a new task does, on the way out of its first switch. */
void schedule_tail(void)
{
	local_irq_enable();
}

void scheduler_tick(int user)
{
	for (u32 i = 0; i < MAX_TASKS; i++) {
		struct task *task = &tasks[i];
		if (task->state == TASK_SLEEPING && (int)(jiffies - task->wake_at) >= 0) {
			task->state = TASK_RUNNING;
			need_resched = 1;
		}
	}
	if (current == &init_task) {
		need_resched |= runnable_tasks() != 0;
		return;
	}
	if (current->ticks_left && --current->ticks_left == 0) {
		need_resched = 1;
		preemptions += user;
	}
}

void sleep_ticks(u32 ticks)
{
	u32 flags = local_irq_save();

	current->wake_at = jiffies + ticks;
	current->state = TASK_SLEEPING;
	schedule();
	local_irq_restore(flags);
}

void idle_loop(void)
{
	for (;;) {
		local_irq_disable();
		if (need_resched || runnable_tasks()) {
			local_irq_enable();
			schedule();
		} else {
			timer_idle_enter();
			safe_halt();
			timer_idle_leave();
		}
	}
}

/** Last stop before user mode, interrupts off. @returns 1 if the frame has changed: only IRET will do */
int prepare_for_user(struct pt_regs *regs)
{
	int changed = 0;

	while (need_resched || current->signal_pending) {
		if (need_resched) {
			schedule();
			continue;
		}
		local_irq_enable();
		deliver_signal(regs);
		changed = 1;
		local_irq_disable();
	}
	return changed;
}
