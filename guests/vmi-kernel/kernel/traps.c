/* Exceptions of the kernel and of user programs. */
#include "traps.h"
#include "paravirt.h"
#include "sched.h"
#include "fpu.h"
#include "vm86.h"

u32 trap_counts[EXCEPTIONS];
u32 kernel_breakpoints, kernel_debug_traps;

extern struct caught *catcher;		/* catch.S */
extern const u8 catch_resume[];

const char *trap_name(unsigned vector)
{
	static const char *const names[] = {
		"#DE", "#DB", "NMI", "#BP", "#OF", "#BR", "#UD", "#NM", "#DF", "vector 9", "#TS", "#NP",
		"#SS", "#GP", "#PF", "vector 15", "#MF", "#AC", "#MC", "#XM",
	};

	return vector < ARRAY_SIZE(names) ? names[vector] : "interrupt";
}

int deliver_to_catcher(struct pt_regs *regs, u32 vector, u32 error_code, u32 cr2)
{
	if (!catcher)
		return 0;
	*catcher = (struct caught){ vector, error_code, cr2, regs->eip, regs->eflags, regs->xcs };
	catcher = NULL;
	regs->eip = (u32)catch_resume;
	regs->eflags &= ~(EFLAGS_TF | EFLAGS_NT | EFLAGS_DF);
	return 1;
}

static _Noreturn void die(const struct pt_regs *regs, u32 vector, u32 error_code, u32 cr2)
{
	printk("eax %08x ebx %08x ecx %08x edx %08x esi %08x edi %08x ebp %08x\n", regs->eax, regs->ebx, regs->ecx,
	       regs->edx, regs->esi, regs->edi, regs->ebp);
	panic("kernel %s, error code %x, address %08x, at %04x:%08x, flags %08x", trap_name(vector), error_code, cr2,
	      regs->xcs & 0xffff, regs->eip, regs->eflags);
}

static void kernel_exception(struct pt_regs *regs, u32 vector, u32 error_code)
{
	switch (vector) {
	case TRAP_BP:
		kernel_breakpoints++;
		return;
	case TRAP_DB:
		set_debugreg(6, 0);
		kernel_debug_traps++;
		regs->eflags &= ~EFLAGS_TF;
		return;
	case TRAP_NM:
		fpu_restore_current();
		return;
	case TRAP_NMI:
		return;
	}
	if (fixup_exception(regs) || deliver_to_catcher(regs, vector, error_code, 0))
		return;
	die(regs, vector, error_code, 0);
}

static void user_exception(struct pt_regs *regs, u32 vector, u32 error_code)
{
	if (vector == TRAP_NM) {
		fpu_restore_current();
		return;
	}
	if (vector == TRAP_DB)
		set_debugreg(6, 0);
	if ((regs->eflags & EFLAGS_VM) && vm86_exception((struct v86_regs *)regs, vector))
		return;
	send_fault(vector, error_code, 0);
}

void do_exception(struct pt_regs *regs, u32 vector, u32 error_code)
{
	if (vector == TRAP_PF) {
		u32 address = read_cr2();
		trap_counts[TRAP_PF]++;
		if (regs->eflags & EFLAGS_IF)
			local_irq_enable();
		do_page_fault(regs, error_code, address);
		return;
	}
	if (vector < EXCEPTIONS)
		trap_counts[vector]++;
	if (vector == TRAP_DF)
		panic("double fault at %08x, esp %08x", regs->eip, regs->esp);
	if (user_mode(regs)) {
		local_irq_enable();
		user_exception(regs, vector == TRAP_BAD_IRET ? TRAP_GP : vector, error_code);
	} else {
		kernel_exception(regs, vector, error_code);
	}
}
