import type { VmiActions } from '../monitor';
import { apicActions } from './apic';
import { interruptActions } from './interrupts';
import { powerActions } from './power';
import { registerActions } from './registers';
import { returnActions } from './return';
import { tableActions } from './tables';
import { mmuActions } from './mmu';
import { portIoActions } from './port-io';
import { processorActions } from './processors';
import { timerActions } from './timers';

/** What the hypervisor does, by name of the call. A call that is not here is said not to be there. */
export const VMI_ACTIONS: VmiActions = {
  ...registerActions,
  ...tableActions,
  ...interruptActions,
  ...returnActions,
  ...powerActions,
  ...portIoActions,
  ...mmuActions,
  ...apicActions,
  ...processorActions,
  ...timerActions,
};
