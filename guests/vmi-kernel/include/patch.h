/*
 * Patch sites: places in the code where a call through a pointer may be replaced by the operation itself
 * or by a direct call. Each leaves a record in .parainstructions (Linux 2.6.22, asm-i386/paravirt.h).
 */
#ifndef PATCH_H
#define PATCH_H

#include "vmi_calls.h"

/* Order of the members of struct pv_irq_ops. */
#define PATCH_irq_disable 0
#define PATCH_irq_enable 1
#define PATCH_restore_fl 2
#define PATCH_save_fl 3
#define PATCH_iret 4
#define PATCH_irq_enable_sysexit 5
#define PATCH_TYPES 6

#ifdef __ASSEMBLER__

	/* A site lies between these two; @type is the index of its operation. */
	.macro	para_begin
771:
	.endm
	.macro	para_end type
772:	.pushsection .parainstructions, "a"
	.balign	4
	.long	771b
	.byte	\type
	.byte	772b - 771b
	.short	0
	.popsection
	.endm

	/* A call that keeps all registers: the native function may spoil some. */
	.macro	para_call type
	para_begin
	pushl	%eax
	pushl	%ecx
	pushl	%edx
	call	*%cs:pv_irq_ops + 4 * \type
	popl	%edx
	popl	%ecx
	popl	%eax
	para_end \type
	.endm

	.macro	count_call number
	incl	%ss:vmi_calls + 4 * \number
	.endm

	.macro	ENABLE_INTERRUPTS
	count_call VMI_CALL_EnableInterrupts
	para_call PATCH_irq_enable
	.endm

	.macro	DISABLE_INTERRUPTS
	para_call PATCH_irq_disable
	count_call VMI_CALL_DisableInterrupts
	.endm

	/* Seven bytes, and no register: user segments may be loaded already. */
	.macro	INTERRUPT_RETURN
	para_begin
	jmp	*%cs:pv_irq_ops + 4 * PATCH_iret
	para_end PATCH_iret
	.endm

	.macro	ENABLE_INTERRUPTS_SYSEXIT
	count_call VMI_CALL_SYSEXIT
	para_begin
	jmp	*%cs:pv_irq_ops + 4 * PATCH_irq_enable_sysexit
	para_end PATCH_irq_enable_sysexit
	.endm

#else

#include "kernel.h"

struct patch_site {
	u8 *instr;
	u8 type;
	u8 len;
	u16 clobbers;
};

extern const struct patch_site parainstructions_start[], parainstructions_end[];

/**
 * Replaces every patch site by what the back-end has for it. Once after activation, and again later:
 * nothing changes then. Interrupts must be off.
 */
void apply_paravirt(void);

/** Puts `opcode rel32` (CALL or JMP) into @code, to run at @at and reach @target. Returns its length. */
unsigned patch_branch(u8 *code, u8 opcode, const void *at, u32 target);

#define PARA_SITE(type, code)									    \
	"771:\n\t" code "\n772:\n\t"								    \
	".pushsection .parainstructions, \"a\"\n\t"						    \
	".balign 4\n\t.long 771b\n\t.byte %c[" #type "]\n\t.byte 772b - 771b\n\t.short 0\n\t"	    \
	".popsection"

#endif

#endif
