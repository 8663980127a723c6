/* VMI_Init and VMI_GetRelocationInfo, and the three ways in which Linux uses an answer. */
#include "vmi.h"
#include "cpu.h"
#include "paravirt.h"
#include "string.h"

u8 vmi_by_call[VMI_CALL_COUNT];

typedef u32 rom_init(void);
typedef u64 rom_get_relocation(int call);

struct vmi_relocation_info vmi_get_relocation(int call)
{
	rom_get_relocation *entry = (rom_get_relocation *)vmi.rom->get_reloc;
	u64 answer = entry(call);
	struct vmi_relocation_info relocation;

	memcpy(&relocation, &answer, sizeof(relocation));
	vmi.relocations_asked++;
	vmi.type[call] = relocation.type;
	vmi.eip[call] = relocation.type == VMI_RELOCATION_NONE ? 0 : relocation.eip;
	return relocation;
}

/** From now on the operation's uses are calls: they count from here. */
static void now_by_call(int call)
{
	vmi_calls[call] = 0;
	vmi_by_call[call] = 1;
}

void *vmi_get_function(int call)
{
	struct vmi_relocation_info relocation = vmi_get_relocation(call);

	BUG_ON(relocation.type == VMI_RELOCATION_JUMP_REL);
	if (relocation.type != VMI_RELOCATION_CALL_REL)
		return NULL;
	now_by_call(call);
	return (void *)relocation.eip;
}

static void vmi_nop(void)
{
}

void *vmi_para_fill(int call, void *native)
{
	struct vmi_relocation_info relocation = vmi_get_relocation(call);

	switch (relocation.type) {
	case VMI_RELOCATION_NONE:
		return native;
	case VMI_RELOCATION_CALL_REL:
		now_by_call(call);
		return (void *)relocation.eip;
	case VMI_RELOCATION_NOP:
		return (void *)vmi_nop;
	default:
		printk("VMI: Unknown relocation type %u for call %d\n", relocation.type, call);
		return native;
	}
}

void *vmi_para_wrap(int call, void *native, void *stub, void **cache)
{
	struct vmi_relocation_info relocation = vmi_get_relocation(call);

	BUG_ON(relocation.type == VMI_RELOCATION_JUMP_REL);
	if (relocation.type != VMI_RELOCATION_CALL_REL)
		return native;
	*cache = (void *)relocation.eip;
	now_by_call(call);
	return stub;
}

static int call_init(void)
{
	rom_init *init = (rom_init *)vmi.rom->vmi_init;
	u32 status = init();

	if (status == 0)
		return 1;
	printk("VMI: ROM failed to initialize!\n");
	return 0;
}

void vmi_activate(u32 low_memory_pages)
{
	if (!vmi.rom)
		return;
	u32 flags = local_irq_save();
	if (!call_init()) {
		local_irq_restore(flags);
		return;
	}
	vmi.active = 1;
	pv_info.name = "vmi";
	pv_info.kernel_rpl = current_cs() & 3;
	pv_info.patch = vmi_patch;
	vmi_fill_cpu_ops();
	vmi_fill_io_ops();
	vmi_fill_lazy_mode();
	vmi_fill_mmu_ops();
	vmi_fill_apic_ops();
	vmi_fill_time_ops();
	vmi_fill_halt();
	apply_paravirt();
	vmi_set_linear_mapping(low_memory_pages);
	local_irq_restore(flags & 0x200);
}
