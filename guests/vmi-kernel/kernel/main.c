/*
 * A kernel that deals with VMI as Linux 2.6.22 to 2.6.32 does: native at first, at level 0, with the
 * ROM executed in place; then deprivileged by VMI_Init; every operation by call where the hypervisor
 * has it, else by the native instruction.
 */
#include "apic.h"
#include "cmdline.h"
#include "cpu.h"
#include "drivers.h"
#include "fixmap.h"
#include "irq.h"
#include "mm.h"
#include "multiboot.h"
#include "paravirt.h"
#include "sched.h"
#include "string.h"
#include "test.h"
#include "timer.h"
#include "vmi.h"

#define LOW_MEMORY_KIB 1024
#define BIOS_SEGMENT 0xff000

int early_fixmap_works;

static u32 memory_bytes(const struct multiboot_info *info)
{
	return (info->flags & 1) ? (LOW_MEMORY_KIB + info->mem_upper) * 1024u : 16u << 20;
}

/** As dmi_scan_machine(): by the fixmap, in tables that are announced only by paging_init(). */
static void look_at_bios(void)
{
	set_fixmap(FIX_TEST, BIOS_SEGMENT, _KERNPG);
	early_fixmap_works = !memcmp((void *)fix_to_virt(FIX_TEST), __va(BIOS_SEGMENT), PAGE_SIZE);
	set_fixmap(FIX_TEST, 0, 0);
}

/** setup_arch(): up to here nothing but native code has run. */
static void setup_arch(u32 magic, const struct multiboot_info *info)
{
	if (magic != MULTIBOOT_LOADER_MAGIC)
		panic("not started by a multiboot loader");
	if (info->flags & MULTIBOOT_INFO_CMDLINE)
		cmdline_save(__va(info->cmdline));
	printk("Ringside vmi-kernel: CS %02x at level %u\n", current_cs(), current_cs() & 3);
	cpu_detect();
	if (boot_uses_pae)
		paging_format = (struct paging_format){ 1, 8, 512, 21 };
	vmi_probe();
	vmi_parse_options();
	cpu_forbid_features();
	pages_init(memory_bytes(info));
	if (cmdline_has("test=hostile"))
		hostile_before_init();
	vmi_activate(max_low_pfn);
	look_at_bios();
	paging_init();
}

static void print_world(void)
{
	printk("Booting paravirtualized kernel on %s\n", pv_info.name);
	printk("cpu: %s family %u, features %08x, paging %s, %u KiB\n", cpu_vendor, cpu_family, cpu_features,
	       paging_format.pae ? "PAE" : "2 levels", max_low_pfn * 4);
	printk("kernel level %u, CS %02x, SS %02x, timer %s\n", get_kernel_rpl(), current_cs(), current_ss(), timer_name);
}

static void init_thread(void *unused)
{
	(void)unused;
	uart_use_interrupts();
	if (cmdline_has("lapic") && apic_init())
		time_use_apic();
	print_world();
	power_off(run_tests());
}

void start_kernel(u32 magic, u32 info)
{
	extern u8 init_stack[];

	uart_init();
	init_task.stack = init_stack;
	init_task.esp0 = (u32)init_stack + KERNEL_STACK_BYTES;
	init_task.state = TASK_RUNNING;
	init_task.sysenter_cs = KERNEL_CS;
	setup_arch(magic, __va(info));
	trap_init();
	cpu_init();
	irq_init();
	time_init();
	/* As alternative_instructions(): once more, and nothing changes. */
	apply_paravirt();
	local_irq_enable();
	kernel_thread(init_thread, NULL);
	idle_loop();
}
