/* Runs all programs, as a Linux process (-DLINUX) or as a multiboot guest. */
#include "runtime.h"

#ifdef LINUX
#include "../native/linux.h"

static char buffer[4096];
static size_t used;

static void flush(void)
{
	system_call(SYS_WRITE, 1, (long)buffer, used, 0, 0, 0);
	used = 0;
}

void output(const char *bytes, size_t count)
{
	while (count--) {
		if (used == sizeof(buffer))
			flush();
		buffer[used++] = *bytes++;
	}
}

static _Noreturn void finish(void)
{
	flush();
	system_exit(0);
}
#else
void output(const char *bytes, size_t count)
{
	while (count--)
		asm volatile("outb %%al, $0xe9" : : "a"(*bytes++));
}

static _Noreturn void finish(void)
{
	for (;;)
		asm volatile("outb %%al, $0xf4" : : "a"(0x10));
}
#endif

void run_programs(void);

__attribute__((noreturn, used)) void run_programs(void)
{
	static const struct {
		const char *name;
		void (*run)(void);
	} programs[] = {
		{ "sorting", sorting },
		{ "big numbers", big_numbers },
		{ "checksums", checksums },
		{ "strings", strings },
		{ "wide arithmetic", wide_arithmetic },
		{ "narrow arithmetic", narrow_arithmetic },
		{ "control flow", control_flow },
		{ "tables", tables },
		{ "compression", compression },
		{ "machine", machine },
		{ "floating", floating },
		{ "vectors", vectors },
		{ "structures", structures },
		{ "bit fields", bit_fields },
		{ "unions", unions },
		{ "unaligned", unaligned },
		{ "variadic", variadic },
		{ "variable frames", variable_frames },
		{ "jumps out", jumps_out },
		{ "recursion", recursion },
		{ "function pointers", function_pointers },
		{ "switches", switches },
		{ "computed goto", computed_goto },
		{ "narrowing", narrowing },
		{ "overflows", overflows },
		{ "bit counts", bit_counts },
		{ "trees", trees },
		{ "hash table", hash_table },
		{ "allocator", allocator },
		{ "priority queue", priority_queue },
		{ "parsing", parsing },
		{ "message digest", message_digest },
		{ "stream cipher", stream_cipher },
		{ "number transform", number_transform },
		{ "matrices", matrices },
	};
	size_t i;

	for (i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		print("-- %s\n", programs[i].name);
		programs[i].run();
	}
	print("-- done\n");
	finish();
}

#ifdef LINUX
asm("	.globl	_start\n"
    "_start:\n"
    "	xorl	%ebp, %ebp\n"
    "	andl	$-16, %esp\n"
    "	call	run_programs\n");
#else
/* SSE wants the operating system's consent: OSFXSR and OSXMMEXCPT in CR4 (Intel SDM vol. 3A, 13.1). */
#ifdef __SSE__
#define ENABLE_SSE "	movl	%cr4, %eax\n	orl	$0x600, %eax\n	movl	%eax, %cr4\n"
#else
#define ENABLE_SSE ""
#endif

/* The boot code's stack is too small for programs that recurse. */
__attribute__((used, aligned(16))) uint8_t own_stack[1 << 20];

asm("	.globl	main\n"
    "main:\n"
    ENABLE_SSE
    "	movl	$own_stack + (1 << 20), %esp\n"
    "	call	run_programs\n");
#endif
