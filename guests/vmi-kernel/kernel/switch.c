/* The processor's part of a context switch (__switch_to() of Linux), and what tasks own of it. */
#include "cpu.h"
#include "paravirt.h"
#include "sched.h"
#include "string.h"

static u32 saved_gs(void)
{
	u32 selector;
	asm volatile("movl %%gs, %0" : "=r"(selector));
	return selector & 0xffff;
}

/** The selector may no longer fit the tables: then it is the null one. */
static void load_gs(u32 selector)
{
	asm volatile("1: movl %0, %%gs\n"
		     "2:\n\t"
		     ".pushsection .fixup, \"ax\"\n"
		     "3: movl %1, %%gs\n\t"
		     "jmp 2b\n\t"
		     ".popsection\n\t" EX_TABLE("1b", "3b")
		     : : "r"(selector), "r"(0));
}

static void load_ldt(const struct task *task)
{
	pv_cpu_ops.set_ldt(task->ldt, task->ldt ? LDT_ENTRIES : 0);
}

static void load_io_bitmap(const struct task *next)
{
	if (!next->io_bitmap) {
		init_tss.io_bitmap_base = INVALID_IO_BITMAP_OFFSET;
		return;
	}
	memcpy(init_tss.io_bitmap, next->io_bitmap, IO_BITMAP_BYTES);
	init_tss.io_bitmap_base = offsetof(struct tss, io_bitmap);
}

/** SYSENTER is forbidden in V86 mode by a null SYSENTER_CS; ss1 tells what the register holds. */
static void load_stack(const struct task *next)
{
	if (cpu_has(FEATURE_SEP) && init_tss.ss1 != next->sysenter_cs) {
		init_tss.ss1 = next->sysenter_cs;
		wrmsr(MSR_SYSENTER_CS, next->sysenter_cs);
	}
	pv_cpu_ops.load_esp0(&init_tss, next->esp0);
}

void switch_cpu_state(struct task *previous, struct task *next)
{
	fpu_switch_out();
	load_stack(next);
	previous->gs = saved_gs();
	pv_cpu_ops.load_tls(next->tls);
	if (get_kernel_rpl() && previous->iopl != next->iopl)
		set_iopl_mask(next->iopl << 12);
	if (previous->io_bitmap || next->io_bitmap)
		load_io_bitmap(next);
	if (previous->ldt || next->ldt)
		load_ldt(next);
	if (previous->gs | next->gs)
		load_gs(next->gs);
}

int sys_iopl(struct pt_regs *regs, u32 level)
{
	if (level > 3)
		return -1;
	regs->eflags = (regs->eflags & ~EFLAGS_IOPL) | level << 12;
	current->iopl = level;
	set_iopl_mask(level << 12);
	return 0;
}

int sys_ioperm(u32 from, u32 count, int allow)
{
	if (from + count > 65536 || from + count < from)
		return -1;
	if (!current->io_bitmap)
		current->io_bitmap = memset(alloc_pages(IO_BITMAP_BYTES / PAGE_SIZE), 0xff, IO_BITMAP_BYTES);
	for (u32 port = from; port < from + count; port++) {
		u8 bit = 1 << (port & 7);
		if (allow)
			current->io_bitmap[port >> 3] &= ~bit;
		else
			current->io_bitmap[port >> 3] |= bit;
	}
	u32 flags = local_irq_save();
	load_io_bitmap(current);
	local_irq_restore(flags);
	return 0;
}

int sys_set_thread_area(u32 slot, u32 base, u32 limit)
{
	if (slot >= GDT_ENTRY_TLS_ENTRIES)
		return -1;
	u32 flags = local_irq_save();
	current->tls[slot] = pack_descriptor(base, limit, DESC_DATA | DESC_DPL3, DESC_FLAGS_32_BYTES);
	pv_cpu_ops.load_tls(current->tls);
	local_irq_restore(flags);
	return (GDT_ENTRY_TLS_MIN + slot) * 8 + 3;
}

int sys_modify_ldt(u32 index, u32 base, u32 limit)
{
	if (index >= LDT_ENTRIES)
		return -1;
	if (!current->ldt)
		current->ldt = alloc_page();
	struct desc desc = pack_descriptor(base, limit, DESC_DATA | DESC_DPL3, DESC_FLAGS_32_BYTES);
	u32 flags = local_irq_save();
	load_ldt(current);
	write_ldt_entry(current->ldt, index, desc.low, desc.high);
	local_irq_restore(flags);
	return index * 8 + 7;
}

void copy_cpu_state(struct task *child, const struct task *parent)
{
	fpu_save_current();
	child->fpu = parent->fpu;
	memcpy(child->tls, parent->tls, sizeof(child->tls));
	child->iopl = parent->iopl;
	child->gs = saved_gs();
	if (parent->io_bitmap)
		child->io_bitmap = memcpy(alloc_pages(IO_BITMAP_BYTES / PAGE_SIZE), parent->io_bitmap, IO_BITMAP_BYTES);
	if (parent->ldt)
		child->ldt = memcpy(alloc_page(), parent->ldt, PAGE_SIZE);
}

/** Interrupts are off. The tables must let go of what is freed. */
void free_cpu_state(struct task *task)
{
	fpu_drop(&task->fpu);
	if (task->io_bitmap) {
		free_pages(task->io_bitmap, IO_BITMAP_BYTES / PAGE_SIZE);
		task->io_bitmap = NULL;
		load_io_bitmap(task);
	}
	if (task->ldt) {
		void *ldt = task->ldt;
		load_gs(0);
		task->ldt = NULL;
		load_ldt(task);
		free_page(ldt);
	}
}
