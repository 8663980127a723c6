/* What a user program may not do, and the exceptions it may raise. */
#include "paravirt.h"
#include "user.h"

#define INSTRUCTION(name, code)									    \
	static void name(u32 argument)								    \
	{											    \
		asm volatile(code : : "a"(argument) : "memory", "cc", "ecx", "edx");		    \
	}

INSTRUCTION(do_hlt, "hlt")
INSTRUCTION(do_cli, "cli")
INSTRUCTION(do_sti, "sti")
INSTRUCTION(do_clts, "clts")
INSTRUCTION(do_read_cr0, "movl %%cr0, %%ecx")
INSTRUCTION(do_write_cr3, "movl %%eax, %%cr3")
INSTRUCTION(do_read_dr7, "movl %%db7, %%ecx")
INSTRUCTION(do_rdmsr, "movl $0x174, %%ecx; rdmsr")
INSTRUCTION(do_wrmsr, "movl $0x174, %%ecx; wrmsr")
INSTRUCTION(do_invlpg, "invlpg (%%eax)")
INSTRUCTION(do_lgdt, "lgdt (%%eax)")
INSTRUCTION(do_lidt, "lidt (%%eax)")
INSTRUCTION(do_lldt, "lldt %%ax")
INSTRUCTION(do_ltr, "ltr %%ax")
INSTRUCTION(do_lmsw, "lmsw %%ax")
INSTRUCTION(do_wbinvd, "wbinvd")
INSTRUCTION(do_in, "inb $0x80, %%al")
INSTRUCTION(do_out, "outb %%al, $0x80")
INSTRUCTION(do_in_string, "movl %%edi, %%ecx; movl $0x80, %%edx; insb; movl %%ecx, %%edi")
INSTRUCTION(do_int_irq, "int $0x20")
INSTRUCTION(do_int_pf, "int $14")
INSTRUCTION(do_far_jump, "ljmp $0x60, $0")
INSTRUCTION(do_load_ss, "movl %%eax, %%ss")
INSTRUCTION(do_load_ds, "movl %%ds, %%ecx; movl %%eax, %%ds; movl %%ecx, %%ds")
INSTRUCTION(do_vmcall, ".byte 0x0f, 0x01, 0xc1")
INSTRUCTION(do_iret_kernel, "pushfl; pushl $0x60; pushl $0; iret")

INSTRUCTION(do_int3, "int3")
INSTRUCTION(do_into, "movb $0x7f, %%al; incb %%al; into")
INSTRUCTION(do_div, "xorl %%ecx, %%ecx; xorl %%edx, %%edx; divl %%ecx")
INSTRUCTION(do_ud2, "ud2")
INSTRUCTION(do_step, "pushfl; orl $0x100, (%%esp); popfl; nop; nop")
INSTRUCTION(do_int4, "int $4")

/** Eight bytes are two bounds; 100 is outside. */
static void do_bound(u32 argument)
{
	static const int bounds[2] = { 0, 10 };

	asm volatile("bound %0, (%1)" : : "r"(argument), "r"(bounds));
}

struct row {
	char name[32];
	void (*run)(u32);
	u32 argument, vector, error;
};

static const struct row privileged[] = {
	{ "hlt", do_hlt, 0, TRAP_GP, 0 },
	{ "cli", do_cli, 0, TRAP_GP, 0 },
	{ "sti", do_sti, 0, TRAP_GP, 0 },
	{ "clts", do_clts, 0, TRAP_GP, 0 },
	{ "mov from cr0", do_read_cr0, 0, TRAP_GP, 0 },
	{ "mov to cr3", do_write_cr3, 0, TRAP_GP, 0 },
	{ "mov from dr7", do_read_dr7, 0, TRAP_GP, 0 },
	{ "rdmsr", do_rdmsr, 0, TRAP_GP, 0 },
	{ "wrmsr", do_wrmsr, 0, TRAP_GP, 0 },
	{ "invlpg", do_invlpg, 0x1000, TRAP_GP, 0 },
	{ "lgdt", do_lgdt, (u32)privileged, TRAP_GP, 0 },
	{ "lidt", do_lidt, (u32)privileged, TRAP_GP, 0 },
	{ "lldt", do_lldt, 0, TRAP_GP, 0 },
	{ "ltr", do_ltr, 0x80, TRAP_GP, 0 },
	{ "lmsw", do_lmsw, 0x33, TRAP_GP, 0 },
	{ "wbinvd", do_wbinvd, 0, TRAP_GP, 0 },
	{ "in", do_in, 0, TRAP_GP, 0 },
	{ "out", do_out, 0, TRAP_GP, 0 },
	{ "ins", do_in_string, 0, TRAP_GP, 0 },
	{ "int 0x20", do_int_irq, 0, TRAP_GP, 0x20 * 8 + 2 },
	{ "int 14", do_int_pf, 0, TRAP_GP, 14 * 8 + 2 },
	{ "far jump to kernel code", do_far_jump, 0, TRAP_GP, 0x60 },
	{ "kernel data in SS", do_load_ss, 0x68, TRAP_GP, 0x68 },
	{ "kernel data in DS", do_load_ds, 0x68, TRAP_GP, 0x68 },
	{ "iret to the kernel", do_iret_kernel, 0, TRAP_GP, 0x60 },
	{ "vmcall", do_vmcall, 0, TRAP_UD, 0 },
};

