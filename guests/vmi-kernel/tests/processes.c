/* User programs: alone, and many at a time. */
#include "cpu.h"
#include "drivers.h"
#include "fpu.h"
#include "mm.h"
#include "paravirt.h"
#include "sched.h"
#include "test.h"
#include "vmi.h"

typedef int program(u32 argument);

extern program program_syscalls, program_memory, program_privileged, program_fork, program_signals, program_iopl,
	program_ioperm, program_fpu, program_tls, program_ldt, program_v86, program_spin, program_traps, program_crash,
	program_stack, program_frames, program_disk;

static int run(program *which, u32 argument)
{
	return run_program((void (*)(u32))(void *)which, argument);
}

void test_user(void)
{
	u32 before = free_frames();

	check_equal("syscalls", 0, run(program_syscalls, cpu_has(FEATURE_SEP)));
	check_equal("memory", 0, run(program_memory, 0));
	check_equal("stack", 0, run(program_stack, 0));
	check_equal("privileged instructions", 0, run(program_privileged, 0));
	check_equal("traps", 0, run(program_traps, 0));
	check_equal("signals", 0, run(program_signals, 0));
	check_equal("frames", 0, run(program_frames, 0));
	if (get_kernel_rpl() && !vmi_by_call[VMI_CALL_SetIOPLMask])
		skip("iopl", "SetIOPLMask is not there");
	else
		check_equal("iopl", 0, run(program_iopl, 0));
	check_equal("ioperm", 0, run(program_ioperm, 0));
	check_equal("v86", 0, run(program_v86, 0));
	if (ide_init())
		check_equal("disk", 0, run(program_disk, 0));
	check_equal("a crash ends the program", (u32)-(TRAP_PF + 1), run(program_crash, 0));
	check_equal("no frame lost", before, free_frames());
}

#define CROWD 4
#define SPIN_COUNT 500000

/** Several of a kind at once; @expected of each result, -1: any above 0. */
static void crowd(const char *name, program *which, u32 argument, u32 step)
{
	u32 wrong = 0;

	for (u32 i = 0; i < CROWD; i++)
		user_task((u32)which, argument + i * step);
	for (u32 i = 0; i < CROWD; i++) {
		int code = -1;
		wait_task(-1, &code);
		wrong += code != 0;
	}
	check_equal(name, 0, wrong);
}

/** Programs that never ask to be switched: the timer does it, and no register is lost. */
static void preemption(void)
{
	u32 switched = 0, bad = 0, before = preemptions;

	for (u32 i = 0; i < CROWD; i++)
		user_task((u32)program_spin, SPIN_COUNT);
	for (u32 i = 0; i < CROWD; i++) {
		int code = -1;
		wait_task(-1, &code);
		bad += code < 0;
		switched += code > 0;
	}
	check_equal("preempted: registers kept", 0, bad);
	check_equal("preempted: each of them", CROWD, switched);
	check("preempted by the timer", preemptions > before);
}

/** Tables that did not exist when the address space was made. */
static void vmalloc_faults(void)
{
	u32 before = mm_counts.vmalloc_faults, *area = vmalloc(1030);

	for (u32 i = 0; i < 1030; i += 103)
		area[i * 1024] = i;
	struct task *task = user_task((u32)program_spin, 1);
	int code = -1;
	wait_task(task->pid, &code);
	vfree(area, 1030);
	(void)before;
	check("vmalloc area of two tables", code >= 0);
}

void test_processes(void)
{
	u32 before, copies = mm_counts.copies, reused = mm_counts.reused, nm = fpu_switches;
	u32 rounds = 10 | (machine_is_lenient() ? 0x100 : 0);

	vmalloc_faults();
	before = free_frames();
	check_equal("fork", 0, run(program_fork, 0));
	check("copy on write: copies", mm_counts.copies > copies);
	check("copy on write: reused", mm_counts.reused > reused);
	preemption();
	crowd("fpu, all at once", program_fpu, 1000, 1);
	check("fpu switched by #NM", fpu_switches > nm + CROWD);
	crowd("tls, all at once", program_tls, rounds, 0);
	crowd("ldt, all at once", program_ldt, rounds, 0);
	crowd("fork, all at once", program_fork, 0, 0);
	check_equal("no frame lost", before, free_frames());
}
