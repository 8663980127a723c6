/*
 * KVM: VMCALL, the number in EAX, arguments in EBX, ECX, EDX, ESI, the result in EAX and nothing else
 * changed (Linux arch/x86/include/asm/kvm_para.h). KVM has no port I/O calls; those used here are
 * Ringside's, and a string also counts ECX down and moves its index register on.
 */
#include "backend.h"
#include "cpu.h"
#include "uart.h"
#include "kvm_calls.h"
#include "port_calls.h"

#define KVM_CPUID_FEATURES 1		/* leaf, from the one with the signature */
#define KVM_FEATURE_NOP_IO_DELAY (1u << 1)

#define VMCALL ".byte 0x0f, 0x01, 0xc1"	/* the assembler knows nothing later than a 386 */

io_accessor uint32_t kvm_single(uint32_t call, int port, uint32_t value)
{
	asm volatile(VMCALL : "+a"(call) : "b"(port), "c"(value));
	return call;
}

io_accessor void kvm_outs(uint32_t call, int port, const void *addr, unsigned long count)
{
	asm volatile(VMCALL : "+a"(call), "+c"(count), "+S"(addr) : "b"(port) : "memory");
}

io_accessor void kvm_ins(uint32_t call, int port, void *addr, unsigned long count)
{
	asm volatile(VMCALL : "+a"(call), "+c"(count), "+D"(addr) : "b"(port) : "memory");
}

BUILD_PORT_CALLS(kvm, KVM)

static uint32_t base;

static int kvm_activate(int wanted)
{
	struct cpuid features;

	base = hypervisor_leaf(KVM_SIGNATURE);
	if (!wanted && first_port_call("kvm") != KVM_CALL_INB)
		return 0;
	/* Without CPUID the calls themselves must do: an unknown number is -1000, an unknown VMCALL #UD. */
	if (base && cpu_id(base + KVM_CPUID_FEATURES, &features) && features.eax & KVM_FEATURE_NOP_IO_DELAY)
		paravirt_ops.io_delay = no_io_delay;
	kvm_take_over();
	return 1;
}

static void kvm_describe(void)
{
	if (base)
		print(" (CPUID leaf %08x)", base);
}

const struct backend kvm_backend = { "kvm", kvm_activate, kvm_describe, NULL };
