/*
 * The operations that a hypervisor may take over, grouped as in Linux 2.6.22's struct paravirt_ops. All
 * functions are regparm(3), the calling convention of this kernel and of VMI, so that some of the ROM's
 * functions can stand in the table as they are.
 *
 * The accessors count what VMI calls they stand for: see vmi_calls in vmi.h.
 */
#ifndef PARAVIRT_H
#define PARAVIRT_H

#include "desc.h"
#include "kernel.h"
#include "patch.h"
#include "vmi_calls.h"

/** Operations with patch sites, in the order of PATCH_*. The last two are jumped to. */
struct pv_irq_ops {
	void (*irq_disable)(void);
	void (*irq_enable)(void);
	void (*restore_fl)(u32 flags);
	u32 (*save_fl)(void);
	u32 iret, irq_enable_sysexit;
};

struct pv_cpu_ops {
	void (*cpuid)(u32 *eax, u32 *ebx, u32 *ecx, u32 *edx);
	u32 (*get_debugreg)(int number);
	void (*set_debugreg)(int number, u32 value);
	void (*clts)(void);
	u32 (*read_cr0)(void);
	u32 (*read_cr2)(void);
	u32 (*read_cr3)(void);
	u32 (*read_cr4)(void);
	void (*write_cr0)(u32 value);
	void (*write_cr2)(u32 value);
	void (*write_cr3)(u32 value);
	void (*write_cr4)(u32 value);
	void (*safe_halt)(void);
	void (*wbinvd)(void);
	u64 (*read_tsc)(void);
	void (*load_tr)(void);
	void (*set_ldt)(const void *entries, unsigned count);
	void (*load_gdt)(const struct dtr *dtr);
	void (*load_idt)(const struct dtr *dtr);
	void (*store_gdt)(struct dtr *dtr);
	void (*store_idt)(struct dtr *dtr);
	u32 (*store_tr)(void);
	void (*load_tls)(const struct desc *tls);
	void (*write_ldt_entry)(struct desc *table, int index, u32 low, u32 high);
	void (*write_gdt_entry)(struct desc *table, int index, u32 low, u32 high);
	void (*write_idt_entry)(struct desc *table, int index, u32 low, u32 high);
	void (*load_esp0)(struct tss *tss, u32 esp0);
	void (*set_iopl_mask)(u32 mask);
	void (*io_delay)(void);
	void (*set_lazy_mode)(int mode);
	void (*apic_write)(u32 reg, u32 value);
	u32 (*apic_read)(u32 reg);
};

#define LAZY_NONE 0
#define LAZY_MMU 1
#define LAZY_CPU 2

struct pv_info {
	const char *name;
	/** Privilege level of the kernel: CS & 3 after VMI_Init. */
	u32 kernel_rpl;
	/** Replaces a patch site. Returns the length of what is to stay; the rest becomes NOPs. */
	unsigned (*patch)(u8 type, u8 *instr, u8 len);
};

extern struct pv_info pv_info;
extern struct pv_irq_ops pv_irq_ops;
extern struct pv_cpu_ops pv_cpu_ops;
extern u32 vmi_calls[VMI_CALL_COUNT];

#define count_call(name) (vmi_calls[VMI_CALL_##name]++)

static inline u32 get_kernel_rpl(void)
{
	return pv_info.kernel_rpl;
}

/* Interrupt flag. Sites are ten bytes, so there is room for E8 rel32. */
#define irq_call(op, result, ...)								    \
	asm volatile(PARA_SITE(type, "pushl %%ecx; pushl %%edx; call *%c[pointer]; popl %%edx; popl %%ecx")   \
		     : result									    \
		     : [type] "i"(PATCH_##op), [pointer] "i"(&pv_irq_ops.op), ##__VA_ARGS__	    \
		     : "memory", "cc")

static inline void local_irq_disable(void)
{
	u32 unused;
	irq_call(irq_disable, "=a"(unused));
	count_call(DisableInterrupts);
}

static inline void local_irq_enable(void)
{
	u32 unused;
	count_call(EnableInterrupts);
	irq_call(irq_enable, "=a"(unused));
}

static inline u32 local_save_flags(void)
{
	u32 flags;
	count_call(GetInterruptMask);
	irq_call(save_fl, "=a"(flags));
	return flags;
}

static inline void local_irq_restore(u32 flags)
{
	u32 unused;
	count_call(SetInterruptMask);
	irq_call(restore_fl, "=a"(unused), "0"(flags));
}

static inline u32 local_irq_save(void)
{
	u32 flags = local_save_flags();
	local_irq_disable();
	return flags;
}

static inline int irqs_disabled(void)
{
	return !(local_save_flags() & 0x200);
}

#define PV_VOID(op, CALL, parameters, arguments)						    \
	static inline void op parameters { count_call(CALL); pv_cpu_ops.op arguments; }
#define PV_VALUE(type, op, CALL, parameters, arguments)						    \
	static inline type op parameters { count_call(CALL); return pv_cpu_ops.op arguments; }

PV_VALUE(u32, get_debugreg, GetDR, (int number), (number))
PV_VOID(set_debugreg, SetDR, (int number, u32 value), (number, value))
PV_VOID(clts, CLTS, (void), ())
PV_VALUE(u32, read_cr0, GetCR0, (void), ())
PV_VALUE(u32, read_cr2, GetCR2, (void), ())
PV_VALUE(u32, read_cr3, GetCR3, (void), ())
PV_VALUE(u32, read_cr4, GetCR4, (void), ())
PV_VOID(write_cr0, SetCR0, (u32 value), (value))
PV_VOID(write_cr2, SetCR2, (u32 value), (value))
PV_VOID(write_cr3, SetCR3, (u32 value), (value))
PV_VOID(write_cr4, SetCR4, (u32 value), (value))
PV_VOID(safe_halt, Halt, (void), ())
PV_VOID(wbinvd, WBINVD, (void), ())
PV_VALUE(u64, read_tsc, RDTSC, (void), ())
PV_VOID(load_gdt, SetGDT, (const struct dtr *dtr), (dtr))
PV_VOID(load_idt, SetIDT, (const struct dtr *dtr), (dtr))
PV_VOID(store_gdt, GetGDT, (struct dtr *dtr), (dtr))
PV_VOID(store_idt, GetIDT, (struct dtr *dtr), (dtr))
PV_VALUE(u32, store_tr, GetTR, (void), ())
PV_VOID(write_ldt_entry, WriteLDTEntry, (struct desc *t, int i, u32 low, u32 high), (t, i, low, high))
PV_VOID(write_gdt_entry, WriteGDTEntry, (struct desc *t, int i, u32 low, u32 high), (t, i, low, high))
PV_VOID(write_idt_entry, WriteIDTEntry, (struct desc *t, int i, u32 low, u32 high), (t, i, low, high))
PV_VOID(set_iopl_mask, SetIOPLMask, (u32 mask), (mask))
PV_VOID(apic_write, APICWrite, (u32 reg, u32 value), (reg, value))
PV_VALUE(u32, apic_read, APICRead, (u32 reg), (reg))

/* Those with a wrapper in the back-end are counted there. */
static inline void cpuid(u32 leaf, u32 *eax, u32 *ebx, u32 *ecx, u32 *edx)
{
	*eax = leaf;
	*ecx = 0;
	pv_cpu_ops.cpuid(eax, ebx, ecx, edx);
}

static inline void set_lazy_mode(int mode)
{
	pv_cpu_ops.set_lazy_mode(mode);
}

#endif
