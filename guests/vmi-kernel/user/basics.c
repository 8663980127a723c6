/* System calls, memory, fork, signals. */
#include "mm.h"
#include "user.h"

int user_check(const char *name, u32 expected, u32 got)
{
	return user_syscall(SYS_check, (u32)name, expected, got, 0);
}

void user_expect_fault(const char *name, void (*function)(u32), u32 argument, u32 vector, u32 error, u32 address)
{
	if (!user_try(function, argument)) {
		user_check(name, vector, -1u);
		return;
	}
	if (user_fault.vector != vector)
		user_check(name, vector, user_fault.vector);
	else if (user_fault.error_code != error)
		user_check(name, error, user_fault.error_code);
	else
		user_check(name, address, user_fault.cr2);
}

int program_syscalls(u32 sep)
{
	u32 pid = user_syscall(SYS_getpid, 0, 0, 0, 0);

	user_check(U("int 0x80: frame"), 1, user_syscall(SYS_identity, 0, 0, 0, 0));
	user_check(U("int 0x80: unknown number"), -1u, user_syscall(9999, 0, 0, 0, 0));
	user_check(U("int 0x80: registers"), 1, user_registers_kept(SYS_getpid, 0));
	user_check(U("int 0x80: registers over a switch"), 1, user_registers_kept(SYS_yield, 0));
	if (!sep)
		return 0;
	user_check(U("sysenter: the same task"), pid, user_sysenter(SYS_getpid, 0, 0, 0, 0));
	user_check(U("sysenter: frame"), 1, user_sysenter(SYS_identity, 0, 0, 0, 0));
	user_check(U("sysenter: registers"), 1, user_registers_kept(SYS_getpid, 1));
	user_check(U("sysenter: registers over a switch"), 1, user_registers_kept(SYS_yield, 1));
	int child = user_sysenter(SYS_fork, 0, 0, 0, 0);
	if (child == 0)
		user_sysenter(SYS_exit, 7, 0, 0, 0);
	int code = 0;
	user_sysenter(SYS_wait, child, (u32)&code, 0, 0);
	user_check(U("sysenter: fork and exit code"), 7, code);
	return 0;
}

static volatile u32 written = 0x12345678;
static const u32 constant = 0x87654321;

static void read_at(u32 address) { (void)*(volatile u32 *)address; }
static void write_at(u32 address) { *(volatile u32 *)address = 1; }
static void call_at(u32 address) { ((void (*)(void))address)(); }

int program_memory(u32 unused)
{
	volatile u32 *heap = (u32 *)USER_HEAP;
	u32 sum = 0;

	(void)unused;
	user_check(U("image: data"), 0x12345678, written);
	user_check(U("image: constant"), 0x87654321, constant);
	written = 1;
	user_check(U("image: own copy"), 1, written);
	for (u32 i = 0; i < 64; i++)
		sum |= heap[i * 1024];
	user_check(U("heap: zeroes"), 0, sum);
	for (u32 i = 0; i < 64; i++)
		heap[i * 1024] = i * 3;
	for (u32 i = 0; i < 64; i++)
		sum += heap[i * 1024] == i * 3;
	user_check(U("heap: what was written"), 64, sum);
	user_syscall(SYS_unmap, (u32)heap, 64 * 4096, 0, 0);
	user_check(U("heap: zeroes after unmap"), 0, heap[5 * 1024]);
	user_expect_fault(U("null pointer"), read_at, 0, TRAP_PF, 4, 0);
	user_expect_fault(U("write to nowhere"), write_at, 0x70000000, TRAP_PF, 6, 0x70000000);
	user_expect_fault(U("write to code"), write_at, (u32)call_at & ~3u, TRAP_PF, 7, (u32)call_at & ~3u);
	user_expect_fault(U("read the kernel"), read_at, 0xc0100000, TRAP_PF, 5, 0xc0100000);
	user_expect_fault(U("write the kernel"), write_at, 0xc0100000, TRAP_PF, 7, 0xc0100000);
	user_expect_fault(U("run the kernel"), call_at, 0xc0100000, TRAP_PF, 5, 0xc0100000);
	return 0;
}

/** Recursion deep enough for many pages. */
static u32 __attribute__((noinline)) deep(u32 levels)
{
	volatile u32 page[900];

	page[0] = levels;
	return levels ? deep(levels - 1) + page[0] : 0;
}

int program_stack(u32 unused)
{
	(void)unused;
	user_check(U("stack grows by need"), 20 * 21 / 2, deep(20));
	return 0;
}

