import type { VmiActions } from '../monitor';
import { portIoActions } from './port-io';

/** What the hypervisor does, by name of the call. A call that is not here is said not to be there. */
export const VMI_ACTIONS: VmiActions = { ...portIoActions };
