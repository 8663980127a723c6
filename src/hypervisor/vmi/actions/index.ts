import type { VmiActions } from '../monitor';
import { apicActions } from './apic';
import { mmuActions } from './mmu';
import { portIoActions } from './port-io';
import { processorActions } from './processors';
import { timerActions } from './timers';

/** What the hypervisor does, by name of the call. A call that is not here is said not to be there. */
export const VMI_ACTIONS: VmiActions = {
  ...portIoActions,
  ...mmuActions,
  ...apicActions,
  ...processorActions,
  ...timerActions,
};
