/* Ways to end a guest: each is a group that runs only when named, and none comes back. */
#include "paravirt.h"
#include "test.h"
#include "vmi.h"

/** The stack is gone: the fault cannot be delivered, and the task gate of #DF takes over. */
void test_doublefault(void)
{
	check("about to lose the stack", 1);
	asm volatile("movl %0, %%esp; pushl %%eax" : : "r"(0xdff00000) : "memory");
}

/** @returns only where the hypervisor has no such call */
static void end_by(int call, u32 argument)
{
	struct vmi_relocation_info relocation = vmi.active ? vmi_get_relocation(call) : (struct vmi_relocation_info){ 0 };

	check("about to end", 1);
	if (relocation.type == VMI_RELOCATION_CALL_REL)
		((void (*)(u32))relocation.eip)(argument);
	skip("the end", "no such call");
}

void test_reboot(void)
{
	end_by(VMI_CALL_Reboot, 1);
}

void test_shutdown(void)
{
	end_by(VMI_CALL_Shutdown, 0);
}
