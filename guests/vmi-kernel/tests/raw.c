/* What Linux executes raw: it is trapped and emulated, or shows what the specification's Appendix C says. */
#include "cpu.h"
#include "desc.h"
#include "io.h"
#include "paravirt.h"
#include "sched.h"
#include "test.h"
#include "timer.h"
#include "traps.h"

#define NO_MSR 0x12745

static u32 raw_flags(void)
{
	u32 flags;
	asm volatile("pushfl; popl %0" : "=r"(flags));
	return flags;
}

static void raw_registers(void)
{
	u32 value;

	asm volatile("movl %%cr0, %0" : "=r"(value));
	check_equal("mov from cr0", read_cr0(), value);
	asm volatile("movl %%cr3, %0" : "=r"(value));
	check_equal("mov from cr3", read_cr3(), value);
	asm volatile("movl %0, %%cr3" : : "r"(value) : "memory");
	check_equal("mov to cr3", value, read_cr3());
	asm volatile("movl %%cr4, %0" : "=r"(value));
	check_equal("mov from cr4", read_cr4(), value);
	asm volatile("movl %0, %%cr4" : : "r"(value));
	check_equal("mov to cr4", value, read_cr4());
	asm volatile("movl %0, %%db0; movl %%db0, %0" : "+r"(value));
	check_equal("mov to and from dr0", read_cr4(), value);
	u32 flags = local_irq_save();
	fpu_save_current();
	write_cr0(read_cr0() | CR0_TS);
	asm volatile("clts");
	value = read_cr0() & CR0_TS;
	write_cr0(read_cr0() | CR0_TS);
	local_irq_restore(flags);
	check_equal("clts", 0, value);
	asm volatile("wbinvd");
	asm volatile("invlpg (%0)" : : "r"(gdt_table) : "memory");
	check("wbinvd and invlpg", 1);
}

static void raw_msrs(void)
{
	u64 value;

	if (!machine_is_lenient()) {
		check_equal("rdmsr of one that does not exist: fixup", 0, rdmsr_safe(NO_MSR, &value));
		check_equal("wrmsr of one that does not exist: fixup", 0, wrmsr_safe(NO_MSR, 0));
	}
	if (cpu_has(FEATURE_MTRR))
		check("rdmsr of MTRRcap", rdmsr_safe(MSR_MTRRCAP, &value));
	if (!cpu_has(FEATURE_SEP))
		return;
	check_equal("rdmsr", KERNEL_CS, rdmsr(MSR_SYSENTER_CS));
	u64 old = rdmsr(MSR_SYSENTER_EIP);
	wrmsr(MSR_SYSENTER_EIP, 0xc0123456);
	check_equal("wrmsr", 0xc0123456, rdmsr(MSR_SYSENTER_EIP));
	wrmsr(MSR_SYSENTER_EIP, old);
}

static void raw_io(void)
{
	u8 value = 0xff;

	for (u8 i = 0; i < 3; i++)
		asm volatile("outb %b0, $0x80" : : "a"(i));
	asm volatile("inb $0x21, %0" : "=a"(value));
	u8 by_operation = inb(0x21);
	native_port_accesses += 4;
	port_accesses[0x80] += 3;
	port_accesses[0x21]++;
	check_equal("in: the same as by the operation", by_operation, value);
}

/** Deprivileged, these work on the hypervisor's virtual flag: the kernel's own view must follow. */
static void raw_cli_sti(void)
{
	asm volatile("cli");
	int off = irqs_disabled();
	asm volatile("sti; nop");
	int on = !irqs_disabled();
	check("cli", off);
	check("sti", on);
}

/** Linux's check_hlt(): four HLT with interrupts on, each ended by a tick. */
static void raw_hlt(void)
{
	u32 before = jiffies;

	for (u32 i = 0; i < 4; i++)
		asm volatile("hlt" : : : "memory");
	check("hlt", jiffies - before >= 4 && !irqs_disabled());
}

