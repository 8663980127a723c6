import { Register } from '../../machine/layout';
import type { GateEntry } from './entry';
import type { GateParts } from './gate';

const EXIT: GateEntry = { reason: 'VMCALL', transport: 'exit' };

/**
 * VMCALL or VMMCALL with the number in EAX. On hardware assistance it exits; under a software VMM it is an undefined
 * opcode, which has to be fetched and looked at like any other instruction that traps.
 */
export function vmcallGate({ server, dispatcher, machine, code, hardware }: GateParts): () => boolean {
  const { state } = machine.cpu;
  const trapped: GateEntry = { reason: 'VMCALL', transport: 'trap' };
  return () => {
    const call = server.callOf(state.reg(Register.EAX));
    if (!hardware) trapped.bytes = code.fetchInstruction();
    dispatcher.perform(server, call, hardware ? EXIT : trapped);
    return true;
  };
}
