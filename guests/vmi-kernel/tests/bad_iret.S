/* void jump_to_iret(u32 frame[5]): leaves by the operation, with the frame on top of the stack. */
#include "patch.h"
#include "pt_regs.h"

	.text
	.globl	jump_to_iret
	.type	jump_to_iret, @function
jump_to_iret:
	pushl	16(%eax)
	pushl	12(%eax)
	pushl	8(%eax)
	pushl	4(%eax)
	pushl	0(%eax)
	INTERRUPT_RETURN
	.size	jump_to_iret, . - jump_to_iret