static void raw_selectors(void)
{
	u32 access = 0, limit = 0;
	int valid;

	asm volatile("xorl %2, %2; larl %3, %0; setz %b2; lsll %3, %1" : "=&r"(access), "=&r"(limit), "=&q"(valid) : "r"(USER_DS));
	check("lar of user data", valid && (access & 0xf000) == 0xf000);
	check("lsl of user data", limit >= PAGE_OFFSET);
	struct dtr gdt;
	asm volatile("sgdt %0" : "=m"(gdt));
	check("sgdt shows a table", gdt.limit >= GDT_ENTRIES * 8 - 1);
	u32 word;
	asm volatile("smsw %0" : "=r"(word));
	check("smsw: PE", word & CR0_PE);
	u32 flags = raw_flags();
	asm volatile("pushl %0; popfl" : : "r"(flags | EFLAGS_CF) : "cc");
	check("pushf and popf", flags & 2);
}

void test_raw(void)
{
	raw_registers();
	raw_msrs();
	raw_io();
	raw_cli_sti();
	raw_hlt();
	raw_selectors();
}

static void do_ud2(void *unused) { (void)unused; asm volatile("ud2"); }
static void do_divide(void *unused) { (void)unused; asm volatile("xorl %%edx, %%edx; divl %%edx" : : : "eax", "edx"); }
static void do_read(void *address) { (void)*(volatile u32 *)address; }
static void do_write(void *address) { *(volatile u32 *)address = 1; }
static void do_call(void *address) { ((void (*)(void))address)(); }
static void do_load_gs(void *selector) { asm volatile("movl %0, %%gs" : : "r"(selector)); }
static void do_far_jump(void *unused) { (void)unused; asm volatile("ljmp $0x150, $0"); }
static void do_reserved_cr4(void *cr4) { asm volatile("movl %0, %%cr4" : : "r"((u32)cr4 | 0x80000000)); }

/** Exceptions of the kernel that have no fixup, raised on purpose. */
static const struct kernel_fault {
	const char *name;
	void (*run)(void *);
	u32 argument, vector, error_code;
	int has_address;
} kernel_faults[] = {
	{ "ud2", do_ud2, 0, TRAP_UD, 0, 0 },
	{ "divide", do_divide, 0, TRAP_DE, 0, 0 },
	{ "read of nothing", do_read, 0xdff00000, TRAP_PF, 0, 1 },
	{ "write to nothing", do_write, 0xdff00004, TRAP_PF, 2, 1 },
	{ "call of nothing", do_call, 0xdff00008, TRAP_PF, 0, 1 },
	{ "null pointer", do_read, 0, TRAP_PF, 0, 1 },
	{ "selector beyond the table", do_load_gs, 0x150, TRAP_GP, 0x150, 0 },
	{ "selector of code that is not there", do_far_jump, 0, TRAP_GP, 0x150, 0 },
	{ "reserved bits of cr4", do_reserved_cr4, 0, TRAP_GP, 0, 0 },
};

void test_fixup(void)
{
	struct caught caught;
	u32 before = mm_counts.fixups, breakpoints = kernel_breakpoints;

	for (u32 i = 0; i < ARRAY_SIZE(kernel_faults); i++) {
		const struct kernel_fault *fault = &kernel_faults[i];
		if (fault->run == do_reserved_cr4 && machine_is_lenient())
			continue;
		caught = (struct caught){ .vector = -1u };
		u32 argument = fault->run == do_reserved_cr4 ? read_cr4() : fault->argument;
		catch_exception(fault->run, (void *)argument, &caught);
		check(fault->name, caught.vector == fault->vector && caught.error_code == fault->error_code &&
		      (!fault->has_address || caught.cr2 == fault->argument));
		if (caught.vector != fault->vector || caught.error_code != fault->error_code)
			printk("  %s, error code %x, address %x\n", trap_name(caught.vector), caught.error_code, caught.cr2);
	}
	check_equal("level in the frame", get_kernel_rpl(), caught.cs & 3);
	check("interrupts are still on", !irqs_disabled());
	asm volatile("int3");
	check_equal("breakpoint", breakpoints + 1, kernel_breakpoints);
	u32 traps = kernel_debug_traps;
	asm volatile("pushfl; orl $0x100, (%%esp); popfl; nop" : : : "memory", "cc");
	check_equal("single step", traps + 1, kernel_debug_traps);
	u32 word = 0;
	check_equal("copy from a bad pointer", 4, copy_from_user(&word, 0x70000000, 4));
	check_equal("copy to a bad pointer", 4, copy_to_user(0x70000000, &word, 4));
	check_equal("copy from the kernel's half", 4, copy_from_user(&word, PAGE_OFFSET, 4));
	check_equal("fixups of page faults", before + 2, mm_counts.fixups);
}
