/*
 * A kernel that misbehaves. Each attempt must end in a clean fault of the guest, or in nothing; the
 * guest must live; what the hypervisor reports is asserted by the test outside.
 */
#include "call_registers.h"
#include "desc.h"
#include "irq.h"
#include "mm.h"
#include "paravirt.h"
#include "sched.h"
#include "string.h"
#include "test.h"
#include "timer.h"
#include "traps.h"
#include "vmi.h"

/** Nothing is mapped there, in any address space. */
#define NOWHERE 0xdff00000u
/** Fault of any kind, or none: the guest need only live. */
#define ANY 0xff
#define NOTHING 0xfe

/** Calls with arguments that make no sense. Natively each would fault, or do nothing. */
static const struct attempt {
	const char *name;
	u8 call, vector;
	u32 eax, edx, ecx, stack0, stack1;
} attempts[] = {
	{ "SetGDT from nowhere", VMI_CALL_SetGDT, TRAP_PF, NOWHERE, 0, 0, 0, 0 },
	{ "SetIDT from nowhere", VMI_CALL_SetIDT, TRAP_PF, NOWHERE, 0, 0, 0, 0 },
	{ "GetGDT to nowhere", VMI_CALL_GetGDT, TRAP_PF, NOWHERE, 0, 0, 0, 0 },
	{ "GetIDT to nowhere", VMI_CALL_GetIDT, TRAP_PF, NOWHERE, 0, 0, 0, 0 },
	{ "WriteGDTEntry to nowhere", VMI_CALL_WriteGDTEntry, TRAP_PF, NOWHERE, 0, 0, 0, 0 },
	{ "WriteLDTEntry to nowhere", VMI_CALL_WriteLDTEntry, TRAP_PF, NOWHERE, 1, 0, 0, 0 },
	{ "WriteIDTEntry to nowhere", VMI_CALL_WriteIDTEntry, TRAP_PF, NOWHERE, 2, 0, 0, 0 },
	{ "WriteIDTEntry far beyond", VMI_CALL_WriteIDTEntry, ANY, (u32)idt_table, 0x00f00000, 0, 0, 0 },
	{ "SetPxE of nowhere", VMI_CALL_SetPxE, TRAP_PF, 0, NOWHERE, VMI_PAGE_PT, 0, 0 },
	{ "UpdatePxE of nowhere", VMI_CALL_UpdatePxE, ANY, NOWHERE, VMI_PAGE_PT, 0, 0, 0 },
	{ "SetTR of data", VMI_CALL_SetTR, TRAP_GP, KERNEL_DS, 0, 0, 0, 0 },
	{ "SetTR beyond the table", VMI_CALL_SetTR, TRAP_GP, 0xfff8, 0, 0, 0, 0 },
	{ "SetLDT of data", VMI_CALL_SetLDT, TRAP_GP, KERNEL_DS, 0, 0, 0, 0 },
	{ "SetCR0: paging without protection", VMI_CALL_SetCR0, TRAP_GP, CR0_KERNEL & ~CR0_PE, 0, 0, 0, 0 },
	{ "SetCR4: reserved bits", VMI_CALL_SetCR4, TRAP_GP, 0xffff0000, 0, 0, 0, 0 },
	{ "GetDR of number 9", VMI_CALL_GetDR, ANY, 9, 0, 0, 0, 0 },
	{ "SetDR of number -1", VMI_CALL_SetDR, ANY, -1u, 0, 0, 0, 0 },
	{ "RDMSR of none", VMI_CALL_RDMSR, TRAP_GP, 0, 0, 0x12745, 0, 0 },
	{ "WRMSR of none", VMI_CALL_WRMSR, TRAP_GP, 0, 0, 0x12745, 0, 0 },
	{ "AllocatePage beyond memory", VMI_CALL_AllocatePage, ANY, 0xfffff, VMI_PAGE_PT, 0, 0, 0 },
	{ "AllocatePage of no type", VMI_CALL_AllocatePage, ANY, 0x2000, 0, 0, 0, 0 },
	{ "AllocatePage: a clone of too much", VMI_CALL_AllocatePage, ANY, 0x2001, VMI_PAGE_PD | VMI_PAGE_CLONE, 0x2002,
	  1000, 0x7fffffff },
	{ "ReleasePage of that", VMI_CALL_ReleasePage, ANY, 0x2001, VMI_PAGE_PD, 0, 0, 0 },
	{ "ReleasePage of a page that is none", VMI_CALL_ReleasePage, ANY, 0x2003, VMI_PAGE_PT, 0, 0, 0 },
	{ "ReleasePage of the tables in use", VMI_CALL_ReleasePage, ANY, 0x100000, VMI_PAGE_PD, 0, 0, 0 },
	{ "SetLinearMapping without end", VMI_CALL_SetLinearMapping, ANY, 3, 0xf0000000, -1u, -1u, 0 },
	{ "SetLinearMapping of slot 1000", VMI_CALL_SetLinearMapping, ANY, 1000, PAGE_OFFSET, 1, 0, 0 },
	{ "FlushTLB of nothing known", VMI_CALL_FlushTLB, NOTHING, 99, 0, 0, 0, 0 },
	{ "InvalPage of the top", VMI_CALL_InvalPage, NOTHING, -1u, 0, 0, 0, 0 },
	{ "SetLazyMode 77", VMI_CALL_SetLazyMode, ANY, 77, 0, 0, 0, 0 },
	{ "SetLazyMode 0", VMI_CALL_SetLazyMode, NOTHING, 0, 0, 0, 0, 0 },
	{ "SetIOPLMask of all bits", VMI_CALL_SetIOPLMask, ANY, -1u, 0, 0, 0, 0 },
	{ "SetIOPLMask of none", VMI_CALL_SetIOPLMask, NOTHING, 0, 0, 0, 0, 0 },
	{ "SetAlarm of an unknown counter", VMI_CALL_SetAlarm, ANY, 0x77, 0, 0, 0, 0 },
	{ "CancelAlarm of an unknown counter", VMI_CALL_CancelAlarm, ANY, 0x77, 0, 0, 0, 0 },
	{ "APICRead beyond the registers", VMI_CALL_APICRead, ANY, 0xfffffff0, 0, 0, 0, 0 },
	{ "APICWrite beyond the registers", VMI_CALL_APICWrite, ANY, 0xfffffff0, 1, 0, 0, 0 },
	{ "INSB to nowhere", VMI_CALL_INSB, TRAP_PF, 0, 0x3ff, 4, 0, 0 },
	{ "OUTSB from nowhere", VMI_CALL_OUTSB, TRAP_PF, 0, 0x3ff, 4, 0, 0 },
	{ "INSB without end", VMI_CALL_INSB, TRAP_PF, 0, 0x3ff, -1u, 0, 0 },
	{ "SetInitialAPState from nowhere", VMI_CALL_SetInitialAPState, ANY, NOWHERE, 1, 0, 0, 0 },
	{ "MachineToPhysical", VMI_CALL_MachineToPhysical, ANY, 1, 0, 0, 0, 0 },
};

