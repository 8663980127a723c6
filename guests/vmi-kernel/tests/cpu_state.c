/* Control and debug registers, descriptor tables: by the operations, whoever does them. */
#include "cpu.h"
#include "desc.h"
#include "paravirt.h"
#include "sched.h"
#include "string.h"
#include "test.h"
#include "vmi.h"

#define SPARE_GDT_ENTRY 29

static void debug_registers(void)
{
	static volatile u32 watched;

	for (int i = 0; i < 4; i++)
		set_debugreg(i, (u32)&watched + i * 4);
	u32 right = 0;
	for (int i = 0; i < 4; i++)
		right += get_debugreg(i) == (u32)&watched + i * 4;
	check_equal("debug registers", 4, right);
	set_debugreg(0, (u32)&watched);
	u32 before = kernel_debug_traps;
	set_debugreg(7, 0x000d0001);		/* DR0: writes of four bytes, local */
	watched = 1;
	set_debugreg(7, 0);
	check_equal("data breakpoint", before + 1, kernel_debug_traps);
	watched = 2;
	check_equal("off again", before + 1, kernel_debug_traps);
}

void test_cpu(void)
{
	u32 cr0 = read_cr0(), cr4 = read_cr4(), a, b, c, d;

	check_equal("cr0", CR0_KERNEL, cr0 & ~CR0_TS);
	check_equal("cr3", init_mm.cr3, read_cr3());
	check_equal("cr4: PAE", paging_format.pae, (cr4 & CR4_PAE) != 0);
	check_equal("cr4: PSE", cpu_has(FEATURE_PSE), (cr4 & CR4_PSE) != 0);
	check_equal("cr4: PGE", cpu_has(FEATURE_PGE), (cr4 & CR4_PGE) != 0);
	u32 flags = local_irq_save();
	write_cr2(0xdeadb000);
	check_equal("cr2", 0xdeadb000, read_cr2());
	fpu_save_current();
	write_cr0(cr0 | CR0_TS);
	check_equal("cr0: TS set", CR0_TS, read_cr0() & CR0_TS);
	clts();
	check_equal("clts", 0, read_cr0() & CR0_TS);
	write_cr0(cr0 | CR0_TS);
	local_irq_restore(flags);
	cpuid(0, &a, &b, &c, &d);
	check("cpuid: vendor", !memcmp(&b, cpu_vendor, 4) && !memcmp(&d, cpu_vendor + 4, 4) &&
	      !memcmp(&c, cpu_vendor + 8, 4));
	cpuid(1, &a, &b, &c, &d);
	if (vmi.active)
		check_equal("cpuid: forbidden features", 0, d & cpu_disabled_features());
	check_equal("cpuid: features", cpu_features & ~FEATURE_APIC, d & cpu_features & ~FEATURE_APIC);
	if (cpu_has(FEATURE_TSC)) {
		u64 first = read_tsc(), second = read_tsc();
		check("tsc goes on", second > first);
	}
	wbinvd();
	debug_registers();
}

static void write_spare(u32 base, u32 limit)
{
	struct desc desc = pack_descriptor(base, limit, DESC_DATA | DESC_DPL3, DESC_FLAGS_32_BYTES);
	write_gdt_entry(gdt_table, SPARE_GDT_ENTRY, desc.low, desc.high);
}

static u32 read_gs(u32 offset)
{
	u32 value;
	asm volatile("movl %%gs:(%1), %0" : "=r"(value) : "r"(offset));
	return value;
}

static void touch_gs(void *offset)
{
	(void)read_gs((u32)offset);
}

/** A descriptor that a segment register uses: natively the register keeps the old one until it is loaded. */
static void rewrite_live_descriptor(void)
{
	static u32 first[4] = { 1 }, second[4] = { 2 };
	struct caught caught;

	write_spare((u32)first, sizeof(first) - 1);
	asm volatile("movl %0, %%gs" : : "r"(SPARE_GDT_ENTRY * 8 + 3));
	check_equal("segment of a new descriptor", 1, read_gs(0));
	write_spare((u32)second, sizeof(second) - 1);
	if (vmi_by_call[VMI_CALL_WriteGDTEntry])
		check_equal("WriteGDTEntry loads live segments again", 2, read_gs(0));
	asm volatile("movl %0, %%gs" : : "r"(SPARE_GDT_ENTRY * 8 + 3));
	check_equal("segment loaded again", 2, read_gs(0));
	if (!machine_is_lenient())
		check("beyond its limit: #GP(0)", catch_exception(touch_gs, (void *)16, &caught) &&
		      caught.vector == TRAP_GP && caught.error_code == 0);
	asm volatile("movl %0, %%gs" : : "r"(0));
	write_gdt_entry(gdt_table, SPARE_GDT_ENTRY, 0, 0);
}

void test_tables(void)
{
	struct dtr gdt = { 0, 0 }, idt = { 0, 0 };

	store_gdt(&gdt);
	store_idt(&idt);
	check_equal("gdt base", (u32)gdt_table, gdt.base);
	check_equal("gdt limit", GDT_ENTRIES * 8 - 1, gdt.limit);
	check_equal("idt base", (u32)idt_table, idt.base);
	check_equal("idt limit", IDT_ENTRIES * 8 - 1, idt.limit);
	check_equal("task register", GDT_ENTRY_TSS * 8, store_tr());
	u32 magic;
	asm volatile("movl %%fs:0, %0" : "=r"(magic));
	check_equal("per-cpu segment", 0x70637075, magic);
	u32 selector;
	asm volatile("movl %%fs, %0" : "=r"(selector));
	check_equal("per-cpu selector", KERNEL_PERCPU, selector & 0xfffc);
	check_equal("kernel code descriptor: base", 0, desc_base(&gdt_table[KERNEL_CS / 8]));
	check_equal("user code descriptor: level", 3, gdt_table[USER_CS / 8].high >> 13 & 3);
	check("kernel code descriptor: level", (gdt_table[KERNEL_CS / 8].high >> 13 & 3) <= get_kernel_rpl());
	rewrite_live_descriptor();
}
