#include "port_calls.h"

#include "cpu.h"
#include "string.h"

#define HYPERVISOR_PRESENT (1u << 31)	/* leaf 1, ECX */
#define FIRST_LEAF 0x40000000u
#define LEAF_STEP 0x100
#define LAST_LEAF 0x40010000u
#define SIGNATURE_BYTES 12

/** Three registers as text. */
static int spells(const uint32_t registers[3], const char *text)
{
	char expected[SIGNATURE_BYTES] = { 0 };

	for (unsigned i = 0; i < SIGNATURE_BYTES && text[i]; i++)
		expected[i] = text[i];
	return !memcmp(registers, expected, SIGNATURE_BYTES);
}

uint32_t hypervisor_leaf(const char *signature)
{
	struct cpuid one;

	if (!cpu_id(1, &one) || !(one.ecx & HYPERVISOR_PRESENT))
		return 0;
	for (uint32_t leaf = FIRST_LEAF; leaf < LAST_LEAF; leaf += LEAF_STEP) {
		struct cpuid found;

		cpu_id(leaf, &found);
		if (spells((const uint32_t[]) { found.ebx, found.ecx, found.edx }, signature))
			return leaf;
	}
	return 0;
}

uint32_t first_port_call(const char *abi)
{
	uint32_t base = hypervisor_leaf("RingsideIO");
	struct cpuid found;

	if (!base)
		return 0;
	cpu_id(base, &found);
	for (uint32_t leaf = base + 1, last = found.eax; leaf <= last; leaf++) {
		cpu_id(leaf, &found);
		if (spells((const uint32_t[]) { found.ebx, found.ecx, found.edx }, abi))
			return found.eax;
	}
	return 0;
}

void no_io_delay(void)
{
}
