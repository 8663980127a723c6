/*
 * Carries out floating-point instructions on the processor at hand. Standard input: requests, standard output: a
 * reply for each. x87 results are read without waiting, so that unmasked exceptions show in the status word and
 * nothing else; those of SSE raise a signal, whose handler masks them and goes on behind the instruction.
 */
#include <stddef.h>
#include <stdint.h>

#include "linux.h"

#define SIGFPE 8
#define SA_SIGINFO 0x4
#define SA_RESTORER 0x04000000

struct request {
	uint32_t operation, control;	/* index into `operations`; control word or MXCSR */
	uint8_t a[16], b[16];
};

struct reply {
	uint32_t flags;			/* status word or MXCSR; bit 31: an SSE exception was unmasked */
	uint8_t result[16], second[16];
};

#define UNMASKED 0x80000000u
#define ALL_MASKED 0x1f80

/* arch/x86/include/uapi/asm/sigcontext.h and ucontext.h, the i386 side */
struct floating_point_state {
	uint8_t legacy[112], fxsave_start[24];
	uint32_t mxcsr;
};

struct user_context {
	uint32_t flags, link, stack[3];
	uint32_t before_eip[14], eip, after_eip[4];
	struct floating_point_state *fpu;
};

struct signal_action {
	void *handler;
	unsigned long flags;
	void *restorer;
	uint64_t mask;
};

/* What FNSAVE writes: seven dwords, then the registers from ST(0). */
struct image {
	uint32_t control, status, tag, pointers[4];
	uint8_t registers[8][10];
};

static struct image image;
static uint32_t resume_at, unmasked, mxcsr;
static uint8_t input[64 * 1024], output[64 * 1024];

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

static void finish_x87(struct reply *reply)
{
	reply->flags = image.status & 0xffff;
	memcpy(reply->result, image.registers[0], 10);
	memcpy(reply->second, image.registers[1], 10);
}

/* An instruction on ST(0) = a and ST(1) = b. */
#define X87(name, instructions) \
	static void name(const struct request *q, struct reply *reply) \
	{ \
		asm volatile("fninit\n\tfldt %2\n\tfldt %1\n\tfldcw %3\n\t" instructions "\n\tfnsave %0" \
			     : "=m"(image) : "m"(q->a), "m"(q->b), "m"(q->control) : "memory"); \
		finish_x87(reply); \
	}

/* One that stores ST(0) = a. */
#define X87_STORE(name, instruction) \
	static void name(const struct request *q, struct reply *reply) \
	{ \
		asm volatile("fninit\n\tfldt %2\n\tfldcw %3\n\t" instruction " %1\n\tfnsave %0" \
			     : "=m"(image), "+m"(reply->result) : "m"(q->a), "m"(q->control) : "memory"); \
		reply->flags = image.status & 0xffff; \
	}

/* One that loads a from memory. */
#define X87_LOAD(name, instruction) \
	static void name(const struct request *q, struct reply *reply) \
	{ \
		asm volatile("fninit\n\tfldcw %2\n\t" instruction " %1\n\tfnsave %0" \
			     : "=m"(image) : "m"(q->a), "m"(q->control) : "memory"); \
		finish_x87(reply); \
	}

/* An instruction on XMM0 = a and XMM1 = b; EAX holds the low dword of a and is stored as second result. */
#define SSE(name, instruction) \
	static void name(const struct request *q, struct reply *reply) \
	{ \
		uint32_t general = *(const uint32_t *)q->a; \
		\
		unmasked = 0; \
		asm volatile("movups %4, %%xmm0\n\tmovups %5, %%xmm1\n\tmovl $1f, %3\n\tldmxcsr %6\n\t" \
			     instruction "\n1:\n\tstmxcsr %1\n\tmovups %%xmm0, %0" \
			     : "=m"(reply->result), "=m"(mxcsr), "+a"(general), "=m"(resume_at) \
			     : "m"(q->a), "m"(q->b), "m"(q->control) : "memory", "xmm0", "xmm1", "cc"); \
		reply->flags = (mxcsr & 0xffff) | unmasked; \
		*(uint32_t *)reply->second = general; \
	}

