/*
 * Runs single instructions on the processor at hand, with given general, x87, MMX and XMM registers, MXCSR and memory.
 *
 * Standard input: cases until its end. Standard output: one result per case. See the structures; numbers are little-endian.
 * Code and data are at the fixed addresses below, so that the emulator can run the same bytes; no page follows the data.
 */
#include <stddef.h>
#include <stdint.h>

#include "linux.h"

#define CODE 0x40000
#define DATA 0x41000
#define PAGE 0x1000
/* The bytes of the data page that a case sets and a result tells: its end, so that an operand can run into the next page. */
#define OPERAND_BYTES 96
#define OPERANDS (DATA + PAGE - OPERAND_BYTES)

#define PROT_ALL 7
#define MAP_FIXED_PRIVATE_ANONYMOUS (0x10 | 0x02 | 0x20)

#define SIGILL 4
#define SIGTRAP 5
#define SIGBUS 7
#define SIGFPE 8
#define SIGSEGV 11
#define SA_SIGINFO 0x4
#define SA_RESTORER 0x04000000
#define SA_ONSTACK 0x08000000

#define NO_TRAP 0xff

struct state {
	uint8_t image[512];	/* as FXSAVE writes it */
	uint32_t registers[8];	/* EAX ECX EDX EBX ESP EBP ESI EDI; ESP is not loaded */
	uint32_t eflags, trap;
	uint8_t operands[OPERAND_BYTES];
	uint8_t code[24];	/* the instruction; not in use in a result */
};

struct signal_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

struct signal_stack {
	void *sp;
	int flags;
	size_t size;
};

/* arch/x86/include/uapi/asm/sigcontext.h and ucontext.h, the i386 side */
struct user_context {
	uint32_t flags, link;
	struct signal_stack stack;
	uint32_t gs, fs, es, ds;
	uint32_t edi, esi, ebp, esp, ebx, edx, ecx, eax;
	uint32_t trap, error, eip, cs, eflags;
};

struct state state __attribute__((aligned(16)));
uint32_t saved_stack;
static uint8_t handler_stack[32 * 1024] __attribute__((aligned(16)));

void run_case(void);
void case_done(void);

/* Loads the state, runs the code, stores the state. A trap comes to case_done too, with the state that it found. */
asm("	.text\n"
    "	.globl	run_case\n"
    "run_case:\n"
    "	pushal\n"
    "	movl	%esp, saved_stack\n"
    "	fxrstor	state\n"
    "	pushl	state+544\n"
    "	popfl\n"
    "	movl	state+512, %eax\n"
    "	movl	state+516, %ecx\n"
    "	movl	state+520, %edx\n"
    "	movl	state+524, %ebx\n"
    "	movl	state+532, %ebp\n"
    "	movl	state+536, %esi\n"
    "	movl	state+540, %edi\n"
    "	jmp	0x40000\n"
    "	.globl	case_done\n"
    "case_done:\n"
    "	movl	%eax, state+512\n"
    "	movl	%ecx, state+516\n"
    "	movl	%edx, state+520\n"
    "	movl	%ebx, state+524\n"
    "	movl	%esp, state+528\n"
    "	movl	%ebp, state+532\n"
    "	movl	%esi, state+536\n"
    "	movl	%edi, state+540\n"
    "	movl	saved_stack, %esp\n"
    "	pushfl\n"
    "	popl	state+544\n"
    "	fxsave	state\n"
    "	cld\n"
    "	popal\n"
    "	ret\n"
    "restore:\n"
    "	movl	$173, %eax\n"
    "	int	$0x80\n");
extern char restore[];

void *memcpy(void *to, const void *from, size_t bytes)
{
	void *start = to;

	asm volatile("rep movsb" : "+D"(to), "+S"(from), "+c"(bytes) : : "memory");
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

static void on_trap(int signal, void *information, struct user_context *context)
{
	(void)signal;
	(void)information;
	state.trap = context->trap;
	context->eip = (uint32_t)case_done;
}

static void handle(int signal)
{
	struct signal_action action = {
		.handler = on_trap,
		.flags = SA_SIGINFO | SA_ONSTACK | SA_RESTORER,
		.restorer = restore,
	};

	if (system_call(SYS_RT_SIGACTION, signal, (long)&action, 0, sizeof(action.mask), 0, 0) < 0)
		die("executor: cannot handle signals\n");
}

static int transfer(int number, int file, void *data, uint32_t bytes)
{
	uint32_t at = 0;

	while (at < bytes) {
		long part = system_call(number, file, (long)data + at, bytes - at, 0, 0, 0);

		if (part <= 0)
			return 0;
		at += part;
	}
	return 1;
}

_Noreturn void start(void)
{
	static const int traps[] = { SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGSEGV };
	struct signal_stack stack = { handler_stack, 0, sizeof(handler_stack) };
	uint8_t *code = (uint8_t *)CODE;
	uint32_t i;

	if (system_call(SYS_MMAP2, CODE, 2 * PAGE, PROT_ALL, MAP_FIXED_PRIVATE_ANONYMOUS, -1, 0) != CODE)
		die("executor: the addresses of code and data are not free\n");
	system_call(SYS_SIGALTSTACK, (long)&stack, 0, 0, 0, 0, 0);
	for (i = 0; i < sizeof(traps) / sizeof(traps[0]); i++)
		handle(traps[i]);
	while (transfer(SYS_READ, 0, &state, sizeof(state))) {
		uint32_t back;

		/* The instruction may be of any length up to 15: NOPs and a jump follow it. */
		memcpy(code, state.code, sizeof(state.code));
		code[sizeof(state.code)] = 0xe9;
		back = (uint32_t)case_done - (CODE + sizeof(state.code) + 5);
		memcpy(code + sizeof(state.code) + 1, &back, sizeof(back));
		memcpy((void *)OPERANDS, state.operands, OPERAND_BYTES);
		state.trap = NO_TRAP;
		run_case();
		memcpy(state.operands, (void *)OPERANDS, OPERAND_BYTES);
		if (!transfer(SYS_WRITE, 1, &state, sizeof(state)))
			die("executor: cannot write\n");
	}
	system_exit(0);
}

asm("	.globl	_start\n"
    "_start:\n"
    "	xorl	%ebp, %ebp\n"
    "	andl	$-16, %esp\n"
    "	call	start\n");
