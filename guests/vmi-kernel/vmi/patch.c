/* Inline patch sites: the operation's code, or a branch to it, in place of the call through a pointer. */
#include "patch.h"
#include "paravirt.h"
#include "vmi.h"

#define OPCODE_CALL 0xe8
#define OPCODE_JMP 0xe9
#define OPCODE_NOP 0x90

unsigned patch_branch(u8 *code, u8 opcode, const void *at, u32 target)
{
	const unsigned length = 5;
	u32 offset = target - ((u32)at + length);

	code[0] = opcode;
	for (unsigned i = 0; i < 4; i++)
		code[1 + i] = offset >> (8 * i);
	return length;
}

unsigned vmi_patch(u8 type, u8 *instr, u8 len)
{
	static const u8 calls[PATCH_TYPES] = {
		[PATCH_irq_disable] = VMI_CALL_DisableInterrupts,
		[PATCH_irq_enable] = VMI_CALL_EnableInterrupts,
		[PATCH_restore_fl] = VMI_CALL_SetInterruptMask,
		[PATCH_save_fl] = VMI_CALL_GetInterruptMask,
		[PATCH_iret] = VMI_CALL_IRET,
		[PATCH_irq_enable_sysexit] = VMI_CALL_SYSEXIT,
	};

	BUG_ON(type >= PATCH_TYPES);
	struct vmi_relocation_info relocation = vmi_get_relocation(calls[type]);
	switch (relocation.type) {
	case VMI_RELOCATION_CALL_REL:
	case VMI_RELOCATION_JUMP_REL:
		BUG_ON(len < 5);
		vmi_by_call[calls[type]] = 1;
		return patch_branch(instr, relocation.type == VMI_RELOCATION_CALL_REL ? OPCODE_CALL : OPCODE_JMP, instr,
				    relocation.eip);
	case VMI_RELOCATION_NOP:
		return 0;
	default:
		return len;
	}
}

void apply_paravirt(void)
{
	for (const struct patch_site *site = parainstructions_start; site < parainstructions_end; site++) {
		unsigned used = pv_info.patch(site->type, site->instr, site->len);
		BUG_ON(used > site->len);
		for (unsigned i = used; i < site->len; i++)
			site->instr[i] = OPCODE_NOP;
	}
	/* The processor may have fetched the old bytes (Intel SDM vol. 3, 8.1.3): a jump is enough on one. */
	asm volatile("jmp 1f; 1:" : : : "memory");
}
