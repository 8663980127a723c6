/*
 * The native operations: the instructions themselves. A back-end replaces what it has; the rest stays
 * and must work, under a hypervisor by its trapping.
 */
#include "paravirt.h"
#include "io.h"
#include "apic.h"

u32 vmi_calls[VMI_CALL_COUNT];

static void native_cpuid(u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	asm volatile("cpuid" : "=a"(*eax), "=b"(*ebx), "=c"(*ecx), "=d"(*edx) : "0"(*eax), "2"(*ecx));
}

#define READ_REGISTER(name, reg)								    \
	static u32 native_read_##name(void)							    \
	{											    \
		u32 value;									    \
		asm volatile("mov %%" #reg ", %0" : "=r"(value));				    \
		return value;									    \
	}
#define WRITE_REGISTER(name, reg)								    \
	static void native_write_##name(u32 value)						    \
	{											    \
		asm volatile("mov %0, %%" #reg : : "r"(value) : "memory");			    \
	}

READ_REGISTER(cr0, cr0)
READ_REGISTER(cr2, cr2)
READ_REGISTER(cr3, cr3)
READ_REGISTER(cr4, cr4)
WRITE_REGISTER(cr0, cr0)
WRITE_REGISTER(cr2, cr2)
WRITE_REGISTER(cr3, cr3)
WRITE_REGISTER(cr4, cr4)

static u32 native_get_debugreg(int number)
{
	u32 value = 0;

	switch (number) {
	case 0: asm volatile("mov %%db0, %0" : "=r"(value)); break;
	case 1: asm volatile("mov %%db1, %0" : "=r"(value)); break;
	case 2: asm volatile("mov %%db2, %0" : "=r"(value)); break;
	case 3: asm volatile("mov %%db3, %0" : "=r"(value)); break;
	case 6: asm volatile("mov %%db6, %0" : "=r"(value)); break;
	case 7: asm volatile("mov %%db7, %0" : "=r"(value)); break;
	default: BUG_ON("no such debug register");
	}
	return value;
}

static void native_set_debugreg(int number, u32 value)
{
	switch (number) {
	case 0: asm volatile("mov %0, %%db0" : : "r"(value)); break;
	case 1: asm volatile("mov %0, %%db1" : : "r"(value)); break;
	case 2: asm volatile("mov %0, %%db2" : : "r"(value)); break;
	case 3: asm volatile("mov %0, %%db3" : : "r"(value)); break;
	case 6: asm volatile("mov %0, %%db6" : : "r"(value)); break;
	case 7: asm volatile("mov %0, %%db7" : : "r"(value)); break;
	default: BUG_ON("no such debug register");
	}
}

static void native_clts(void) { asm volatile("clts"); }
static void native_wbinvd(void) { asm volatile("wbinvd" : : : "memory"); }
static void native_safe_halt(void) { asm volatile("sti; hlt" : : : "memory"); }
static void native_irq_disable(void) { asm volatile("cli" : : : "memory"); }
static void native_irq_enable(void) { asm volatile("sti" : : : "memory"); }

static u32 native_save_fl(void)
{
	u32 flags;
	asm volatile("pushfl; popl %0" : "=rm"(flags) : : "memory");
	return flags;
}

static void native_restore_fl(u32 flags)
{
	asm volatile("pushl %0; popfl" : : "g"(flags) : "memory", "cc");
}

static u64 native_read_tsc(void)
{
	u64 value;
	asm volatile("rdtsc" : "=A"(value));
	return value;
}

static void native_load_tr(void) { asm volatile("ltr %w0" : : "q"(GDT_ENTRY_TSS * 8)); }
static void native_load_gdt(const struct dtr *dtr) { asm volatile("lgdt %0" : : "m"(*dtr)); }
static void native_load_idt(const struct dtr *dtr) { asm volatile("lidt %0" : : "m"(*dtr)); }
static void native_store_gdt(struct dtr *dtr) { asm volatile("sgdt %0" : "=m"(*dtr)); }
static void native_store_idt(struct dtr *dtr) { asm volatile("sidt %0" : "=m"(*dtr)); }

static u32 native_store_tr(void)
{
	u32 selector;
	asm volatile("str %0" : "=r"(selector));
	return selector & 0xffff;
}

static void native_write_entry(struct desc *table, int index, u32 low, u32 high)
{
	table[index].low = low;
	table[index].high = high;
}

static void native_set_ldt(const void *entries, unsigned count)
{
	unsigned selector = 0;

	if (count) {
		struct desc desc = pack_descriptor((u32)entries, count * 8 - 1, DESC_LDT, 0);
		write_gdt_entry(gdt_table, GDT_ENTRY_LDT, desc.low, desc.high);
		selector = GDT_ENTRY_LDT * 8;
	}
	asm volatile("lldt %w0" : : "q"(selector));
}

static void native_load_tls(const struct desc *tls)
{
	for (unsigned i = 0; i < GDT_ENTRY_TLS_ENTRIES; i++)
		gdt_table[GDT_ENTRY_TLS_MIN + i] = tls[i];
}

static void native_load_esp0(struct tss *tss, u32 esp0)
{
	tss->esp0 = esp0;
}

static void native_set_iopl_mask(u32 mask)
{
	u32 flags = (native_save_fl() & ~EFLAGS_IOPL) | mask;
	native_restore_fl(flags);
}

static void native_io_delay(void)
{
	native_port_accesses++;
	port_accesses[0x80]++;
	asm volatile("outb %al, $0x80");
}

static void native_set_lazy_mode(int mode)
{
	(void)mode;
}

static unsigned native_patch(u8 type, u8 *instr, u8 len)
{
	static const struct { u8 len; u8 code[4]; } native[PATCH_TYPES] = {
		[PATCH_irq_disable] = { 1, { 0xfa } },			/* cli */
		[PATCH_irq_enable] = { 1, { 0xfb } },			/* sti */
		[PATCH_restore_fl] = { 2, { 0x50, 0x9d } },		/* push eax; popf */
		[PATCH_save_fl] = { 2, { 0x9c, 0x58 } },		/* pushf; pop eax */
		[PATCH_iret] = { 1, { 0xcf } },				/* iret */
		[PATCH_irq_enable_sysexit] = { 3, { 0xfb, 0x0f, 0x35 } },	/* sti; sysexit */
	};

	BUG_ON(type >= PATCH_TYPES || native[type].len > len);
	for (unsigned i = 0; i < native[type].len; i++)
		instr[i] = native[type].code[i];
	return native[type].len;
}

extern const u8 native_iret[], native_irq_enable_sysexit[];	/* entry.S */

struct pv_info pv_info = { "bare hardware", 0, native_patch };

struct pv_irq_ops pv_irq_ops = {
	native_irq_disable, native_irq_enable, native_restore_fl, native_save_fl,
	(u32)native_iret, (u32)native_irq_enable_sysexit,
};

struct pv_cpu_ops pv_cpu_ops = {
	.cpuid = native_cpuid,
	.get_debugreg = native_get_debugreg,
	.set_debugreg = native_set_debugreg,
	.clts = native_clts,
	.read_cr0 = native_read_cr0,
	.read_cr2 = native_read_cr2,
	.read_cr3 = native_read_cr3,
	.read_cr4 = native_read_cr4,
	.write_cr0 = native_write_cr0,
	.write_cr2 = native_write_cr2,
	.write_cr3 = native_write_cr3,
	.write_cr4 = native_write_cr4,
	.safe_halt = native_safe_halt,
	.wbinvd = native_wbinvd,
	.read_tsc = native_read_tsc,
	.load_tr = native_load_tr,
	.set_ldt = native_set_ldt,
	.load_gdt = native_load_gdt,
	.load_idt = native_load_idt,
	.store_gdt = native_store_gdt,
	.store_idt = native_store_idt,
	.store_tr = native_store_tr,
	.load_tls = native_load_tls,
	.write_ldt_entry = native_write_entry,
	.write_gdt_entry = native_write_entry,
	.write_idt_entry = native_write_entry,
	.load_esp0 = native_load_esp0,
	.set_iopl_mask = native_set_iopl_mask,
	.io_delay = native_io_delay,
	.set_lazy_mode = native_set_lazy_mode,
	.apic_write = native_apic_write,
	.apic_read = native_apic_read,
};
