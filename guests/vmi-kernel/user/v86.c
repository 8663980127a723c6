/* A V86 program: real-mode code at 1000:0000, run by vm86(). */
#include "mm.h"
#include "vm86.h"
#include "user.h"

#define CODE 0x10000u

extern const u8 v86_code[], v86_code_end[];	/* v86_code.S */
extern const u8 v86_offsets[];

static struct vm86_registers registers;

static void set_up(u32 ip)
{
	volatile u8 *at = (u8 *)CODE;

	for (u32 i = 0; v86_code + i < v86_code_end; i++)
		at[i] = v86_code[i];
	registers.eip = ip;
	registers.cs = CODE >> 4;
	registers.eflags = EFLAGS_IF;
	registers.ss = 0x2000;
	registers.esp = 0x1000;
	registers.ds = 0x3000;
	registers.es = 0x4000;
	registers.fs = 0x5000;
	registers.gs = 0x6000;
	registers.eax = 0x1234;
	registers.ebx = 0xcafe5678;
	registers.ebp = 0xbeef0000;
}

static int run(void)
{
	return user_syscall(SYS_vm86, (u32)&registers, 0, 0, 0);
}

static u16 word_at(u32 linear)
{
	return *(volatile u16 *)linear;
}

int program_v86(u32 unused)
{
	(void)unused;
	set_up(v86_offsets[0]);
	user_check(U("v86: ends at int 0x21"), VM86_INT | 0x21 << 8, run());
	user_check(U("v86: AX"), 0x1235, registers.eax & 0xffff);
	user_check(U("v86: upper halves"), 0xcafe, registers.ebx >> 16);
	user_check(U("v86: DS store"), 0x1235, word_at(0x30000));
	user_check(U("v86: ES store"), 0x1111, word_at(0x40002));
	user_check(U("v86: FS store"), 0x2222, word_at(0x50004));
	user_check(U("v86: GS store"), 0x3333, word_at(0x60006));
	user_check(U("v86: stack"), 0x1000 - 2, registers.esp & 0xffff);
	user_check(U("v86: pushed on SS"), 0x1235, word_at(0x20ffe));
	user_check(U("v86: segment loaded"), 0x3001, registers.es & 0xffff);
	user_check(U("v86: goes on to hlt"), VM86_HLT, run());
	user_check(U("v86: CLI and PUSHF are emulated"), 0, word_at(0x30010) & EFLAGS_IF);
	user_check(U("v86: IF kept for the program"), EFLAGS_IF, registers.eflags & EFLAGS_IF);
	set_up(v86_offsets[1]);
	user_check(U("v86: divide error"), VM86_FAULT | TRAP_DE << 8, run());
	set_up(v86_offsets[2]);
	user_check(U("v86: in"), VM86_FAULT | TRAP_GP << 8, run());
	set_up(v86_offsets[3]);
	user_check(U("v86: a long loop, preempted"), VM86_HLT, run());
	user_check(U("v86: its count"), 0, registers.ecx);
	user_check(U("syscalls work afterwards"), 1, user_syscall(SYS_identity, 0, 0, 0, 0));
	return 0;
}
