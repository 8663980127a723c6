/* Arguments and expected results of every call that returns. */
#include "apic.h"
#include "clobbers.h"
#include "cpu.h"
#include "desc.h"
#include "fixmap.h"
#include "mm.h"
#include "paravirt.h"
#include "sched.h"
#include "string.h"
#include "vmi.h"

#define SPARE_GDT_ENTRY 30
#define SPARE_VECTOR 0xf0
#define SPARE_ADDRESS (VMALLOC_END - PAGE_SIZE)

#define SETUP(name) static int name(struct call_registers *r)
#define EACH(name) static void name(struct call_registers *r)
#define VERIFY(name) static const char *name(const struct call_registers *before, const struct call_registers *after)
#define UNUSED() ((void)before, (void)after)

static struct dtr buffer;
static struct desc spare_ldt[2];
static void *table_page;

static u64 result(const struct call_registers *after)
{
	return (u64)after->edx << 32 | after->eax;
}

SETUP(leaf_0) { r->eax = 0; r->ecx = 0; return 1; }
VERIFY(is_vendor)
{
	(void)before;
	return !memcmp(&after->ebx, cpu_vendor, 4) && !memcmp(&after->edx, cpu_vendor + 4, 4) &&
	       !memcmp(&after->ecx, cpu_vendor + 8, 4) ? NULL : "vendor";
}

SETUP(sysenter_cs) { r->ecx = MSR_SYSENTER_CS; return cpu_has(FEATURE_SEP); }
SETUP(set_sysenter_cs) { r->ecx = MSR_SYSENTER_CS; r->eax = KERNEL_CS; r->edx = 0; return cpu_has(FEATURE_SEP); }
VERIFY(is_kernel_cs) { (void)before; return result(after) == KERNEL_CS ? NULL : "SYSENTER_CS"; }
VERIFY(msr_is_kernel_cs) { UNUSED(); return rdmsr(MSR_SYSENTER_CS) == KERNEL_CS ? NULL : "SYSENTER_CS"; }

SETUP(gdt_pointer) { buffer = (struct dtr){ GDT_ENTRIES * 8 - 1, (u32)gdt_table }; r->eax = (u32)&buffer; return 1; }
SETUP(idt_pointer) { buffer = (struct dtr){ IDT_ENTRIES * 8 - 1, (u32)idt_table }; r->eax = (u32)&buffer; return 1; }
SETUP(empty_pointer) { buffer = (struct dtr){ 0, 0 }; r->eax = (u32)&buffer; return 1; }
VERIFY(is_gdt) { UNUSED(); return buffer.base == (u32)gdt_table && buffer.limit == 0xff ? NULL : "GDTR"; }
VERIFY(is_idt) { UNUSED(); return buffer.base == (u32)idt_table && buffer.limit == 0x7ff ? NULL : "IDTR"; }

SETUP(selector_0) { r->eax = 0; return 1; }
SETUP(tss_selector) { r->eax = GDT_ENTRY_TSS * 8; return 1; }
/** LTR wants a task that is not busy. */
EACH(make_tss_free)
{
	struct desc desc = pack_descriptor((u32)&init_tss, TSS_LIMIT, DESC_TSS, 0);
	(void)r;
	write_gdt_entry(gdt_table, GDT_ENTRY_TSS, desc.low, desc.high);
}
VERIFY(tr_is_tss) { UNUSED(); return store_tr() == GDT_ENTRY_TSS * 8 ? NULL : "TR"; }
VERIFY(eax_is_tss) { (void)before; return (after->eax & 0xffff) == GDT_ENTRY_TSS * 8 ? NULL : "TR"; }
VERIFY(eax_is_0) { (void)before; return (after->eax & 0xffff) == 0 ? NULL : "not 0"; }

SETUP(write_gdt)
{
	struct desc desc = pack_descriptor(0x12345678, 0xfff, DESC_DATA | DESC_DPL3, DESC_FLAGS_32_BYTES);
	*r = (struct call_registers){ .eax = (u32)gdt_table, .edx = SPARE_GDT_ENTRY, .ecx = desc.low, .ebx = r->ebx,
		.esi = r->esi, .edi = r->edi, .ebp = r->ebp, .stack0 = desc.high };
	return 1;
}
VERIFY(gdt_written)
{
	UNUSED();
	const struct desc *desc = &gdt_table[SPARE_GDT_ENTRY];
	u32 limit;
	/* Read back by the processor too. */
	asm("lsl %1, %0" : "=r"(limit) : "r"(SPARE_GDT_ENTRY * 8 + 3));
	return desc_base(desc) == 0x12345678 && desc_limit(desc) == 0xfff && limit == 0xfff ? NULL : "descriptor";
}
SETUP(write_ldt) { write_gdt(r); r->eax = (u32)spare_ldt; r->edx = 1; return 1; }
VERIFY(ldt_written) { UNUSED(); return desc_base(&spare_ldt[1]) == 0x12345678 ? NULL : "descriptor"; }
SETUP(write_idt)
{
	struct desc gate = pack_gate(KERNEL_CS, 0xc0123456, GATE_INTERRUPT);
	write_gdt(r);
	r->eax = (u32)idt_table;
	r->edx = SPARE_VECTOR;
	r->ecx = gate.low;
	r->stack0 = gate.high;
	return 1;
}
VERIFY(idt_written)
{
	UNUSED();
	const struct desc *gate = &idt_table[SPARE_VECTOR];
	return (gate->low & 0xffff) == 0x3456 && gate->high >> 16 == 0xc012 ? NULL : "gate";
}
SETUP(stack_of_current) { r->eax = KERNEL_DS; r->edx = current->esp0; return 1; }

