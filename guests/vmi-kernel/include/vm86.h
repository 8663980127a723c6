/* V86 mode for a user task, in the manner of Linux's vm86(): it ends by an interrupt, HLT or a fault. */
#ifndef VM86_H
#define VM86_H

#include "pt_regs.h"

/** What the program gives, and finds changed afterwards. */
struct vm86_registers {
	u32 ebx, ecx, edx, esi, edi, ebp, eax;
	u32 eip, cs, eflags, esp, ss, es, ds, fs, gs;
};

struct vm86 {
	int active;
	u32 user;			/* struct vm86_registers of the program */
	u32 saved_esp0;
	int interrupts_on;		/* IF as the V86 code sees it */
};

/** How it ended: in the result, bits 0-7; bits 8-15 hold the interrupt's or exception's number. */
#define VM86_INT 1
#define VM86_HLT 2
#define VM86_FAULT 3

/** Does not return to its caller where all is well: the way to V86 mode is the return from the system call. */
int sys_vm86(u32 user);
/** An exception in V86 mode: emulates the instruction or ends the mode. */
int vm86_exception(struct v86_regs *regs, u32 vector);

#endif