static void make_call(void *registers)
{
	call_with_registers(registers);
}

/** @returns the vector of the fault, or NOTHING */
static u32 vector_of(struct call_registers *registers, struct caught *caught)
{
	*caught = (struct caught){ .vector = NOTHING };
	catch_exception(make_call, registers, caught);
	return caught->vector;
}

static void bad_arguments(void)
{
	for (u32 i = 0; i < ARRAY_SIZE(attempts); i++) {
		const struct attempt *attempt = &attempts[i];
		struct vmi_relocation_info relocation = vmi_get_relocation(attempt->call);
		if (relocation.type != VMI_RELOCATION_CALL_REL)
			continue;
		struct call_registers registers = {
			.eax = attempt->eax, .ecx = attempt->ecx, .edx = attempt->edx, .edi = NOWHERE, .esi = NOWHERE,
			.stack0 = attempt->stack0, .stack1 = attempt->stack1, .target = relocation.eip,
		};
		struct caught caught;
		u32 vector = vector_of(&registers, &caught);
		int address = vector != TRAP_PF || (caught.cr2 & ~0xffu) == NOWHERE;
		if (!check(attempt->name, (attempt->vector == ANY || attempt->vector == vector) && address))
			printk("  %s, error code %x, address %x\n", trap_name(vector), caught.error_code, caught.cr2);
	}
}

/** The ROM is read-only, whatever the page tables say. */
static void rom_overwritten(void)
{
	volatile u8 *rom = (volatile u8 *)vmi.rom;
	u8 before = rom[VMI_ROM_INIT];
	u32 changed = 0;

	for (u32 i = 0; i < 4096; i++) {
		u8 byte = rom[i];
		rom[i] = ~byte;
		changed += rom[i] != byte;
	}
	check_equal("rom: no byte can be written", 0, changed);
	check_equal("rom: still there", before, rom[VMI_ROM_INIT]);
}

typedef int program(u32 argument);

/** The ROM's page, put where a user program may run it. */
static void calls_from_user_mode(void)
{
	extern program program_rom_call;
	u32 page = (u32)vmi.rom & PAGE_MASK, eip = vmi.eip[VMI_CALL_OUTB], code = -1;

	if (!vmi_by_call[VMI_CALL_OUTB])
		return;
	struct task *task = user_task((u32)program_rom_call, USER_ROM + (eip - page));
	get_frame(pfn_of(page));
	void *pte = mm_make_pte(task->mm, USER_ROM + ((eip & PAGE_MASK) - page));
	pv_mmu_ops.set_pte_at(task->mm, USER_ROM, pte, __pa(eip & PAGE_MASK) | _USERPG);
	wait_task(task->pid, (int *)&code);
	check_equal("call from user mode: #GP", TRAP_GP, code);
}

