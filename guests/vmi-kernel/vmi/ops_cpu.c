/* Processor operations by VMI call (the first part of activate_vmi()). */
#include "vmi.h"
#include "cpu.h"
#include "paravirt.h"

/* Linux leaves these where IRET and SYSEXIT are patched in: whoever jumps there was not patched. */
#define POISON_IRET 0x0badbab0
#define POISON_SYSEXIT 0xfeedbab0

/** The ROM's functions behind those operations that have a stub here. */
static struct {
	void *cpuid;
	void (*set_ldt)(u32 selector);
	void (*set_tr)(u32 selector);
	void (*update_kernel_stack)(u32 selector, u32 esp0);
} rom;

static void vmi_cpuid(u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	u32 leaf = *eax;

	count_call(CPUID);
	asm volatile("call *%6" : "=a"(*eax), "=b"(*ebx), "=c"(*ecx), "=d"(*edx) : "0"(*eax), "2"(*ecx), "S"(rom.cpuid)
		     : "cc");
	if (leaf == 1)
		*edx &= ~cpu_disabled_features();
}

static void vmi_set_tr(void)
{
	count_call(SetTR);
	rom.set_tr(GDT_ENTRY_TSS * 8);
}

static void vmi_set_ldt(const void *entries, unsigned count)
{
	if (count) {
		struct desc desc = pack_descriptor((u32)entries, count * 8 - 1, DESC_LDT, 0);
		write_gdt_entry(gdt_table, GDT_ENTRY_LDT, desc.low, desc.high);
	}
	count_call(SetLDT);
	rom.set_ldt(count ? GDT_ENTRY_LDT * 8 : 0);
}

/** Writes only what differs: a call is dear. */
static void vmi_load_tls(const struct desc *tls)
{
	for (int i = 0; i < GDT_ENTRY_TLS_ENTRIES; i++) {
		int index = GDT_ENTRY_TLS_MIN + i;
		if (gdt_table[index].low != tls[i].low || gdt_table[index].high != tls[i].high)
			write_gdt_entry(gdt_table, index, tls[i].low, tls[i].high);
	}
}

static void vmi_load_esp0(struct tss *tss, u32 esp0)
{
	tss->esp0 = esp0;
	count_call(UpdateKernelStack);
	rom.update_kernel_stack(KERNEL_DS, esp0);
}

void vmi_fill_cpu_ops(void)
{
	struct pv_cpu_ops *cpu = &pv_cpu_ops;

	para_wrap(cpu->cpuid, vmi_cpuid, rom.cpuid, CPUID);
	para_fill(cpu->clts, CLTS);
	para_fill(cpu->get_debugreg, GetDR);
	para_fill(cpu->set_debugreg, SetDR);
	para_fill(cpu->read_cr0, GetCR0);
	para_fill(cpu->read_cr2, GetCR2);
	para_fill(cpu->read_cr3, GetCR3);
	para_fill(cpu->read_cr4, GetCR4);
	para_fill(cpu->write_cr0, SetCR0);
	para_fill(cpu->write_cr2, SetCR2);
	para_fill(cpu->write_cr3, SetCR3);
	para_fill(cpu->write_cr4, SetCR4);
	para_fill(pv_irq_ops.save_fl, GetInterruptMask);
	para_fill(pv_irq_ops.restore_fl, SetInterruptMask);
	para_fill(pv_irq_ops.irq_disable, DisableInterrupts);
	para_fill(pv_irq_ops.irq_enable, EnableInterrupts);
	para_fill(cpu->wbinvd, WBINVD);
	para_fill(cpu->read_tsc, RDTSC);
	pv_irq_ops.iret = POISON_IRET;
	pv_irq_ops.irq_enable_sysexit = POISON_SYSEXIT;
	para_wrap(cpu->load_tr, vmi_set_tr, rom.set_tr, SetTR);
	para_wrap(cpu->set_ldt, vmi_set_ldt, rom.set_ldt, SetLDT);
	para_fill(cpu->load_gdt, SetGDT);
	para_fill(cpu->load_idt, SetIDT);
	para_fill(cpu->store_gdt, GetGDT);
	para_fill(cpu->store_idt, GetIDT);
	para_fill(cpu->store_tr, GetTR);
	cpu->load_tls = vmi_load_tls;
	para_fill(cpu->write_ldt_entry, WriteLDTEntry);
	para_fill(cpu->write_gdt_entry, WriteGDTEntry);
	para_fill(cpu->write_idt_entry, WriteIDTEntry);
	para_wrap(cpu->load_esp0, vmi_load_esp0, rom.update_kernel_stack, UpdateKernelStack);
	para_fill(cpu->set_iopl_mask, SetIOPLMask);
	para_fill(cpu->io_delay, IODelay);
}

static void (*rom_set_lazy_mode)(int mode);

static void vmi_set_lazy_mode(int mode)
{
	static int lazy_mode;

	BUG_ON(mode && lazy_mode && mode != lazy_mode);
	if (mode == lazy_mode)
		return;
	lazy_mode = mode;
	count_call(SetLazyMode);
	rom_set_lazy_mode(mode);
}

void vmi_fill_lazy_mode(void)
{
	para_wrap(pv_cpu_ops.set_lazy_mode, vmi_set_lazy_mode, rom_set_lazy_mode, SetLazyMode);
}

void vmi_fill_apic_ops(void)
{
	para_fill(pv_cpu_ops.apic_read, APICRead);
	para_fill(pv_cpu_ops.apic_write, APICWrite);
}

/** Last of all, as Linux: only with the VMI timer may the processor sleep by it unless told otherwise. */
void vmi_fill_halt(void)
{
	para_fill(pv_cpu_ops.safe_halt, Halt);
}
