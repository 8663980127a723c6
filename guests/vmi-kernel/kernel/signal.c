/* Signals, as far as they show the way to a handler and back: a frame on the user's stack, and IRET. */
#include "sched.h"

#define MINIMUM_SIGNAL 1

/** What the handler finds at ESP: its return address is the program's own call of sigreturn. */
struct signal_frame {
	u32 return_address;
	struct caught *fault_pointer;
	struct pt_regs *regs_pointer;
	struct caught fault;
	struct pt_regs regs;
};

extern const u8 user_sigreturn[];

void send_fault(u32 vector, u32 error_code, u32 address)
{
	struct pt_regs *regs = task_regs(current);

	current->fault = (struct caught){ vector, error_code, address, regs->eip, regs->eflags, regs->xcs };
	current->signal_pending = MINIMUM_SIGNAL;
}

int send_signal(int pid)
{
	struct task *task = find_task(pid);

	if (!task || !task->mm)
		return -1;
	task->fault = (struct caught){ .vector = -1u };
	task->signal_pending = MINIMUM_SIGNAL;
	if (task->state == TASK_SLEEPING)
		task->state = TASK_RUNNING;
	return 0;
}

void deliver_signal(struct pt_regs *regs)
{
	u32 at = (regs->esp - sizeof(struct signal_frame)) & ~15u;
	struct signal_frame frame = {
		.return_address = (u32)user_sigreturn,
		.fault_pointer = (void *)(at + offsetof(struct signal_frame, fault)),
		.regs_pointer = (void *)(at + offsetof(struct signal_frame, regs)),
		.fault = current->fault,
		.regs = *regs,
	};

	current->signal_pending = 0;
	if (!current->signal_handler || copy_to_user(at, &frame, sizeof(frame)))
		exit_task(-(int)current->fault.vector - 1);
	regs->esp = at;
	regs->eip = current->signal_handler;
	regs->eax = (u32)frame.fault_pointer;	/* regparm(3), too */
	regs->edx = (u32)frame.regs_pointer;
	regs->xcs = USER_CS;
	regs->xss = regs->xds = regs->xes = USER_DS;
	regs->eflags &= ~(EFLAGS_TF | EFLAGS_DF);
}

int sys_sigreturn(struct pt_regs *regs)
{
	struct pt_regs saved;
	const u32 kept = EFLAGS_IOPL | EFLAGS_VM | EFLAGS_NT | EFLAGS_IF;

	/* RET has popped the return address. */
	u32 at = regs->esp - 4 + offsetof(struct signal_frame, regs);
	if (copy_from_user(&saved, at, sizeof(saved)))
		exit_task(-1);
	saved.xcs |= 3;
	saved.xss |= 3;
	saved.eflags = (saved.eflags & ~kept) | (regs->eflags & kept);
	*regs = saved;
	regs->orig_eax = -1;
	return regs->eax;
}