static volatile u32 storm, deepest;
static u32 storm_depth;

#define STORM_ALARMS 2000
#define RECURSIONS 12

static void alarm_at_once(u64 period)
{
	count_call(GetCycleCounter);
	u64 now = vmi_timer_ops.get_cycle_counter(VMI_CYCLES_REAL);
	count_call(SetAlarm);
	vmi_timer_ops.set_alarm(VMI_ALARM_PERIODIC, now, period);
}

static void stop_alarm(void)
{
	count_call(CancelAlarm);
	vmi_timer_ops.cancel_alarm(VMI_CYCLES_REAL);
}

/** An alarm every cycle: the interrupted code hardly moves, but the handler sees its end. */
static void storm_handler(struct pt_regs *regs)
{
	(void)regs;
	if (++storm == STORM_ALARMS)
		stop_alarm();
}

/** Turns interrupts on, rings the next alarm and sleeps, all inside the handler. */
static void recursive_handler(struct pt_regs *regs)
{
	(void)regs;
	storm_depth++;
	if (storm_depth > deepest)
		deepest = storm_depth;
	if (storm_depth < RECURSIONS) {
		pic_unmask(IRQ_TIMER);
		alarm_at_once(0);
		safe_halt();
		local_irq_disable();
	}
	storm_depth--;
}

static void alarms(void)
{
	if (!vmi_timer_ops.get_cycle_frequency)
		return;
	timer_stop();
	irq_request(IRQ_TIMER, storm_handler);
	alarm_at_once(1);
	while (storm < STORM_ALARMS)
		safe_halt();
	check_equal("alarm storm", STORM_ALARMS, storm);
	local_irq_disable();
	irq_request(IRQ_TIMER, recursive_handler);
	alarm_at_once(0);
	safe_halt();
	check_equal("calls and interrupts inside handlers", RECURSIONS, deepest);
	time_init();
	u32 before = jiffies;
	wait_ticks(3);
	check("ticks go on", jiffies - before >= 3);
}

/** Rules of page-table pages, broken. The hypervisor keeps no shadow that could go wrong, but tells. */
static void page_rules(void)
{
	u32 address = VMALLOC_END - 8 * PAGE_SIZE;
	u32 *page = alloc_page();
	void *table = alloc_page();

	page[0] = 4711;
	native_set_pxe(kernel_pte(address), __pa(page) | _KERNPG);
	flush_tlb_page(address);
	check_equal("entry written without UpdatePxE", 4711, *(volatile u32 *)address);
	native_set_pxe(kernel_pte(address), 0);
	flush_tlb_page(address);
	pv_mmu_ops.alloc_pt(pfn_of(table));
	pv_mmu_ops.alloc_pd(pfn_of(table));
	pv_mmu_ops.release_pd(pfn_of(table));
	pv_mmu_ops.alloc_pt(pfn_of(table));
	native_set_pxe(table, __pa(page) | _KERNPG);
	write_cr3(read_cr3());
	pv_mmu_ops.release_pt(pfn_of(table));
	free_page(table);
	free_page(page);
	check("page table as page directory", 1);
}

/** A return to what no descriptor allows. The stub is entered as the answer wants it. */
static void bad_returns(void)
{
	static const struct { const char *name; u32 cs, eflags; } frames[] = {
		{ "IRET to a selector beyond the table", 0xffff, 2 },
		{ "IRET to data", USER_DS, 2 },
		{ "IRET to the null selector", 0, 2 },
	};
	extern void jump_to_iret(void *frame);	/* bad_iret.S */

	for (u32 i = 0; i < ARRAY_SIZE(frames); i++) {
		u32 frame[5] = { (u32)test_hostile, frames[i].cs, frames[i].eflags, USER_STACK_TOP, USER_DS };
		struct caught caught = { .vector = NOTHING };
		u32 flags = local_irq_save();
		catch_exception(jump_to_iret, frame, &caught);
		local_irq_restore(flags);
		check(frames[i].name, caught.vector == TRAP_GP && caught.error_code == (frames[i].cs & 0xfffc));
	}
}

void test_hostile(void)
{
	if (!vmi.active) {
		check("no VMI to be hostile to", 1);
		return;
	}
	check("before VMI_Init: the call was refused", hostile_early_vector == TRAP_UD);
	bad_arguments();
	rom_overwritten();
	calls_from_user_mode();
	alarms();
	page_rules();
	bad_returns();
	check("alive", !irqs_disabled());
}
