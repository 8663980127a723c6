/* The exception table: an instruction of the kernel that may fault, and where to go on if it does. */
#include "cpu.h"
#include "traps.h"

struct exception_table_entry {
	u32 insn, fixup;
};

extern const struct exception_table_entry ex_table_start[], ex_table_end[];

int fixup_exception(struct pt_regs *regs)
{
	for (const struct exception_table_entry *entry = ex_table_start; entry < ex_table_end; entry++) {
		if (entry->insn == regs->eip) {
			regs->eip = entry->fixup;
			return 1;
		}
	}
	return 0;
}

int rdmsr_safe(u32 msr, u64 *value)
{
	int ok = 1;

	asm volatile("1: rdmsr\n"
		     "2:\n\t"
		     ".pushsection .fixup, \"ax\"\n"
		     "3: xorl %0, %0\n\t"
		     "jmp 2b\n\t"
		     ".popsection\n\t" EX_TABLE("1b", "3b")
		     : "+r"(ok), "=A"(*value)
		     : "c"(msr));
	return ok;
}

int wrmsr_safe(u32 msr, u64 value)
{
	int ok = 1;

	asm volatile("1: wrmsr\n"
		     "2:\n\t"
		     ".pushsection .fixup, \"ax\"\n"
		     "3: xorl %0, %0\n\t"
		     "jmp 2b\n\t"
		     ".popsection\n\t" EX_TABLE("1b", "3b")
		     : "+r"(ok)
		     : "c"(msr), "A"(value));
	return ok;
}
