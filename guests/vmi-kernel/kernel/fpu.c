/* Lazy switching of the FPU, as Linux's __unlazy_fpu() and math_state_restore(). */
#include "fpu.h"
#include "paravirt.h"
#include "sched.h"

/** Whose registers they are; NULL: nobody's, CR0.TS is set. */
static struct fpu *owner;
u32 fpu_switches;

static void save(struct fpu *fpu)
{
	asm volatile("fnsave %0; fwait" : "=m"(fpu->image));
}

static void set_ts(void)
{
	write_cr0(read_cr0() | CR0_TS);
}

void fpu_switch_out(void)
{
	if (!owner)
		return;
	save(owner);
	owner = NULL;
	set_ts();
}

void fpu_restore_current(void)
{
	u32 flags = local_irq_save();

	clts();
	fpu_switches++;
	if (current->fpu.used)
		asm volatile("frstor %0" : : "m"(current->fpu.image));
	else
		asm volatile("fninit");
	current->fpu.used = 1;
	owner = &current->fpu;
	local_irq_restore(flags);
}

void fpu_save_current(void)
{
	u32 flags = local_irq_save();

	fpu_switch_out();
	local_irq_restore(flags);
}

void fpu_drop(struct fpu *fpu)
{
	if (owner != fpu)
		return;
	owner = NULL;
	set_ts();
}
