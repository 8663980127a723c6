/*
 * lguest: INT 0x1f, the number in EAX, arguments in EDX, EBX, ECX, the result in EAX (Linux 2.6.24,
 * include/asm-x86/lguest_hcall.h). The first call of all names the data that guest and host share. lguest
 * has no port I/O calls; those used here are Ringside's.
 */
#include "backend.h"
#include "uart.h"
#include "lguest_calls.h"
#include "port_calls.h"
#include "string.h"

#define RING_SIZE 64
#define NO_CALL 0xff			/* status of an entry of the ring */
#define SYSCALL_VECTOR 0x80

/** What guest and host share (Linux 2.6.24, include/linux/lguest.h). */
static struct lguest_data {
	uint32_t irq_enabled;
	uint32_t blocked_interrupts;
	uint32_t cr2;
	uint32_t seconds, nanoseconds;
	uint8_t hcall_status[RING_SIZE];
	struct {
		uint32_t eax, ebx, ecx, edx;
	} hcalls[RING_SIZE];
	uint32_t reserve_mem;
	uint32_t tsc_khz;
	uint32_t noirq_start, noirq_end;
	/** What is mapped here and up is physical memory from 0 on. */
	uint32_t kernel_address;
	uint32_t syscall_vec;
} lguest_data;

_Static_assert(sizeof(struct lguest_data) == 1132, "lguest_data");

#define STRING_OF(x) #x
#define INT(vector) "int $" STRING_OF(vector)

static uint32_t lguest_call(uint32_t call, uint32_t arg1, uint32_t arg2, uint32_t arg3)
{
	asm volatile(INT(LGUEST_TRAP_ENTRY) : "+a"(call) : "d"(arg1), "b"(arg2), "c"(arg3) : "memory");
	return call;
}

io_accessor uint32_t lguest_single(uint32_t call, int port, uint32_t value)
{
	asm volatile(INT(LGUEST_TRAP_ENTRY) : "+a"(call) : "d"(port), "b"(value));
	return call;
}

io_accessor void lguest_outs(uint32_t call, int port, const void *addr, unsigned long count)
{
	asm volatile(INT(LGUEST_TRAP_ENTRY) : "+a"(call), "+c"(count), "+S"(addr) : "d"(port) : "memory");
}

io_accessor void lguest_ins(uint32_t call, int port, void *addr, unsigned long count)
{
	asm volatile(INT(LGUEST_TRAP_ENTRY) : "+a"(call), "+c"(count), "+D"(addr) : "d"(port) : "memory");
}

BUILD_PORT_CALLS(lguest, LGUEST)

static int lguest_activate(int wanted)
{
	if (!wanted && first_port_call("lguest") != LGUEST_CALL_INB)
		return 0;
	memset(lguest_data.hcall_status, NO_CALL, sizeof(lguest_data.hcall_status));
	lguest_data.syscall_vec = SYSCALL_VECTOR;
	lguest_call(LGUEST_CALL_LGUEST_INIT, (uint32_t)&lguest_data, 0, 0);
	lguest_take_over();
	return 1;
}

static void lguest_describe(void)
{
	print(" (TSC %u kHz)", lguest_data.tsc_khz);
}

const struct backend lguest_backend = { "lguest", lguest_activate, lguest_describe, NULL };
