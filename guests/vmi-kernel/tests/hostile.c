/* A kernel that misbehaves. It must live, or die by a clean fault; the hypervisor reports. */
#include "call_registers.h"
#include "mm.h"
#include "paravirt.h"
#include "sched.h"
#include "string.h"
#include "test.h"
#include "vmi.h"

void test_hostile(void)
{
	check("alive", 1);
}
