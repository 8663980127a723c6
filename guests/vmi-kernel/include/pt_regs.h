/* The stack of a kernel entry, as entry.S leaves it: Linux 2.6.22's struct pt_regs. */
#ifndef PT_REGS_H
#define PT_REGS_H

/* Offsets for assembly. */
#define PT_EAX 24
#define PT_EBP 20
#define PT_ORIG_EAX 40
#define PT_EIP 44
#define PT_CS 48
#define PT_EFLAGS 52
#define PT_OLDESP 56
#define PT_OLDSS 60
#define PT_FS 36

/* Not a vector: IRET has refused its frame. */
#define TRAP_BAD_IRET 32

#ifndef __ASSEMBLER__
#include "kernel.h"
#include "segment.h"

struct pt_regs {
	u32 ebx, ecx, edx, esi, edi, ebp, eax;
	u32 xds, xes, xfs;
	u32 orig_eax;			/* system call number; error code and vector of an exception */
	u32 eip, xcs, eflags;
	u32 esp, xss;			/* from user mode only */
};

/** What the processor pushes on top of that when it leaves V86 mode. */
struct v86_regs {
	struct pt_regs pt;
	u32 es, ds, fs, gs;
};

_Static_assert(offsetof(struct pt_regs, eax) == PT_EAX, "pt_regs");
_Static_assert(offsetof(struct pt_regs, ebp) == PT_EBP, "pt_regs");
_Static_assert(offsetof(struct pt_regs, xfs) == PT_FS, "pt_regs");
_Static_assert(offsetof(struct pt_regs, orig_eax) == PT_ORIG_EAX, "pt_regs");
_Static_assert(offsetof(struct pt_regs, eip) == PT_EIP, "pt_regs");
_Static_assert(offsetof(struct pt_regs, xcs) == PT_CS, "pt_regs");
_Static_assert(offsetof(struct pt_regs, eflags) == PT_EFLAGS, "pt_regs");
_Static_assert(offsetof(struct pt_regs, esp) == PT_OLDESP, "pt_regs");
_Static_assert(offsetof(struct pt_regs, xss) == PT_OLDSS, "pt_regs");

/** As Linux: user is RPL 3 or V86 mode, everything else is the kernel, whatever its level. */
static inline int user_mode(const struct pt_regs *regs)
{
	return (regs->xcs & 3) == 3 || (regs->eflags & EFLAGS_VM);
}
#endif

#endif
