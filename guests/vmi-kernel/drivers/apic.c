/* The local APIC: registers by MMIO natively, set up as Linux does with the 8259 pair in virtual wire mode. */
#include "apic.h"
#include "cpu.h"
#include "fixmap.h"
#include "irq.h"
#include "paravirt.h"

int apic_active;

static volatile u32 *apic_register(u32 reg)
{
	return (volatile u32 *)(fix_to_virt(FIX_APIC_BASE) + reg);
}

void native_apic_write(u32 reg, u32 value)
{
	*apic_register(reg) = value;
}

u32 native_apic_read(u32 reg)
{
	return *apic_register(reg);
}

static void spurious(struct pt_regs *regs)
{
	(void)regs;
	irq_counts[IRQ_COUNT_SPURIOUS]++;
}

int apic_init(void)
{
	if (!cpu_has(FEATURE_APIC))
		return 0;
	if (apic_active)
		return 1;
	set_fixmap(FIX_APIC_BASE, APIC_PHYSICAL, _KERNPG | _PAGE_PCD);
	u32 version = apic_read(APIC_LVR) & 0xff;
	if (version < 0x10 || version > 0x1f)
		return 0;
	u32 flags = local_irq_save();
	irq_set_vector(SPURIOUS_VECTOR, spurious);
	apic_write(APIC_TASKPRI, 0);
	apic_write(APIC_SPIV, APIC_SPIV_ENABLED | SPURIOUS_VECTOR);
	apic_write(APIC_LVT0, APIC_DM_EXTINT);
	apic_write(APIC_LVT1, APIC_DM_NMI);
	apic_write(APIC_LVTT, APIC_LVT_MASKED | APIC_TIMER_VECTOR);
	apic_active = 1;
	local_irq_restore(flags);
	return 1;
}