SETUP(cr0_now) { r->eax = read_cr0(); return 1; }
SETUP(cr2_pattern) { r->eax = 0x12345678; return 1; }
SETUP(cr3_now) { r->eax = read_cr3(); return 1; }
SETUP(cr4_now) { r->eax = read_cr4(); return 1; }
VERIFY(cr0_kept) { (void)after; return read_cr0() == before->eax ? NULL : "CR0"; }
VERIFY(cr2_kept) { (void)after; return read_cr2() == before->eax ? NULL : "CR2"; }
VERIFY(cr3_kept) { (void)after; return read_cr3() == before->eax ? NULL : "CR3"; }
VERIFY(cr4_kept) { (void)after; return read_cr4() == before->eax ? NULL : "CR4"; }
VERIFY(is_cr0) { (void)before; return (after->eax & ~CR0_TS) == (CR0_KERNEL & ~CR0_TS) ? NULL : "CR0"; }
VERIFY(is_cr3) { (void)before; return after->eax == read_cr3() ? NULL : "CR3"; }
VERIFY(is_cr4) { (void)before; return after->eax == read_cr4() ? NULL : "CR4"; }
VERIFY(is_cr2) { (void)before; return after->eax == read_cr2() ? NULL : "CR2"; }
SETUP(dr0_pattern) { r->eax = 0; r->edx = 0xc0200000; return 1; }
SETUP(dr_0) { set_debugreg(0, 0xc0200000); r->eax = 0; return 1; }
VERIFY(dr0_set) { UNUSED(); return get_debugreg(0) == 0xc0200000 ? NULL : "DR0"; }
VERIFY(is_dr0) { (void)before; return after->eax == 0xc0200000 ? NULL : "DR0"; }
VERIFY(is_later)
{
	static u64 last;
	u64 before_this = last;

	(void)before;
	last = result(after);
	return last > before_this ? NULL : "not later";
}
EACH(set_ts) { (void)r; fpu_save_current(); write_cr0(read_cr0() | CR0_TS); }
VERIFY(ts_clear)
{
	UNUSED();
	int clear = !(read_cr0() & CR0_TS);
	write_cr0(read_cr0() | CR0_TS);
	return clear ? NULL : "CR0.TS";
}

SETUP(mask_off) { r->eax = 0; return 1; }
VERIFY(mask_was_off) { (void)before; return after->eax & 0x200 ? "interrupts on" : NULL; }
VERIFY(mask_was_on) { (void)before; return after->eax & 0x200 ? NULL : "interrupts off"; }
SETUP(mask_on) { r->eax = 0x200; return 1; }
VERIFY(mask_is_on) { UNUSED(); return irqs_disabled() ? "interrupts off" : NULL; }

