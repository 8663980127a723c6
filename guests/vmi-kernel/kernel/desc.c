/* Descriptor tables (trap_init(), cpu_init(), sysenter setup of Linux). */
#include "desc.h"
#include "cpu.h"
#include "paravirt.h"
#include "sched.h"
#include "traps.h"

#define DOUBLE_FAULT_STACK 4096
#define SYSENTER_STACK_END (offsetof(struct tss, sysenter_stack) + sizeof(((struct tss *)0)->sysenter_stack))

_Static_assert(SYSENTER_STACK_END == 104 + 8192 + 4 + 256, "entry.S finds esp0 below the end of the TSS");
_Static_assert(TSS_LIMIT == 0x206b, "the limit that Linux has");

page_aligned struct desc idt_table[IDT_ENTRIES];
struct tss init_tss;
struct tss doublefault_tss;
static u8 double_fault_stack[DOUBLE_FAULT_STACK];
static struct { u32 magic; } percpu = { 0x70637075 };

extern const u32 exception_table[EXCEPTIONS];	/* vectors.S */
extern const u8 interrupt_table[], system_call[], sysenter_entry[];

#define INTERRUPT_ENTRY_BYTES 16

static void early_fault(void)
{
	panic("an exception or interrupt before the traps are set up");
}

void early_idt_init(void)
{
	for (u32 i = 0; i < IDT_ENTRIES; i++)
		idt_table[i] = pack_gate(KERNEL_CS, (u32)early_fault, GATE_INTERRUPT);
}

static void set_gate(u32 vector, u16 selector, u32 offset, u8 type)
{
	struct desc gate = pack_gate(selector, offset, type);
	write_idt_entry(idt_table, vector, gate.low, gate.high);
}

static _Noreturn void double_fault(void)
{
	panic("double fault: task at %08x, stack %08x, CR2 %08x", init_tss.eip, init_tss.esp, read_cr2());
}

void trap_init(void)
{
	for (u32 i = 0; i < EXCEPTIONS; i++) {
		/* From user mode: INT3, INTO and BOUND. Page faults must keep CR2 safe from interrupts. */
		u8 type = i == TRAP_BP || i == TRAP_OF ? GATE_INTERRUPT | DESC_DPL3 : GATE_INTERRUPT;
		if (i == TRAP_DF)
			set_gate(i, GDT_ENTRY_DOUBLEFAULT_TSS * 8, 0, GATE_TASK);
		else
			set_gate(i, KERNEL_CS, exception_table[i], type);
	}
	for (u32 i = FIRST_IRQ_VECTOR; i < IDT_ENTRIES; i++)
		if (i != SYSCALL_VECTOR)
			set_gate(i, KERNEL_CS, (u32)interrupt_table + (i - FIRST_IRQ_VECTOR) * INTERRUPT_ENTRY_BYTES,
				 GATE_INTERRUPT);
	set_gate(SYSCALL_VECTOR, KERNEL_CS, (u32)system_call, GATE_TRAP | DESC_DPL3);
}

static void set_descriptor(u32 index, u32 base, u32 limit, u8 type, u8 flags)
{
	struct desc desc = pack_descriptor(base, limit, type, flags);
	write_gdt_entry(gdt_table, index, desc.low, desc.high);
}

static void init_double_fault_task(void)
{
	doublefault_tss.esp0 = doublefault_tss.esp = (u32)double_fault_stack + sizeof(double_fault_stack);
	doublefault_tss.ss0 = KERNEL_DS;
	doublefault_tss.ss = KERNEL_DS | get_kernel_rpl();
	doublefault_tss.cs = KERNEL_CS | get_kernel_rpl();
	doublefault_tss.ds = doublefault_tss.es = USER_DS;
	doublefault_tss.eip = (u32)double_fault;
	doublefault_tss.eflags = 2;
	doublefault_tss.cr3 = init_mm.cr3;
	doublefault_tss.io_bitmap_base = INVALID_IO_BITMAP_OFFSET;
}

/** MSRs are raw: the hypervisor traps them (enable_sep_cpu() of Linux). */
static void init_sysenter(void)
{
	if (!cpu_has(FEATURE_SEP))
		return;
	init_tss.ss1 = KERNEL_CS;
	init_tss.esp1 = (u32)&init_tss + SYSENTER_STACK_END;
	wrmsr(MSR_SYSENTER_CS, init_tss.ss1);
	wrmsr(MSR_SYSENTER_ESP, init_tss.esp1);
	wrmsr(MSR_SYSENTER_EIP, (u32)sysenter_entry);
}

void cpu_init(void)
{
	struct dtr gdt = { sizeof(struct desc) * GDT_ENTRIES - 1, (u32)gdt_table };
	struct dtr idt = { sizeof(idt_table) - 1, (u32)idt_table };

	set_descriptor(GDT_ENTRY_PERCPU, (u32)&percpu, sizeof(percpu) - 1, DESC_DATA, DESC_FLAGS_32_BYTES);
	load_idt(&idt);
	load_gdt(&gdt);
	asm volatile("movl %0, %%fs" : : "r"(KERNEL_PERCPU));
	init_tss.ss0 = KERNEL_DS;
	init_tss.io_bitmap_base = INVALID_IO_BITMAP_OFFSET;
	for (u32 i = 0; i < IO_BITMAP_BYTES; i++)
		init_tss.io_bitmap[i] = 0xff;
	for (u32 i = 0; i < sizeof(init_tss.io_bitmap_end); i++)
		init_tss.io_bitmap_end[i] = 0xff;
	pv_cpu_ops.load_esp0(&init_tss, init_task.esp0);
	set_descriptor(GDT_ENTRY_TSS, (u32)&init_tss, TSS_LIMIT, DESC_TSS, 0);
	pv_cpu_ops.load_tr();
	pv_cpu_ops.set_ldt(NULL, 0);
	init_double_fault_task();
	set_descriptor(GDT_ENTRY_DOUBLEFAULT_TSS, (u32)&doublefault_tss, TSS_LIMIT, DESC_TSS, 0);
	asm volatile("movl %0, %%gs" : : "r"(0));
	for (int i = 0; i < 8; i++)
		if (i < 4 || i > 5)
			set_debugreg(i, 0);
	/* The FPU is nobody's: its first use tells. */
	write_cr0(read_cr0() | CR0_TS);
	init_sysenter();
}
