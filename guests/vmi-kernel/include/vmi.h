/*
 * The guest's half of VMware's Virtual Machine Interface, API 3.0, as Linux 2.6.21-2.6.36 has it in
 * arch/i386/kernel/vmi.c: shared between the files of vmi/.
 */
#ifndef VMI_GUEST_H
#define VMI_GUEST_H

#include "kernel.h"
#include "vmi_calls.h"

/* Flags of the page calls (Linux 2.6.32, asm/vmi.h). */
#define VMI_PAGE_PT 0x01
#define VMI_PAGE_PD 0x02
#define VMI_PAGE_PDP 0x04
#define VMI_PAGE_PAE 0x10
#define VMI_PAGE_CLONE 0x20
#define VMI_PAGE_ZEROED 0x40
/* Of SetPxE and UpdatePxE. */
#define VMI_PAGE_CURRENT_AS 0x10
#define VMI_PAGE_DEFER 0x20
#define VMI_PAGE_VA_MASK 0xfffff000u
#define VMI_FLUSH_TLB 1
#define VMI_FLUSH_GLOBAL 2

/* Of SetAlarm and CancelAlarm. */
#define VMI_CYCLES_REAL 0
#define VMI_CYCLES_AVAILABLE 1
#define VMI_CYCLES_STOLEN 2
#define VMI_ALARM_PERIODIC 0x100
#define VMI_ALARM_WIRED_LVTT 0x10000

/** Words of `vmi=` on the command line, and what was found out about the ROM. */
struct vmi {
	/** The ROM in use, executed where it lies; NULL without one. */
	const struct vrom_header *rom;
	/** VMI_Init has succeeded. */
	int active;
	int disable_pge, disable_pse, disable_sep, disable_tsc, disable_mtrr, disable_timer, disable_noidle;
	int disable_io_ops;
	/** Answers of GetRelocationInfo by call: type, and address of the code. Asked only as Linux asks. */
	u8 type[VMI_CALL_COUNT];
	u32 eip[VMI_CALL_COUNT];
	u32 relocations_asked;
};

extern struct vmi vmi;

/** Operations that go by call. */
extern u8 vmi_by_call[VMI_CALL_COUNT];
/** Calls made since activation, by number. Compared with what the hypervisor has counted. */
extern u32 vmi_calls[VMI_CALL_COUNT];

/** Looks for the ROM and reserves the hypervisor's hole (vmi_init() of Linux). */
void vmi_probe(void);
/** Reads the vmi= options. */
void vmi_parse_options(void);
/** VMI_Init, relocations, patches (activate_vmi() of Linux). Interrupts are off meanwhile. */
void vmi_activate(u32 low_memory_pages);

/** Asks the ROM where a call is, and remembers the answer. */
struct vmi_relocation_info vmi_get_relocation(int call);
/** Linux's vmi_get_function(): the code's address, or NULL where there is none. Stops at JUMP_REL. */
void *vmi_get_function(int call);
/** Linux's para_fill(): what is to stand in the table instead of @native. */
void *vmi_para_fill(int call, void *native);
/** Linux's para_wrap(): @stub, with the code's address left in *@cache, or @native. */
void *vmi_para_wrap(int call, void *native, void *stub, void **cache);

#define para_fill(op, call) (op) = vmi_para_fill(VMI_CALL_##call, (void *)(op))
#define para_wrap(op, stub, cache, call)							    \
	(op) = vmi_para_wrap(VMI_CALL_##call, (void *)(op), (void *)(stub), (void **)&(cache))

/** Fill the groups of the table, in the order of activate_vmi(). */
void vmi_fill_cpu_ops(void);
void vmi_fill_io_ops(void);
void vmi_fill_lazy_mode(void);
void vmi_fill_mmu_ops(void);
void vmi_set_linear_mapping(u32 pages);
void vmi_fill_apic_ops(void);
void vmi_fill_time_ops(void);
void vmi_fill_halt(void);

unsigned vmi_patch(u8 type, u8 *instr, u8 len);

/** The timer calls: NULL where the hypervisor has none. */
struct vmi_timer_ops {
	u64 (*get_cycle_frequency)(void);
	u64 (*get_cycle_counter)(int which);
	void (*set_alarm)(u32 flags, u64 expiry, u64 period);
	u32 (*cancel_alarm)(u32 flags);
	u64 (*get_wallclock)(void);
	u32 (*wallclock_updated)(void);
};

extern struct vmi_timer_ops vmi_timer_ops;

#endif
