/* V86 mode: entered by an IRET frame with ES, DS, FS and GS, left by an exception (Linux's vm86.c). */
#include "vm86.h"
#include "paravirt.h"
#include "sched.h"

#define SAFE_FLAGS 0xdd5		/* what V86 code may set by itself: no IF, IOPL, VM */

_Noreturn void return_to_frame(struct pt_regs *regs);

static void load_stack_of(u32 esp0, u32 sysenter_cs)
{
	u32 flags = local_irq_save();

	current->esp0 = esp0;
	current->sysenter_cs = sysenter_cs;
	switch_cpu_state(current, current);
	local_irq_restore(flags);
}

int sys_vm86(u32 user)
{
	struct vm86_registers from;

	if (copy_from_user(&from, user, sizeof(from)))
		return -1;
	/* As Linux: the frame is this very variable. Entries from V86 mode fill it again, and go on below. */
	struct v86_regs registers = {
		.pt = {
			.ebx = from.ebx, .ecx = from.ecx, .edx = from.edx, .esi = from.esi, .edi = from.edi,
			.ebp = from.ebp, .eax = from.eax, .orig_eax = -1, .eip = from.eip, .xcs = from.cs & 0xffff,
			.eflags = (from.eflags & SAFE_FLAGS) | EFLAGS_VM | EFLAGS_IF | 2,
			.esp = from.esp, .xss = from.ss & 0xffff,
		},
		.es = from.es & 0xffff, .ds = from.ds & 0xffff, .fs = from.fs & 0xffff, .gs = from.gs & 0xffff,
	};

	current->vm86.active = 1;
	current->vm86.user = user;
	current->vm86.saved_esp0 = current->esp0;
	current->vm86.interrupts_on = (from.eflags & EFLAGS_IF) != 0;
	current->gs = 0;
	load_stack_of((u32)(&registers + 1), 0);
	return_to_frame(&registers.pt);
}

/** Back to the program: its registers of V86 mode are written, and vm86() returns @result. */
static _Noreturn void leave(struct v86_regs *regs, int result)
{
	struct pt_regs *back = task_regs(current);
	struct vm86_registers to = {
		.ebx = regs->pt.ebx, .ecx = regs->pt.ecx, .edx = regs->pt.edx, .esi = regs->pt.esi,
		.edi = regs->pt.edi, .ebp = regs->pt.ebp, .eax = regs->pt.eax, .eip = regs->pt.eip,
		.cs = regs->pt.xcs, .esp = regs->pt.esp, .ss = regs->pt.xss, .es = regs->es, .ds = regs->ds,
		.fs = regs->fs, .gs = regs->gs,
		.eflags = (regs->pt.eflags & ~EFLAGS_IF) | (current->vm86.interrupts_on ? EFLAGS_IF : 0),
	};

	current->vm86.active = 0;
	load_stack_of(current->vm86.saved_esp0, KERNEL_CS);
	back->eax = copy_to_user(current->vm86.user, &to, sizeof(to)) ? -1 : result;
	return_to_frame(back);
}

/** Emulates what IOPL 0 forbids to V86 code. @returns 0 where the instruction is none of these */
static int emulate(struct v86_regs *regs)
{
	u8 code[2];
	u32 linear = (regs->pt.xcs & 0xffff) * 16 + (regs->pt.eip & 0xffff);

	if (copy_from_user(code, linear, sizeof(code)))
		return 0;
	switch (code[0]) {
	case 0xfa:			/* cli */
	case 0xfb:			/* sti */
		current->vm86.interrupts_on = code[0] & 1;
		regs->pt.eip = (regs->pt.eip + 1) & 0xffff;
		return 1;
	case 0xf4:			/* hlt */
		regs->pt.eip = (regs->pt.eip + 1) & 0xffff;
		leave(regs, VM86_HLT);
	case 0xcd:			/* int n */
		regs->pt.eip = (regs->pt.eip + 2) & 0xffff;
		leave(regs, VM86_INT | code[1] << 8);
	case 0x9c: {			/* pushf */
		u16 flags = (regs->pt.eflags & SAFE_FLAGS) | (current->vm86.interrupts_on ? EFLAGS_IF : 0);
		u16 sp = regs->pt.esp - 2;
		if (copy_to_user((regs->pt.xss & 0xffff) * 16 + sp, &flags, 2))
			return 0;
		regs->pt.esp = (regs->pt.esp & 0xffff0000) | sp;
		regs->pt.eip = (regs->pt.eip + 1) & 0xffff;
		return 1;
	}
	default:
		return 0;
	}
}

int vm86_exception(struct v86_regs *regs, u32 vector)
{
	if (vector == TRAP_GP && emulate(regs))
		return 1;
	leave(regs, VM86_FAULT | vector << 8);
}
