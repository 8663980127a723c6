/* Exceptions: names, the exception table, and faults that a test waits for. */
#ifndef TRAPS_H
#define TRAPS_H

#include "pt_regs.h"

enum {
	TRAP_DE, TRAP_DB, TRAP_NMI, TRAP_BP, TRAP_OF, TRAP_BR, TRAP_UD, TRAP_NM, TRAP_DF, TRAP_CSO, TRAP_TS, TRAP_NP,
	TRAP_SS, TRAP_GP, TRAP_PF, TRAP_SPURIOUS, TRAP_MF, TRAP_AC, EXCEPTIONS = 20,
};

/** #GP, #PF, ... */
const char *trap_name(unsigned vector);

/** Writes all 256 gates by the operation. */
void trap_init(void);

/** Called by entry.S with interrupts off. */
void do_exception(struct pt_regs *regs, u32 vector, u32 error_code);
void do_page_fault(struct pt_regs *regs, u32 error_code, u32 address);

/** Continues at the fixup of regs->eip, if the exception table has one. */
int fixup_exception(struct pt_regs *regs);

/** An exception as a catcher, or a user program's handler, sees it. */
struct caught {
	u32 vector, error_code, cr2, eip, eflags, cs;
};

/**
 * Runs function(argument). An exception of the kernel that has no fixup ends it. Not reentrant.
 * @returns 1 if one did, and *@caught tells which; else 0
 */
int catch_exception(void (*function)(void *), void *argument, struct caught *caught);

/** A catcher is waiting: the exception is handed to it. */
int deliver_to_catcher(struct pt_regs *regs, u32 vector, u32 error_code, u32 cr2);

/** #BP and #DB of the kernel: counted here, so that a test can raise them. */
extern u32 kernel_breakpoints, kernel_debug_traps;

/** How often each vector was entered since boot. */
extern u32 trap_counts[EXCEPTIONS];

#define EX_TABLE(insn, fixup) ".pushsection __ex_table, \"a\"\n\t.balign 4\n\t.long " insn ", " fixup "\n\t.popsection\n\t"

#endif
