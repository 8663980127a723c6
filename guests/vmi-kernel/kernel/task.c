/* Tasks: made, copied, ended, waited for. */
#include "sched.h"
#include "paravirt.h"
#include "string.h"

struct task tasks[MAX_TASKS];
static int next_pid = 1;

extern const u8 ret_from_fork[], kernel_thread_start[], user_entry[], user_start[], user_data_start[], user_end[];

/** What switch_stacks() pops, and where it returns to. */
struct switch_frame {
	u32 edi, esi, ebx, ebp, eip;
};

struct pt_regs *task_regs(struct task *task)
{
	return (struct pt_regs *)(task->stack + KERNEL_STACK_BYTES) - 1;
}

static struct task *new_task(void)
{
	for (u32 i = 0; i < MAX_TASKS; i++) {
		struct task *task = &tasks[i];
		if (task->state != TASK_FREE)
			continue;
		memset(task, 0, sizeof(*task));
		task->pid = next_pid++;
		task->parent = current;
		task->stack = alloc_pages(KERNEL_STACK_BYTES / PAGE_SIZE);
		task->esp0 = (u32)task->stack + KERNEL_STACK_BYTES;
		task->sysenter_cs = KERNEL_CS;
		return task;
	}
	panic("too many tasks");
}

static void start_at(struct task *task, void *top, const void *eip, u32 ebx, u32 edi)
{
	struct switch_frame *frame = (struct switch_frame *)top - 1;

	*frame = (struct switch_frame){ .edi = edi, .ebx = ebx, .eip = (u32)eip };
	task->esp = (u32)frame;
	task->state = TASK_RUNNING;
}

struct task *kernel_thread(void (*function)(void *), void *argument)
{
	struct task *task = new_task();

	start_at(task, (void *)task->esp0, kernel_thread_start, (u32)function, (u32)argument);
	return task;
}

struct task *user_task(u32 program, u32 argument)
{
	struct task *task = new_task();
	struct pt_regs *regs = task_regs(task);

	task->mm = mm_create();
	mm_add_vma(task->mm, (u32)user_start, (u32)user_data_start, 0, 1);
	mm_add_vma(task->mm, (u32)user_data_start, (u32)user_end, 1, 1);
	mm_add_vma(task->mm, USER_HEAP, USER_HEAP_END, 1, 0);
	mm_add_vma(task->mm, USER_STACK_TOP - USER_STACK_BYTES, USER_STACK_TOP, 1, 0);
	mm_add_vma(task->mm, PAGE_SIZE, USER_LOW_END, 1, 0);
	*regs = (struct pt_regs){
		.eax = argument,
		.xds = USER_DS,
		.xes = USER_DS,
		.orig_eax = -1,
		.edx = program,
		.eip = (u32)user_entry,
		.xcs = USER_CS,
		.eflags = EFLAGS_IF | 2,
		.esp = USER_STACK_TOP,
		.xss = USER_DS,
	};
	start_at(task, regs, ret_from_fork, 0, 0);
	return task;
}

int fork_task(const struct pt_regs *regs)
{
	struct task *child = new_task();

	child->mm = mm_fork(current->mm);
	copy_cpu_state(child, current);
	child->signal_handler = current->signal_handler;
	*task_regs(child) = *regs;
	task_regs(child)->eax = 0;
	start_at(child, task_regs(child), ret_from_fork, 0, 0);
	return child->pid;
}

void exit_task(int code)
{
	local_irq_disable();
	free_cpu_state(current);
	for (u32 i = 0; i < MAX_TASKS; i++)
		if (tasks[i].parent == current)
			tasks[i].parent = &init_task;
	current->exit_code = code;
	current->state = TASK_ZOMBIE;
	if (current->parent->state == TASK_WAITING)
		current->parent->state = TASK_RUNNING;
	schedule();
	panic("a dead task runs");
}

static void bury(struct task *task)
{
	if (task->mm)
		mm_destroy(task->mm);
	free_pages(task->stack, KERNEL_STACK_BYTES / PAGE_SIZE);
	task->state = TASK_FREE;
}

int wait_task(int pid, int *code)
{
	for (;;) {
		int children = 0;
		u32 flags = local_irq_save();
		for (u32 i = 0; i < MAX_TASKS; i++) {
			struct task *task = &tasks[i];
			if (task->state == TASK_FREE || task->parent != current || (pid != -1 && task->pid != pid))
				continue;
			children++;
			if (task->state != TASK_ZOMBIE)
				continue;
			local_irq_restore(flags);
			int ended = task->pid;
			*code = task->exit_code;
			bury(task);
			return ended;
		}
		if (children) {
			current->state = TASK_WAITING;
			schedule();
		}
		local_irq_restore(flags);
		if (!children)
			return -1;
	}
}

struct task *find_task(int pid)
{
	for (u32 i = 0; i < MAX_TASKS; i++)
		if (tasks[i].state != TASK_FREE && tasks[i].pid == pid)
			return &tasks[i];
	return NULL;
}
