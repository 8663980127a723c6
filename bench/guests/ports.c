/*
 * Storms of port accesses. Which way they go is the hypervisor's mode; `port_call` and `port_call_string` take VMI's
 * calls where there is a VMI ROM, and the plain instructions elsewhere, so that the kernels run anywhere.
 */
#include "kernels.h"

/* Nobody answers here. */
#define UNOWNED_PORT 0xed
/* The scratch register of the first serial port: keeps what is written. */
#define SCRATCH_PORT 0x3ff
#define STRING_BYTES 4096

#define VMI_ROM 0xc8000
#define VMI_SIGNATURE 0x696d5663	/* "cVmi" */
#define VMI_SIGNATURE_AT 8
#define VMI_INIT_AT 128
#define VMI_GET_RELOCATION_AT 136
#define VMI_OUTB 56
#define VMI_INB 50
#define VMI_OUTSB 59

static uint8_t buffer[STRING_BYTES];

static void out(uint16_t port, uint8_t value)
{
	__asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static uint8_t in(uint16_t port)
{
	uint8_t value;

	__asm__ volatile("inb %1, %0" : "=a"(value) : "Nd"(port));
	return value;
}

uint32_t run_port_out(uint32_t rounds)
{
	uint32_t i;

	for (i = 0; i < rounds; i++)
		out(UNOWNED_PORT, (uint8_t)i);
	return i;
}

uint32_t run_port_device(uint32_t rounds)
{
	uint32_t i;

	for (i = 0; i < rounds; i++)
		out(SCRATCH_PORT, (uint8_t)i);
	return in(SCRATCH_PORT);
}

uint32_t run_port_in(uint32_t rounds)
{
	uint32_t i, sum = 0;

	out(SCRATCH_PORT, 0x5a);
	for (i = 0; i < rounds; i++)
		sum += in(SCRATCH_PORT) ^ i;
	return sum;
}

uint32_t run_port_outs(uint32_t rounds)
{
	uint32_t i;

	for (i = 0; i < rounds; i++) {
		const uint8_t *from = buffer;
		uint32_t count = STRING_BYTES;

		__asm__ volatile("rep outsb" : "+S"(from), "+c"(count) : "d"((uint16_t)UNOWNED_PORT) : "memory");
	}
	return i;
}

uint32_t run_port_ins(uint32_t rounds)
{
	uint32_t i;

	out(SCRATCH_PORT, 0xa5);
	for (i = 0; i < rounds; i++) {
		uint8_t *to = buffer;
		uint32_t count = STRING_BYTES;

		__asm__ volatile("rep insb" : "+D"(to), "+c"(count) : "d"((uint16_t)SCRATCH_PORT) : "memory");
	}
	return buffer[0] + buffer[STRING_BYTES - 1];
}

/* Code of the hypervisor for a call, or a null pointer where there is no VMI ROM. */
static void *vmi_call(int number)
{
	static int ready;
	const uint8_t *rom = (const uint8_t *)VMI_ROM;
	uint32_t code, type;

	__asm__("" : "+r"(rom));
	if (*(const uint32_t *)(rom + VMI_SIGNATURE_AT) != VMI_SIGNATURE)
		return 0;
	if (!ready) {
		__asm__ volatile("call *%1" : "=a"(code) : "r"(rom + VMI_INIT_AT) : "ecx", "edx", "memory", "cc");
		ready = 1;
	}
	__asm__ volatile("call *%2" : "=a"(code), "=d"(type) : "r"(rom + VMI_GET_RELOCATION_AT), "0"(number)
			 : "ecx", "memory", "cc");
	return (void *)code;
}

uint32_t run_port_call(uint32_t rounds)
{
	void *call = vmi_call(VMI_OUTB);
	uint32_t i;

	if (!call)
		return run_port_out(rounds);
	for (i = 0; i < rounds; i++)
		__asm__ volatile("call *%0" : : "r"(call), "a"((uint8_t)i), "d"(UNOWNED_PORT));
	return i;
}

uint32_t run_port_call_in(uint32_t rounds)
{
	void *call = vmi_call(VMI_INB);
	uint32_t i, sum = 0;

	if (!call)
		return run_port_in(rounds);
	out(SCRATCH_PORT, 0x5a);
	for (i = 0; i < rounds; i++) {
		uint8_t value;

		__asm__ volatile("call *%1" : "=a"(value) : "r"(call), "d"(SCRATCH_PORT));
		sum += value ^ i;
	}
	return sum;
}

uint32_t run_port_call_outs(uint32_t rounds)
{
	void *call = vmi_call(VMI_OUTSB);
	uint32_t i;

	if (!call)
		return run_port_outs(rounds);
	for (i = 0; i < rounds; i++) {
		const uint8_t *from = buffer;
		uint32_t count = STRING_BYTES;

		__asm__ volatile("call *%2" : "+S"(from), "+c"(count) : "r"(call), "d"(UNOWNED_PORT) : "memory");
	}
	return i;
}

/* What a kernel does around a critical section. */
uint32_t run_irq_flags(uint32_t rounds)
{
	uint32_t i;

	for (i = 0; i < rounds; i++) {
		uint32_t flags;

		__asm__ volatile("pushf; pop %0; cli" : "=r"(flags) : : "memory");
		buffer[i % STRING_BYTES]++;
		__asm__ volatile("push %0; popf" : : "r"(flags) : "memory", "cc");
	}
	return buffer[1];
}