static const struct row traps[] = {
	{ "int3", do_int3, 0, TRAP_BP, 0 },
	{ "into", do_into, 0, TRAP_OF, 0 },
	{ "int 4", do_int4, 0, TRAP_OF, 0 },
	{ "bound", do_bound, 100, TRAP_BR, 0 },
	{ "div by zero", do_div, 0, TRAP_DE, 0 },
	{ "ud2", do_ud2, 0, TRAP_UD, 0 },
	{ "single step", do_step, 0, TRAP_DB, 0 },
};

int program_privileged(u32 unused)
{
	(void)unused;
	for (u32 i = 0; i < ARRAY_SIZE(privileged); i++) {
		const struct row *row = &privileged[i];
		user_expect_fault(row->name, row->run, row->argument, row->vector, row->error, 0);
	}
	return 0;
}

int program_traps(u32 unused)
{
	(void)unused;
	for (u32 i = 0; i < ARRAY_SIZE(traps); i++)
		user_expect_fault(traps[i].name, traps[i].run, traps[i].argument, traps[i].vector, traps[i].error, 0);
	return 0;
}

/** Port instructions of a program: told to the kernel, which keeps the count. */
static void told(u32 port, u32 accesses)
{
	user_syscall(SYS_port_io, port, accesses, 0, 0);
}

#define UART_SCRATCH 0x3ff

INSTRUCTION(out_80, "outb %%al, $0x80")
INSTRUCTION(in_scratch, "movl $0x3ff, %%edx; inb %%dx, %%al")
INSTRUCTION(outw_80, "outw %%ax, $0x80")
INSTRUCTION(cli_sti, "cli; sti")

int program_iopl(u32 unused)
{
	(void)unused;
	user_expect_fault(U("iopl 0: out"), out_80, 0, TRAP_GP, 0, 0);
	user_check(U("iopl(4)"), -1u, user_syscall(SYS_iopl, 4, 0, 0, 0));
	user_check(U("iopl(3)"), 0, user_syscall(SYS_iopl, 3, 0, 0, 0));
	user_check(U("iopl 3: out"), 0, user_try(out_80, 1));
	told(0x80, 1);
	user_syscall(SYS_yield, 0, 0, 0, 0);
	user_check(U("iopl 3: out after a switch"), 0, user_try(out_80, 2));
	told(0x80, 1);
	user_check(U("iopl 3: cli and sti"), 0, user_try(cli_sti, 0));
	user_check(U("iopl(0)"), 0, user_syscall(SYS_iopl, 0, 0, 0, 0));
	user_expect_fault(U("iopl 0 again: out"), out_80, 0, TRAP_GP, 0, 0);
	user_expect_fault(U("iopl 0 again: cli"), cli_sti, 0, TRAP_GP, 0, 0);
	return 0;
}

int program_ioperm(u32 unused)
{
	(void)unused;
	user_check(U("ioperm allows"), 0, user_syscall(SYS_ioperm, 0x80, 1, 1, 0));
	user_check(U("ioperm allows another"), 0, user_syscall(SYS_ioperm, UART_SCRATCH, 1, 1, 0));
	user_check(U("ioperm: out"), 0, user_try(out_80, 3));
	told(0x80, 1);
	user_check(U("ioperm: in"), 0, user_try(in_scratch, 0));
	told(UART_SCRATCH, 1);
	user_expect_fault(U("ioperm: a word that goes beyond"), outw_80, 0, TRAP_GP, 0, 0);
	user_syscall(SYS_yield, 0, 0, 0, 0);
	user_check(U("ioperm: out after a switch"), 0, user_try(out_80, 4));
	told(0x80, 1);
	user_syscall(SYS_ioperm, 0x80, 1, 0, 0);
	user_expect_fault(U("ioperm revoked: out"), out_80, 0, TRAP_GP, 0, 0);
	return 0;
}
