/* A call of the ROM with every register chosen, and every register seen afterwards. */
#ifndef CALL_REGISTERS_H
#define CALL_REGISTERS_H

#include "kernel.h"

struct call_registers {
	u32 eax, ebx, ecx, edx, esi, edi, ebp, eflags;
	u32 stack0, stack1;		/* words above the return address */
	u32 target;
	u32 esp_moved;			/* afterwards: by how much the stack pointer is off */
};

/** Not reentrant. The arithmetic flags are set as given; the others stay as they are. */
void call_with_registers(struct call_registers *registers);

#endif
