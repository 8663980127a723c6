/*
 * Runs test cases on the processor at hand: 32-bit user code with given registers, flags and memory, until it traps.
 *
 * Standard input: the windows of memory, the entries of the LDT, then cases until the end of the input. Standard output: for each
 * window and each LDT entry whether it is there, then one result per case. All numbers are little-endian dwords; see the structures.
 *
 * Everything happens in one signal handler on a stack of its own: it saves what the last case has left, prepares memory for
 * the next one, and returns into it. A case ends with the exception that it raises, INT3 as a rule.
 */
#include <stddef.h>
#include <stdint.h>

#include "linux.h"

#define MAX_WINDOWS 16
#define MAX_WINDOW_BYTES (64 * 1024)
#define REGISTERS 8
#define SELECTORS 6

/* trap number of a case that did not end by itself */
#define TIMED_OUT 0x100

#define PROT_READ 1
#define PROT_WRITE 2
#define PROT_EXEC 4
#define MAP_FIXED_PRIVATE_ANONYMOUS (0x10 | 0x02 | 0x20)

#define SIGILL 4
#define SIGTRAP 5
#define SIGBUS 7
#define SIGFPE 8
#define SIGSEGV 11
#define SIGALRM 14
#define SA_SIGINFO 0x4
#define SA_RESTORER 0x04000000
#define SA_ONSTACK 0x08000000

struct window {
	uint32_t address, bytes, writable;
};

/* The kernel's struct user_desc, with the bit fields as one number. */
struct ldt_entry {
	uint32_t number, base, limit, flags;
};

struct test_case {
	uint32_t registers[REGISTERS];	/* EAX ECX EDX EBX ESP EBP ESI EDI */
	uint32_t eflags, eip;
	uint32_t selectors[SELECTORS];	/* ES CS SS DS FS GS */
	uint32_t patches;		/* each: address, bytes, then the bytes, padded to dwords */
};

struct result {
	uint32_t trap, error, cr2;
	uint32_t registers[REGISTERS];
	uint32_t eflags, eip;
	uint32_t selectors[SELECTORS];
	uint32_t changes;		/* each: address, dword */
};

/* arch/x86/include/uapi/asm/sigcontext.h and ucontext.h, the i386 side */
struct signal_context {
	uint32_t gs, fs, es, ds;
	uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;
	uint32_t trap, error, eip, cs, eflags, esp_at_signal, ss;
	uint32_t fpu, old_mask, cr2;
};

struct signal_stack {
	void *sp;
	int flags;
	size_t size;
};

struct user_context {
	uint32_t flags, link;
	struct signal_stack stack;
	struct signal_context machine;
};

struct signal_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

struct interval {
	long interval_seconds, interval_microseconds, value_seconds, value_microseconds;
};

static struct window windows[MAX_WINDOWS];
static uint8_t baseline[MAX_WINDOWS][MAX_WINDOW_BYTES];
static uint32_t window_count;
static uint8_t handler_stack[32 * 1024] __attribute__((aligned(16)));

static uint8_t input[64 * 1024], output[64 * 1024];
static uint32_t input_at, input_end, output_end;

static uint32_t cases_started, cases_at_tick;
static int running;

void *memcpy(void *to, const void *from, size_t bytes)
{
	void *start = to;

	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
	return start;
}

void *memset(void *to, int value, size_t bytes)
{
	void *start = to;

	asm volatile("rep stosb" : "+D"(to), "+c"(bytes) : "a"(value) : "memory");
	return start;
}

static _Noreturn void die(const char *message)
{
	uint32_t length = 0;

	while (message[length])
		length++;
	system_call(SYS_WRITE, 2, (long)message, length, 0, 0, 0);
	system_exit(3);
}

static void flush(void)
{
	uint32_t at = 0;

	while (at < output_end) {
		long written = system_call(SYS_WRITE, 1, (long)(output + at), output_end - at, 0, 0, 0);

		if (written <= 0)
			die("executor: cannot write\n");
		at += written;
	}
	output_end = 0;
}

static void put(const void *data, uint32_t bytes)
{
	if (output_end + bytes > sizeof(output))
		flush();
	memcpy(output + output_end, data, bytes);
	output_end += bytes;
}

/* Takes bytes of the input; false at its end. What is ready goes out before the processor waits. */
static int take(void *data, uint32_t bytes)
{
	uint8_t *to = data;

	while (bytes) {
		uint32_t part;

		if (input_at == input_end) {
			long got;

			flush();
			got = system_call(SYS_READ, 0, (long)input, sizeof(input), 0, 0, 0);
			if (got <= 0)
				return 0;
			input_at = 0;
			input_end = got;
		}
		part = input_end - input_at < bytes ? input_end - input_at : bytes;
		memcpy(to, input + input_at, part);
		input_at += part;
		to += part;
		bytes -= part;
	}
	return 1;
}

static uint32_t take_dword(void)
{
	uint32_t value = 0;

	if (!take(&value, sizeof(value)))
		die("executor: the input ends early\n");
	return value;
}

static void set_up_windows(void)
{
	uint32_t i;

	window_count = take_dword();
	if (window_count > MAX_WINDOWS)
		die("executor: too many windows\n");
	for (i = 0; i < window_count; i++) {
		struct window *window = &windows[i];
		uint32_t there;
		long at;

		take(window, sizeof(*window));
		if (window->bytes > MAX_WINDOW_BYTES)
			die("executor: a window is too large\n");
		take(baseline[i], window->bytes);
		at = system_call(SYS_MMAP2, window->address, window->bytes, PROT_READ | PROT_WRITE | PROT_EXEC,
				 MAP_FIXED_PRIVATE_ANONYMOUS, -1, 0);
		there = at == (long)window->address;
		put(&there, sizeof(there));
		if (!there) {
			window->bytes = 0;
			continue;
		}
		memcpy((void *)window->address, baseline[i], window->bytes);
		if (!window->writable)
			system_call(SYS_MPROTECT, window->address, window->bytes, PROT_READ | PROT_EXEC, 0, 0, 0);
	}
}

