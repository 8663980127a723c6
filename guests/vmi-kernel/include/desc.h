/* Descriptors, descriptor tables and the task state segment (Intel SDM vol. 3, chapters 3, 6 and 8). */
#ifndef DESC_H
#define DESC_H

#include "kernel.h"
#include "segment.h"

struct desc {
	u32 low, high;
};

/** Operand of LGDT and LIDT. */
struct dtr {
	u16 limit;
	u32 base;
} __attribute__((packed));

#define IO_BITMAP_BYTES (65536 / 8)
/** Offset that lies outside the segment: no port is allowed. */
#define INVALID_IO_BITMAP_OFFSET 0x8000

struct tss {
	u32 back_link;
	u32 esp0, ss0;
	u32 esp1, ss1;			/* as in Linux: ESP and CS of SYSENTER, the processor does not use them */
	u32 esp2, ss2;
	u32 cr3, eip, eflags;
	u32 eax, ecx, edx, ebx, esp, ebp, esi, edi;
	u32 es, cs, ss, ds, fs, gs;
	u32 ldt;
	u16 trace, io_bitmap_base;
	u8 io_bitmap[IO_BITMAP_BYTES];
	u8 io_bitmap_end[4];		/* the last byte must be all ones */
	u32 sysenter_stack[64];
} __attribute__((aligned(4096)));

#define TSS_LIMIT (offsetof(struct tss, sysenter_stack) - 1)

/* Types with the present bit, level 0. */
#define DESC_LDT 0x82
#define DESC_TSS 0x89
#define DESC_DATA 0x92
#define DESC_DPL3 0x60
#define DESC_FLAGS_32_PAGES 0xc
#define DESC_FLAGS_32_BYTES 0x4

#define GATE_TASK 0x85
#define GATE_INTERRUPT 0x8e
#define GATE_TRAP 0x8f

extern struct desc gdt_table[GDT_ENTRIES];
extern struct desc idt_table[IDT_ENTRIES];
extern struct tss init_tss;
extern struct tss doublefault_tss;

static inline struct desc pack_descriptor(u32 base, u32 limit, u8 type, u8 flags)
{
	struct desc desc;

	desc.low = (base & 0xffff) << 16 | (limit & 0xffff);
	desc.high = (base & 0xff000000) | (base & 0xff0000) >> 16 | (limit & 0xf0000) | type << 8 | flags << 20;
	return desc;
}

static inline struct desc pack_gate(u16 selector, u32 offset, u8 type)
{
	struct desc desc;

	desc.low = (u32)selector << 16 | (offset & 0xffff);
	desc.high = (offset & 0xffff0000) | type << 8;
	return desc;
}

static inline u32 desc_base(const struct desc *desc)
{
	return desc->low >> 16 | (desc->high & 0xff) << 16 | (desc->high & 0xff000000);
}

static inline u32 desc_limit(const struct desc *desc)
{
	return (desc->low & 0xffff) | (desc->high & 0xf0000);
}

/** Fills all gates with one that reports an unexpected interrupt; natively, as head.S does. */
void early_idt_init(void);

/** Tables, task register, LDT, debug registers, per-cpu segment, by the operations. */
void cpu_init(void);

#endif