SETUP(spare_entry)
{
	if (paging_format.pae)
		return 0;
	r->eax = __pa(gdt_table) | _KERNPG;
	r->edx = (u32)kernel_pte(SPARE_ADDRESS);
	r->ecx = VMI_PAGE_PT;
	return 1;
}
SETUP(spare_entry_long)
{
	if (!paging_format.pae)
		return 0;
	r->eax = __pa(gdt_table) | _KERNPG;
	r->edx = 0;
	r->ecx = (u32)kernel_pte(SPARE_ADDRESS);
	r->stack0 = VMI_PAGE_PT;
	return 1;
}
VERIFY(entry_set)
{
	(void)after;
	return (u32)read_pxe(kernel_pte(SPARE_ADDRESS)) == before->eax &&
	       !memcmp((void *)SPARE_ADDRESS, gdt_table, PAGE_SIZE / 16) ? NULL : "entry";
}
static int written_entry(struct call_registers *r, int pae)
{
	if (paging_format.pae != pae)
		return 0;
	native_set_pxe(kernel_pte(SPARE_ADDRESS), __pa(idt_table) | _KERNPG);
	r->eax = (u32)kernel_pte(SPARE_ADDRESS);
	r->edx = VMI_PAGE_PT;
	return 1;
}
SETUP(written_entry_short) { return written_entry(r, 0); }
SETUP(written_entry_long) { return written_entry(r, 1); }
VERIFY(entry_seen)
{
	UNUSED();
	flush_tlb_page(SPARE_ADDRESS);
	return memcmp((void *)SPARE_ADDRESS, idt_table, PAGE_SIZE) ? "page" : NULL;
}
static u32 pt_type(void) { return VMI_PAGE_PT | (paging_format.pae ? VMI_PAGE_PAE : 0); }
SETUP(new_table)
{
	table_page = alloc_page();
	r->eax = pfn_of(table_page);
	r->edx = pt_type() | VMI_PAGE_ZEROED;
	r->ecx = r->stack0 = r->stack1 = 0;
	return 1;
}
/** A page may not be announced twice. */
EACH(release_first)
{
	struct vmi_relocation_info relocation = vmi_get_relocation(VMI_CALL_ReleasePage);
	if (relocation.type != VMI_RELOCATION_CALL_REL)
		return;
	if (r->eflags == 0) {
		count_call(ReleasePage);
		((void (*)(u32, u32))relocation.eip)(r->eax, pt_type());
	}
}
SETUP(old_table) { r->eax = pfn_of(table_page); r->edx = pt_type(); return table_page != NULL; }
EACH(allocate_again)
{
	struct vmi_relocation_info relocation = vmi_get_relocation(VMI_CALL_AllocatePage);
	if (relocation.type != VMI_RELOCATION_CALL_REL || r->eflags)
		return;
	count_call(AllocatePage);
	((void (*)(u32, u32, u32, u32, u32))relocation.eip)(r->eax, pt_type() | VMI_PAGE_ZEROED, 0, 0, 0);
}
SETUP(spare_page) { r->eax = SPARE_ADDRESS; return 1; }
SETUP(flush_1) { r->eax = VMI_FLUSH_TLB; return 1; }
SETUP(flush_3) { r->eax = VMI_FLUSH_TLB | VMI_FLUSH_GLOBAL; return 1; }
SETUP(low_memory) { r->eax = 0; r->edx = PAGE_OFFSET; r->ecx = max_low_pfn; r->stack0 = 0; return 1; }
SETUP(iopl_0) { r->eax = 0; return 1; }
SETUP(apic_version) { r->eax = APIC_LVR; return apic_active; }
SETUP(apic_esr) { r->eax = APIC_ESR; r->edx = 0; return apic_active; }
VERIFY(is_version) { (void)before; return (after->eax & 0xff) >= 0x10 ? NULL : "version"; }
SETUP(counter_real) { r->eax = VMI_CYCLES_REAL; return 1; }
SETUP(counter_none) { r->eax = 99; return 1; }
VERIFY(is_zero) { (void)before; return result(after) ? "not 0" : NULL; }
VERIFY(is_not_zero) { (void)before; return result(after) ? NULL : "0"; }
SETUP(alarm_available)
{
	r->eax = VMI_CYCLES_AVAILABLE;
	r->edx = r->stack0 = r->stack1 = 0;
	r->ecx = 0x7fffffff;
	return 1;
}
SETUP(cancel_available) { r->eax = VMI_CYCLES_AVAILABLE; return 1; }
VERIFY(was_armed_once) { return after->eax == (before->eflags != 0) ? NULL : "armed"; }
SETUP(lazy_none) { r->eax = LAZY_NONE; return 1; }

#define ROW(name, clobbers, outputs, ...) { #name, VMI_CALL_##name, CLOBBERS_##clobbers, outputs, __VA_ARGS__ }

