import type { IoQualification } from '../../machine/cpu/intercepts';
import { Register } from '../../machine/layout';
import type { Gate } from '../abi/table';
import type { GateEntry } from './entry';
import type { GateParts } from './gate';

const EXIT: GateEntry = { reason: 'IO', transport: 'exit' };

type BackdoorPort = Extract<Gate, { kind: 'backdoor-port' }>;

/**
 * IN EAX, DX (or OUT) at a port that no device has, with a magic number in EAX and the number of the call in CX. It is
 * looked for before permissions are, so that user programs have it too.
 */
export function backdoorGate(
  { port, magic }: BackdoorPort,
  { server, dispatcher, machine, code, hardware }: GateParts,
): (qualification: IoQualification) => boolean {
  const { state } = machine.cpu;
  const trapped: GateEntry = { reason: 'IO', transport: 'trap' };
  return (access) => {
    if (access.port !== port || access.width !== 4 || access.string || access.immediate) return false;
    if (state.reg(Register.EAX) !== magic) return false;
    const call = server.callOf(state.reg16(Register.ECX));
    if (!hardware) {
      code.decode();
      trapped.bytes = code.bytes;
    }
    dispatcher.perform(server, call, hardware ? EXIT : trapped);
    return true;
  };
}
