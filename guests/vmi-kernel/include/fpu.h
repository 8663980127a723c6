/* The FPU's registers, switched when they are first used (CR0.TS and #NM). */
#ifndef FPU_H
#define FPU_H

#include "kernel.h"

struct fpu {
	u8 image[108];			/* of FNSAVE */
	u8 used;			/* the image is valid, or the registers hold it */
};

/** Out of the registers, if they are the present task's; from now on #NM tells of their use. */
void fpu_switch_out(void);
/** #NM: the registers become the present task's. */
void fpu_restore_current(void);
/** Forgets a task that ends. */
void fpu_drop(struct fpu *fpu);
/** Brings the image of the present task up to date. */
void fpu_save_current(void);

extern u32 fpu_switches;

#endif
