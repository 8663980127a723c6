/* TLS and LDT segments, the FPU, frames of odd signals. */
#include "user.h"

static u32 tls_area[4] = { 0x11111111, 0x22222222, 0x33333333, 0x44444444 };

static u32 read_gs(u32 offset)
{
	u32 value;
	asm volatile("movl %%gs:(%1), %0" : "=r"(value) : "r"(offset));
	return value;
}

static u32 read_fs(u32 offset)
{
	u32 value;
	asm volatile("movl %%fs:(%1), %0" : "=r"(value) : "r"(offset));
	return value;
}

static void touch_gs(u32 offset) { (void)read_gs(offset); }
static void touch_fs(u32 offset) { (void)read_fs(offset); }
static void load_gs(u32 selector) { asm volatile("movl %0, %%gs" : : "r"(selector)); }

/** @rounds: the low byte; bit 8: limits are not checked here. */
int program_tls(u32 rounds)
{
	u32 lenient = rounds & 0x100;

	u32 pid = user_syscall(SYS_getpid, 0, 0, 0, 0), wrong = 0;

	tls_area[1] = pid;
	u32 selector = user_syscall(SYS_set_thread_area, 0, (u32)tls_area, sizeof(tls_area) - 1, 0);
	load_gs(selector);
	for (u32 i = 0; i < (rounds & 0xff); i++) {
		wrong += read_gs(4) != pid;
		user_syscall(SYS_yield, 0, 0, 0, 0);
	}
	wrong += !lenient && (!user_try(touch_gs, 16) || user_fault.vector != TRAP_GP);
	wrong += !lenient && (!user_try(touch_gs, -4u) || user_fault.vector != TRAP_GP);
	wrong += !user_try(load_gs, selector + 8) || user_fault.vector != TRAP_GP;
	load_gs(0);
	wrong += !user_try(touch_gs, 0) || (!lenient && user_fault.vector != TRAP_GP);
	return wrong;
}

int program_ldt(u32 rounds)
{
	u32 lenient = rounds & 0x100;

	u32 pid = user_syscall(SYS_getpid, 0, 0, 0, 0), wrong = 0;

	tls_area[2] = pid;
	u32 selector = user_syscall(SYS_modify_ldt, 3, (u32)tls_area, sizeof(tls_area) - 1, 0);
	asm volatile("movl %0, %%fs" : : "r"(selector));
	for (u32 i = 0; i < (rounds & 0xff); i++) {
		wrong += read_fs(8) != pid;
		user_syscall(SYS_yield, 0, 0, 0, 0);
	}
	wrong += !lenient && (!user_try(touch_fs, 16) || user_fault.vector != TRAP_GP);
	/* A child has a copy of its own. */
	int child = user_syscall(SYS_fork, 0, 0, 0, 0), code = -1;
	if (child == 0)
		return read_fs(8) == pid && read_fs(0) == 0x11111111 ? 0 : 1;
	user_syscall(SYS_wait, child, (u32)&code, 0, 0);
	return wrong + (code != 0);
}

/** Sums of 1/n, kept on the FPU's stack through many instructions. */
int program_fpu(u32 salt)
{
	u32 wrong = 0;

	for (u32 round = 0; round < 40; round++) {
		u32 n = 2000, expected = 2000 * 2001 / 2 + salt, sum;
		u16 control = 0x37f | (salt & 3) << 10, control_after;
		asm volatile("fninit\n\tfldcw %3\n\tfildl %4\n"
			     "1:\tpushl %1\n\tfiaddl (%%esp)\n\tpopl %1\n\tdecl %1\n\tjnz 1b\n\t"
			     "fnstcw %2\n\tfistpl %0"
			     : "=m"(sum), "+r"(n), "=m"(control_after)
			     : "m"(control), "m"(salt)
			     : "memory", "cc");
		wrong += sum != expected;
		wrong += (control_after & 0xf3f) != (control & 0xf3f);
		if (round % 4 == 0)
			user_syscall(SYS_yield, 0, 0, 0, 0);
	}
	return wrong;
}

static void bad_frame(struct caught *fault, struct pt_regs *regs)
{
	(void)fault;
	regs->xds = 0x68;
	regs->xes = 0x4b;
	regs->xfs = 0x60;
}

/** Selectors in the frame of a signal that do not fit: the kernel's loads fault, and become null. */
int program_frames(u32 unused)
{
	u32 es, fs;

	(void)unused;
	user_syscall(SYS_signal, (u32)bad_frame, 0, 0, 0);
	u32 pid = user_syscall(SYS_getpid, 0, 0, 0, 0);
	asm volatile("int $0x80\n\t"
		     "movl %%es, %0\n\tmovl %%fs, %1\n\t"
		     "pushl %%ss\n\tpopl %%ds\n\tpushl %%ss\n\tpopl %%es"
		     : "=&c"(es), "=&d"(fs), "+a"((u32){ SYS_kill })
		     : "b"(pid)
		     : "memory", "cc");
	user_check(U("bad ES in a frame becomes null"), 0, es & 0xffff);
	user_check(U("bad FS in a frame becomes null"), 0, fs & 0xffff);
	return 0;
}