static void set_up_segments(void)
{
	uint32_t count = take_dword();

	while (count--) {
		struct ldt_entry entry;
		uint32_t there;

		take(&entry, sizeof(entry));
		/* 0x11: write an entry, all its bits as given */
		there = system_call(SYS_MODIFY_LDT, 0x11, (long)&entry, sizeof(entry), 0, 0, 0) == 0;
		put(&there, sizeof(there));
	}
}

static void report(const struct signal_context *machine, uint32_t trap)
{
	struct result result = {
		.trap = trap,
		.error = machine->error,
		.cr2 = machine->cr2,
		.registers = { machine->eax, machine->ecx, machine->edx, machine->ebx,
			       machine->esp, machine->ebp, machine->esi, machine->edi },
		.eflags = machine->eflags,
		.eip = machine->eip,
		.selectors = { machine->es & 0xffff, machine->cs & 0xffff, machine->ss & 0xffff,
			       machine->ds & 0xffff, machine->fs & 0xffff, machine->gs & 0xffff },
	};
	uint32_t pass, i, at;

	/* The changes are counted before they are written. */
	for (pass = 0; pass < 2; pass++) {
		for (i = 0; i < window_count; i++) {
			if (!windows[i].writable)
				continue;
			for (at = 0; at < windows[i].bytes; at += 4) {
				const uint32_t *now = (const uint32_t *)(windows[i].address + at);
				uint32_t change[2] = { windows[i].address + at, *now };

				if (*now == *(const uint32_t *)&baseline[i][at])
					continue;
				if (pass == 0)
					result.changes++;
				else
					put(change, sizeof(change));
			}
		}
		if (pass == 0)
			put(&result, sizeof(result));
	}
}

static int in_writable_window(uint32_t address, uint32_t bytes)
{
	uint32_t i;

	for (i = 0; i < window_count; i++)
		if (windows[i].writable && address >= windows[i].address &&
		    address - windows[i].address + bytes <= windows[i].bytes)
			return 1;
	return 0;
}

static void prepare(struct signal_context *machine)
{
	struct test_case test;
	uint32_t i;

	if (!take(&test, sizeof(test))) {
		flush();
		system_exit(0);
	}
	for (i = 0; i < window_count; i++)
		if (windows[i].writable)
			memcpy((void *)windows[i].address, baseline[i], windows[i].bytes);
	while (test.patches--) {
		uint32_t address = take_dword();
		uint32_t bytes = take_dword();
		uint8_t padding[4];

		if (!in_writable_window(address, bytes))
			die("executor: a patch is outside the windows\n");
		take((void *)address, bytes);
		take(padding, -bytes & 3);
	}
	machine->eax = test.registers[0];
	machine->ecx = test.registers[1];
	machine->edx = test.registers[2];
	machine->ebx = test.registers[3];
	machine->esp = machine->esp_at_signal = test.registers[4];
	machine->ebp = test.registers[5];
	machine->esi = test.registers[6];
	machine->edi = test.registers[7];
	machine->eflags = test.eflags;
	machine->eip = test.eip;
	machine->es = test.selectors[0];
	machine->cs = test.selectors[1];
	machine->ss = test.selectors[2];
	machine->ds = test.selectors[3];
	machine->fs = test.selectors[4];
	machine->gs = test.selectors[5];
	cases_started++;
}

static void on_trap(int signal, void *information, struct user_context *context)
{
	(void)signal;
	(void)information;
	if (running)
		report(&context->machine, context->machine.trap);
	running = 1;
	prepare(&context->machine);
}

/* The same case at two ticks in a row: it does not end. */
static void on_tick(int signal, void *information, struct user_context *context)
{
	(void)signal;
	(void)information;
	if (running && cases_at_tick == cases_started) {
		report(&context->machine, TIMED_OUT);
		prepare(&context->machine);
	}
	cases_at_tick = cases_started;
}

asm("	.text\n"
    "restore:\n"
    "	movl	$173, %eax\n"
    "	int	$0x80\n");
extern char restore[];

static void handle(int signal, void *handler)
{
	struct signal_action action = {
		.handler = handler,
		.flags = SA_SIGINFO | SA_ONSTACK | SA_RESTORER,
		.restorer = restore,
		/* A tick must not come while a case is being prepared. */
		.mask = 1ull << (SIGALRM - 1),
	};

	if (system_call(SYS_RT_SIGACTION, signal, (long)&action, 0, sizeof(action.mask), 0, 0) < 0)
		die("executor: cannot handle signals\n");
}

_Noreturn void start(void)
{
	static const int traps[] = { SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV };
	struct signal_stack stack = { handler_stack, 0, sizeof(handler_stack) };
	struct interval tick = { 0, 200000, 0, 200000 };
	uint32_t i;

	set_up_windows();
	set_up_segments();
	system_call(SYS_SIGALTSTACK, (long)&stack, 0, 0, 0, 0, 0);
	for (i = 0; i < sizeof(traps) / sizeof(traps[0]); i++)
		handle(traps[i], on_trap);
	handle(SIGALRM, on_tick);
	system_call(SYS_SETITIMER, 0, (long)&tick, 0, 0, 0, 0);
	asm volatile("int3");
	die("executor: no case has run\n");
}

asm("	.globl	_start\n"
    "_start:\n"
    "	xorl	%ebp, %ebp\n"
    "	andl	$-16, %esp\n"
    "	call	start\n");