int program_fork(u32 unused)
{
	volatile u32 *heap = (u32 *)USER_HEAP;
	int code = 0;

	(void)unused;
	heap[0] = 1;
	heap[1024] = 2;
	written = 3;
	int child = user_syscall(SYS_fork, 0, 0, 0, 0);
	if (child == 0) {
		u32 seen = heap[0] + heap[1024] * 10 + written * 100;
		heap[0] = 50;
		written = 60;
		user_syscall(SYS_yield, 0, 0, 0, 0);
		return seen == 321 && heap[0] == 50 && heap[1024] == 2 && written == 60 ? 42 : 1;
	}
	heap[1024] = 70;
	user_syscall(SYS_yield, 0, 0, 0, 0);
	user_check(U("fork: parent keeps its pages"), 1, heap[0]);
	user_check(U("fork: parent keeps its data"), 3, written);
	user_check(U("fork: pid of the child"), child, user_syscall(SYS_wait, child, (u32)&code, 0, 0));
	user_check(U("fork: child had copies"), 42, code);
	heap[0] = 5;
	user_check(U("fork: page writable again"), 5, heap[0]);
	user_check(U("wait without a child"), -1u, user_syscall(SYS_wait, -1u, 0, 0, 0));
	return 0;
}

#define DISK_SECTOR 1990
#define SECTOR_WORDS 128

/** Transfers to and from pages that are missing, and to pages that are shared with a child. */
int program_disk(u32 unused)
{
	/* The middle of the transfer lies on a page boundary. */
	volatile u32 *out = (u32 *)(USER_HEAP + 0x100000 + 4096 - 256), *in = (u32 *)(USER_HEAP + 0x200000 + 4096 - 256);
	u32 right = 0, kept = 0;
	int code = 0;

	(void)unused;
	user_check(U("disk: written from missing pages"), 1, user_syscall(SYS_disk_write, DISK_SECTOR, (u32)out, 1, 0));
	for (u32 i = 0; i < SECTOR_WORDS; i++)
		out[i] = i * 0x01010101;
	user_syscall(SYS_disk_write, DISK_SECTOR + 1, (u32)out, 1, 0);
	user_check(U("disk: read to missing pages"), 1, user_syscall(SYS_disk_read, DISK_SECTOR + 1, (u32)in, 1, 0));
	for (u32 i = 0; i < SECTOR_WORDS; i++)
		right += in[i] == i * 0x01010101;
	user_check(U("disk: data of missing pages"), SECTOR_WORDS, right);
	int child = user_syscall(SYS_fork, 0, 0, 0, 0);
	if (child == 0) {
		user_syscall(SYS_disk_read, DISK_SECTOR, (u32)in, 1, 0);
		for (u32 i = 0; i < SECTOR_WORDS; i++)
			kept += in[i] == 0;
		return kept == SECTOR_WORDS ? 3 : 4;
	}
	user_syscall(SYS_wait, child, (u32)&code, 0, 0);
	user_check(U("disk: read to shared pages"), 3, code);
	for (u32 i = 0; i < SECTOR_WORDS; i++)
		kept += in[i] == i * 0x01010101;
	user_check(U("disk: the other's pages stay"), SECTOR_WORDS, kept);
	return 0;
}

static volatile u32 handled;

static void on_signal(struct caught *fault, struct pt_regs *regs)
{
	(void)fault;
	(void)regs;
	handled++;
}

int program_signals(u32 unused)
{
	int code = 0;

	(void)unused;
	user_syscall(SYS_signal, (u32)on_signal, 0, 0, 0);
	user_syscall(SYS_kill, user_syscall(SYS_getpid, 0, 0, 0, 0), 0, 0, 0);
	user_check(U("signal to oneself"), 1, handled);
	int child = user_syscall(SYS_fork, 0, 0, 0, 0);
	if (child == 0) {
		user_syscall(SYS_sleep, 1000, 0, 0, 0);
		return handled == 2 ? 9 : 1;
	}
	user_syscall(SYS_sleep, 1, 0, 0, 0);
	user_syscall(SYS_kill, child, 0, 0, 0);
	user_syscall(SYS_wait, child, (u32)&code, 0, 0);
	user_check(U("signal to a child that sleeps"), 9, code);
	return 0;
}

int program_spin(u32 count)
{
	u32 before = user_syscall(SYS_switches, 0, 0, 0, 0);
	int kept = user_spin(count);

	if (!kept)
		return -1;
	return user_syscall(SYS_switches, 0, 0, 0, 0) - before;
}

int program_crash(u32 unused)
{
	(void)unused;
	write_at(0x70000000);
	return 0;
}
