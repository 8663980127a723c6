/* System calls of the user programs. */
#include "syscall.h"
#include "cpu.h"
#include "drivers.h"
#include "io.h"
#include "sched.h"
#include "test.h"

static int sys_exit(struct pt_regs *regs) { exit_task(regs->ebx); }
static int sys_fork(struct pt_regs *regs) { return fork_task(regs); }
static int sys_getpid(struct pt_regs *regs) { (void)regs; return current->pid; }
static int sys_kill(struct pt_regs *regs) { return send_signal(regs->ebx); }
static int sys_iopl_call(struct pt_regs *regs) { return sys_iopl(regs, regs->ebx); }
static int sys_ioperm_call(struct pt_regs *regs) { return sys_ioperm(regs->ebx, regs->ecx, regs->edx); }
static int sys_vm86_call(struct pt_regs *regs) { return sys_vm86(regs->ebx); }
static int sys_thread_area(struct pt_regs *regs) { return sys_set_thread_area(regs->ebx, regs->ecx, regs->edx); }
static int sys_ldt(struct pt_regs *regs) { return sys_modify_ldt(regs->ebx, regs->ecx, regs->edx); }
static int sys_switches(struct pt_regs *regs) { (void)regs; return current->switches; }
static int sys_features(struct pt_regs *regs) { (void)regs; return cpu_features; }

static int sys_wait(struct pt_regs *regs)
{
	int code = 0, pid = wait_task(regs->ebx, &code);

	if (regs->ecx && pid > 0 && copy_to_user(regs->ecx, &code, sizeof(code)))
		return -1;
	return pid;
}

static int sys_yield(struct pt_regs *regs)
{
	(void)regs;
	schedule();
	return 0;
}

/** check(name, expected, got): a line of the test's report. */
static int sys_check(struct pt_regs *regs)
{
	char name[64];

	if (!string_from_user(name, regs->ebx, sizeof(name)))
		return -1;
	return check_equal(name, regs->ecx, regs->edx);
}

static int sys_signal(struct pt_regs *regs)
{
	current->signal_handler = regs->ebx;
	return 0;
}

static int sys_sleep(struct pt_regs *regs)
{
	sleep_ticks(regs->ebx);
	return 0;
}

static int sys_unmap(struct pt_regs *regs)
{
	mm_unmap(current->mm, regs->ebx & PAGE_MASK, (regs->ebx + regs->ecx + PAGE_SIZE - 1) & PAGE_MASK);
	return 0;
}

/** What a program sees of the kernel's frame, to check how it got here. */
static int sys_identity(struct pt_regs *regs)
{
	return regs->xcs == USER_CS && regs->xss == USER_DS && (regs->eflags & EFLAGS_IF);
}

/** The program tells of port instructions of its own, so that the count is right. */
static int sys_port_io(struct pt_regs *regs)
{
	native_port_accesses += regs->ecx;
	port_accesses[regs->ebx % COUNTED_PORTS] += regs->ecx;
	return 0;
}

/** Straight into and out of the program's memory: pages may be missing, in the middle of INSW and OUTSW. */
static int sys_disk_read(struct pt_regs *regs)
{
	return ide_read(regs->ebx, (void *)regs->ecx, regs->edx);
}

static int sys_disk_write(struct pt_regs *regs)
{
	return ide_write(regs->ebx, (const void *)regs->ecx, regs->edx);
}

static int (*const system_calls[SYSCALLS])(struct pt_regs *regs) = {
	[SYS_exit] = sys_exit,
	[SYS_fork] = sys_fork,
	[SYS_wait] = sys_wait,
	[SYS_getpid] = sys_getpid,
	[SYS_yield] = sys_yield,
	[SYS_check] = sys_check,
	[SYS_signal] = sys_signal,
	[SYS_sigreturn] = sys_sigreturn,
	[SYS_kill] = sys_kill,
	[SYS_iopl] = sys_iopl_call,
	[SYS_ioperm] = sys_ioperm_call,
	[SYS_vm86] = sys_vm86_call,
	[SYS_set_thread_area] = sys_thread_area,
	[SYS_modify_ldt] = sys_ldt,
	[SYS_sleep] = sys_sleep,
	[SYS_switches] = sys_switches,
	[SYS_unmap] = sys_unmap,
	[SYS_features] = sys_features,
	[SYS_identity] = sys_identity,
	[SYS_port_io] = sys_port_io,
	[SYS_disk_read] = sys_disk_read,
	[SYS_disk_write] = sys_disk_write,
};

/** Called by entry.S, interrupts on. */
void do_system_call(struct pt_regs *regs)
{
	u32 number = regs->orig_eax;

	regs->eax = number < SYSCALLS && system_calls[number] ? (u32)system_calls[number](regs) : -1u;
}
