import { Register } from '../../machine/layout';
import type { GateEntry } from './entry';
import type { GateParts } from './gate';

const ENTRY: GateEntry = { reason: 'INT', transport: 'interrupt' };

/**
 * A software interrupt that leads into the hypervisor, the number in EAX. It is a gate of protected mode: in real and
 * V86 mode the vector is the guest's own.
 */
export function interruptGate({ server, dispatcher, machine }: GateParts): () => boolean {
  const { state } = machine.cpu;
  return () => {
    if (!state.protectedMode || state.v86) return false;
    dispatcher.perform(server, server.callOf(state.reg(Register.EAX)), ENTRY);
    return true;
  };
}
