/*
 * VMware's backdoor: IN EAX, DX with a magic number in EAX, the command in CX, the result in EAX (Linux
 * arch/x86/kernel/cpu/vmware.c). It has no port I/O commands; those used here are Ringside's, with the
 * port in the upper half of ECX.
 */
#include "backend.h"
#include "uart.h"
#include "port_calls.h"
#include "vmware_calls.h"

#include <stdint.h>

#define BACKDOOR "inl %%dx, %%eax"
#define PORT_COMMAND(call, port) ((uint32_t)(port) << 16 | (call))

io_accessor uint32_t vmware_single(uint32_t call, int port, uint32_t value)
{
	uint32_t result;

	asm volatile(BACKDOOR : "=a"(result)
		     : "a"(VMWARE_MAGIC), "b"(value), "c"(PORT_COMMAND(call, port)), "d"(VMWARE_PORT));
	return result;
}

io_accessor void vmware_outs(uint32_t call, int port, const void *addr, unsigned long count)
{
	uint32_t result;

	asm volatile(BACKDOOR : "=a"(result), "+b"(count), "+S"(addr)
		     : "a"(VMWARE_MAGIC), "c"(PORT_COMMAND(call, port)), "d"(VMWARE_PORT) : "memory");
}

io_accessor void vmware_ins(uint32_t call, int port, void *addr, unsigned long count)
{
	uint32_t result;

	asm volatile(BACKDOOR : "=a"(result), "+b"(count), "+D"(addr)
		     : "a"(VMWARE_MAGIC), "c"(PORT_COMMAND(call, port)), "d"(VMWARE_PORT) : "memory");
}

BUILD_PORT_CALLS(vmware, VMWARE)

static uint32_t version;

static int vmware_activate(int wanted)
{
	uint32_t magic = 0, product = VMWARE_CALL_GETVERSION;

	if (!wanted && first_port_call("vmware") != VMWARE_CALL_INB)
		return 0;
	/* On bare hardware nobody answers, and EBX stays as it is. */
	asm volatile(BACKDOOR : "=a"(version), "+b"(magic), "+c"(product) : "a"(VMWARE_MAGIC), "d"(VMWARE_PORT));
	if (version == UINT32_MAX || magic != VMWARE_MAGIC)
		return 0;
	vmware_take_over();
	return 1;
}

static void vmware_describe(void)
{
	print(" (backdoor version %u)", version);
}

const struct backend vmware_backend = { "vmware", vmware_activate, vmware_describe, NULL };
