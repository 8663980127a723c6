/* A user program that calls the hypervisor's ROM: the test has mapped it for that. */
#include "user.h"

static void call_rom(u32 stub)
{
	asm volatile("call *%0" : : "r"(stub), "a"(0x41), "d"(0x80) : "memory", "cc", "ecx");
}

int program_rom_call(u32 stub)
{
	return user_try(call_rom, stub) ? (int)user_fault.vector : -1;
}
