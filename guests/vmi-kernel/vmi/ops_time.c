/* The timer calls. Their presence turns the VMI timer on, unless vmi=disable_timer says no. */
#include "vmi.h"
#include "paravirt.h"

struct vmi_timer_ops vmi_timer_ops;

void vmi_fill_time_ops(void)
{
	struct vmi_timer_ops *ops = &vmi_timer_ops;

	if (vmi.disable_timer)
		return;
	ops->get_cycle_frequency = vmi_get_function(VMI_CALL_GetCycleFrequency);
	if (!ops->get_cycle_frequency)
		return;
	ops->get_cycle_counter = vmi_get_function(VMI_CALL_GetCycleCounter);
	ops->set_alarm = vmi_get_function(VMI_CALL_SetAlarm);
	ops->cancel_alarm = vmi_get_function(VMI_CALL_CancelAlarm);
	ops->get_wallclock = vmi_get_function(VMI_CALL_GetWallclockTime);
	ops->wallclock_updated = vmi_get_function(VMI_CALL_WallclockUpdated);
}