const struct clobber_row clobber_rows[] = {
	ROW(CPUID, FLAGS, R_EAX | R_EBX | R_ECX | R_EDX, 0, leaf_0, NULL, is_vendor),
	ROW(WRMSR, STANDARD, 0, 0, set_sysenter_cs, NULL, msr_is_kernel_cs),
	ROW(RDMSR, STANDARD, 0, 0, sysenter_cs, NULL, is_kernel_cs),
	ROW(SetGDT, STANDARD, 0, 0, gdt_pointer, NULL, NULL),
	ROW(SetLDT, STANDARD, 0, 0, selector_0, NULL, NULL),
	ROW(SetIDT, STANDARD, 0, 0, idt_pointer, NULL, NULL),
	ROW(SetTR, STANDARD, 0, 0, tss_selector, make_tss_free, tr_is_tss),
	ROW(GetGDT, STANDARD, 0, 0, empty_pointer, NULL, is_gdt),
	ROW(GetLDT, STANDARD, 0, 0, NULL, NULL, eax_is_0),
	ROW(GetIDT, STANDARD, 0, 0, empty_pointer, NULL, is_idt),
	ROW(GetTR, STANDARD, 0, 0, NULL, NULL, eax_is_tss),
	ROW(WriteGDTEntry, STANDARD, 0, 0, write_gdt, NULL, gdt_written),
	ROW(WriteLDTEntry, STANDARD, 0, 0, write_ldt, NULL, ldt_written),
	ROW(WriteIDTEntry, STANDARD, 0, 0, write_idt, NULL, idt_written),
	ROW(UpdateKernelStack, STANDARD, 0, 0, stack_of_current, NULL, NULL),
	ROW(SetCR0, STANDARD, 0, 1, cr0_now, NULL, cr0_kept),
	ROW(SetCR2, STANDARD, 0, 1, cr2_pattern, NULL, cr2_kept),
	ROW(SetCR3, STANDARD, 0, 0, cr3_now, NULL, cr3_kept),
	ROW(SetCR4, STANDARD, 0, 0, cr4_now, NULL, cr4_kept),
	ROW(GetCR0, STANDARD, 0, 0, NULL, NULL, is_cr0),
	ROW(GetCR2, STANDARD, 0, 1, NULL, NULL, is_cr2),
	ROW(GetCR3, STANDARD, 0, 0, NULL, NULL, is_cr3),
	ROW(GetCR4, STANDARD, 0, 0, NULL, NULL, is_cr4),
	ROW(WBINVD, STANDARD, 0, 0, NULL, NULL, NULL),
	ROW(SetDR, STANDARD, 0, 0, dr0_pattern, NULL, dr0_set),
	ROW(GetDR, STANDARD, 0, 0, dr_0, NULL, is_dr0),
	ROW(RDTSC, STANDARD, 0, 0, NULL, NULL, is_later),
	ROW(CLTS, STANDARD, 0, 1, NULL, set_ts, ts_clear),
	ROW(EnableInterrupts, FLAGS, 0, 0, NULL, NULL, mask_is_on),
	{ "DisableInterrupts", VMI_CALL_DisableInterrupts, CLOBBERS_FLAGS, 0, 1, NULL, NULL, NULL },
	ROW(GetInterruptMask, FLAGS, R_EAX, 0, NULL, NULL, mask_was_on),
	ROW(GetInterruptMask, FLAGS, R_EAX, 1, NULL, NULL, mask_was_off),
	ROW(SetInterruptMask, FLAGS, 0, 1, mask_off, NULL, NULL),
	ROW(SetInterruptMask, FLAGS, 0, 0, mask_on, NULL, mask_is_on),
	ROW(Halt, STANDARD, 0, 0, NULL, NULL, mask_is_on),
	ROW(SetPxE, STANDARD, 0, 0, spare_entry, NULL, entry_set),
	ROW(SetPxELong, STANDARD, 0, 0, spare_entry_long, NULL, entry_set),
	ROW(UpdatePxE, STANDARD, 0, 0, written_entry_short, NULL, entry_seen),
	ROW(UpdatePxELong, STANDARD, 0, 0, written_entry_long, NULL, entry_seen),
	ROW(AllocatePage, STANDARD, 0, 0, new_table, release_first, NULL),
	ROW(ReleasePage, STANDARD, 0, 0, old_table, allocate_again, NULL),
	ROW(InvalPage, STANDARD, 0, 0, spare_page, NULL, NULL),
	ROW(FlushTLB, STANDARD, 0, 0, flush_1, NULL, NULL),
	ROW(FlushTLB, STANDARD, 0, 0, flush_3, NULL, NULL),
	ROW(SetLinearMapping, STANDARD, 0, 0, low_memory, NULL, NULL),
	ROW(SetIOPLMask, STANDARD, 0, 0, iopl_0, NULL, NULL),
	ROW(APICRead, STANDARD, 0, 0, apic_version, NULL, is_version),
	ROW(APICWrite, STANDARD, 0, 0, apic_esr, NULL, NULL),
	ROW(IODelay, STANDARD, 0, 0, NULL, NULL, NULL),
	ROW(GetCycleFrequency, STANDARD, 0, 0, NULL, NULL, is_not_zero),
	ROW(GetCycleCounter, STANDARD, 0, 0, counter_real, NULL, is_not_zero),
	ROW(GetCycleCounter, STANDARD, 0, 0, counter_none, NULL, is_zero),
	ROW(SetAlarm, STANDARD, 0, 0, alarm_available, NULL, NULL),
	ROW(CancelAlarm, STANDARD, 0, 0, cancel_available, NULL, was_armed_once),
	ROW(GetWallclockTime, STANDARD, 0, 0, NULL, NULL, is_not_zero),
	ROW(WallclockUpdated, STANDARD, 0, 0, NULL, NULL, eax_is_0),
	ROW(SetLazyMode, STANDARD, 0, 0, lazy_none, NULL, NULL),
};

const u32 clobber_row_count = ARRAY_SIZE(clobber_rows);
