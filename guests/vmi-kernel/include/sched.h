/* Tasks, address spaces' owners, and the round-robin scheduler. */
#ifndef SCHED_H
#define SCHED_H

#include "desc.h"
#include "fpu.h"
#include "kernel.h"
#include "mm.h"
#include "pt_regs.h"
#include "traps.h"
#include "vm86.h"

#define MAX_TASKS 24
#define KERNEL_STACK_BYTES 8192
#define LDT_ENTRIES 8
#define QUANTUM_TICKS 1

enum task_state { TASK_FREE, TASK_RUNNING, TASK_SLEEPING, TASK_WAITING, TASK_ZOMBIE };

struct task {
	int pid;
	enum task_state state;
	struct task *parent;
	int exit_code;
	struct mm *mm;			/* NULL: a kernel thread, it borrows the address space before it */
	u8 *stack;
	u32 esp, esp0;
	u32 ticks_left, switches, wake_at;
	struct desc tls[GDT_ENTRY_TLS_ENTRIES];
	struct desc *ldt;		/* a page, or NULL */
	u32 gs, iopl, sysenter_cs;
	u8 *io_bitmap;			/* IO_BITMAP_BYTES, or NULL */
	struct fpu fpu;
	struct vm86 vm86;
	u32 signal_handler;		/* of faults and of kill(); 0: the signal ends the task */
	int signal_pending;
	struct caught fault;
};

extern struct task *current;
extern struct task init_task;
extern int need_resched;
extern u32 context_switches, preemptions;

/** The frame of the task's last entry from user mode, at the top of its stack. */
struct pt_regs *task_regs(struct task *task);

/** Makes a kernel thread. */
struct task *kernel_thread(void (*function)(void *), void *argument);
/** Makes a user task with an address space of its own that runs program(argument), and exits with its result. */
struct task *user_task(u32 program, u32 argument);
/** Copies the present task. @returns the child's pid */
int fork_task(const struct pt_regs *regs);
/** Ends the present task. */
_Noreturn void exit_task(int code);
/** Waits for any child (@pid -1) or one. @returns its pid, or -1 if there is none */
int wait_task(int pid, int *code);
void sleep_ticks(u32 ticks);
struct task *find_task(int pid);

void schedule(void);
void scheduler_tick(int user);
/** Tasks that could run now, the idle task left out. */
unsigned runnable_tasks(void);
_Noreturn void idle_loop(void);

/** The task's exception, as a signal: to its handler, or its end. */
void send_fault(u32 vector, u32 error_code, u32 address);
int send_signal(int pid);
/** Sets the handler's frame up. Called before a return to user mode. */
void deliver_signal(struct pt_regs *regs);
int sys_sigreturn(struct pt_regs *regs);

/** Loads what a context switch must: TLS, LDT, I/O permission, stack of kernel entries. */
void switch_cpu_state(struct task *previous, struct task *next);

/** Permission to ports. */
int sys_iopl(struct pt_regs *regs, u32 level);
int sys_ioperm(u32 from, u32 count, int allow);
int sys_set_thread_area(u32 slot, u32 base, u32 limit);
int sys_modify_ldt(u32 index, u32 base, u32 limit);
/** For tasks that end: gives back what they own. */
void free_cpu_state(struct task *task);
void copy_cpu_state(struct task *child, const struct task *parent);

#endif