#define SSE_BOTH(name) \
	SSE(name ## ss, #name "ss %%xmm1, %%xmm0") \
	SSE(name ## sd, #name "sd %%xmm1, %%xmm0")

X87(fadd, "fadd %%st(1), %%st")
X87(fsub, "fsub %%st(1), %%st")
X87(fmul, "fmul %%st(1), %%st")
X87(fdiv, "fdiv %%st(1), %%st")
X87(fsqrt, "fsqrt")
X87(frndint, "frndint")
X87(fscale, "fscale")
X87(fxtract, "fxtract")
X87(fprem, "fprem")
X87(fprem1, "fprem1")
X87(fcom, "fcom %%st(1)")
X87(fucom, "fucom %%st(1)")
X87(fxam, "fxam")
X87_LOAD(fld32, "flds")
X87_LOAD(fld64, "fldl")
X87_LOAD(fild32, "fildl")
X87_LOAD(fild64, "fildll")
X87_LOAD(fbld, "fbld")
X87_STORE(fst32, "fstps")
X87_STORE(fst64, "fstpl")
X87_STORE(fist16, "fistps")
X87_STORE(fist32, "fistpl")
X87_STORE(fist64, "fistpll")
X87_STORE(fbstp, "fbstp")
SSE_BOTH(add)
SSE_BOTH(sub)
SSE_BOTH(mul)
SSE_BOTH(div)
SSE(sqrtss, "sqrtss %%xmm0, %%xmm0")
SSE(sqrtsd, "sqrtsd %%xmm0, %%xmm0")
SSE_BOTH(min)
SSE_BOTH(max)
SSE(comiss, "comiss %%xmm1, %%xmm0\n\tpushfl\n\tpopl %%eax")
SSE(comisd, "comisd %%xmm1, %%xmm0\n\tpushfl\n\tpopl %%eax")
SSE(ucomiss, "ucomiss %%xmm1, %%xmm0\n\tpushfl\n\tpopl %%eax")
SSE(ucomisd, "ucomisd %%xmm1, %%xmm0\n\tpushfl\n\tpopl %%eax")
#define PREDICATE(number) \
	SSE(cmpss ## number, "cmpss $" #number ", %%xmm1, %%xmm0") \
	SSE(cmpsd ## number, "cmpsd $" #number ", %%xmm1, %%xmm0")
PREDICATE(0)
PREDICATE(1)
PREDICATE(2)
PREDICATE(3)
PREDICATE(4)
PREDICATE(5)
PREDICATE(6)
PREDICATE(7)
SSE(cvtsi2ss, "cvtsi2ss %%eax, %%xmm0")
SSE(cvtsi2sd, "cvtsi2sd %%eax, %%xmm0")
SSE(cvtss2si, "cvtss2si %%xmm0, %%eax")
SSE(cvtsd2si, "cvtsd2si %%xmm0, %%eax")
SSE(cvttss2si, "cvttss2si %%xmm0, %%eax")
SSE(cvttsd2si, "cvttsd2si %%xmm0, %%eax")
SSE(cvtss2sd, "cvtss2sd %%xmm0, %%xmm0")
SSE(cvtsd2ss, "cvtsd2ss %%xmm0, %%xmm0")

typedef void operation(const struct request *, struct reply *);

/* In the order of test/machine/float/support/native.ts. */
static operation *const operations[] = {
	fadd, fsub, fmul, fdiv, fsqrt, frndint, fscale, fxtract, fprem, fprem1, fcom, fucom, fxam,
	fld32, fld64, fild32, fild64, fbld, fst32, fst64, fist16, fist32, fist64, fbstp,
	addss, addsd, subss, subsd, mulss, mulsd, divss, divsd, sqrtss, sqrtsd, minss, minsd, maxss, maxsd,
	comiss, comisd, ucomiss, ucomisd,
	cmpss0, cmpsd0, cmpss1, cmpsd1, cmpss2, cmpsd2, cmpss3, cmpsd3,
	cmpss4, cmpsd4, cmpss5, cmpsd5, cmpss6, cmpsd6, cmpss7, cmpsd7,
	cvtsi2ss, cvtsi2sd, cvtss2si, cvtsd2si, cvttss2si, cvttsd2si, cvtss2sd, cvtsd2ss,
};

static void on_exception(int signal, void *information, struct user_context *context)
{
	(void)signal;
	(void)information;
	unmasked = UNMASKED;
	context->fpu->mxcsr |= ALL_MASKED;
	context->eip = resume_at;
}

void restore(void);
asm(".text\n.globl restore\nrestore:\n\tmovl $173, %eax\n\tint $0x80");

/* Reads until the buffer is full or the input ends. */
static uint32_t fill(uint8_t *to, uint32_t bytes)
{
	uint32_t at = 0;

	while (at < bytes) {
		long got = system_call(SYS_READ, 0, (long)(to + at), bytes - at, 0, 0, 0);

		if (got <= 0)
			break;
		at += got;
	}
	return at;
}

static void drain(const uint8_t *from, uint32_t bytes)
{
	while (bytes) {
		long put = system_call(SYS_WRITE, 1, (long)from, bytes, 0, 0, 0);

		if (put <= 0)
			system_exit(1);
		from += put;
		bytes -= put;
	}
}

void run(void)
{
	const struct signal_action action = {
		.handler = on_exception,
		.flags = SA_SIGINFO | SA_RESTORER,
		.restorer = restore,
	};
	const uint32_t batch = sizeof(output) / sizeof(struct request);

	system_call(SYS_RT_SIGACTION, SIGFPE, (long)&action, 0, sizeof(action.mask), 0, 0);
	for (;;) {
		uint32_t count = fill(input, batch * sizeof(struct request)) / sizeof(struct request);
		uint32_t i;

		for (i = 0; i < count; i++) {
			const struct request *request = (const struct request *)input + i;
			struct reply *reply = (struct reply *)output + i;

			if (request->operation >= sizeof(operations) / sizeof(*operations))
				system_exit(2);
			memset(reply, 0, sizeof(*reply));
			operations[request->operation](request, reply);
		}
		drain(output, count * sizeof(struct reply));
		if (count < batch)
			system_exit(0);
	}
}

/* The stack is aligned as C wants it. */
asm(".globl _start\n_start:\n\tandl $-16, %esp\n\tcall run");
