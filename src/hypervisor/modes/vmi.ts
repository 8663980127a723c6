import { VmiServer } from '../abi/vmi-server';
import type { HypervisorMode } from './mode';

/** A software VMM with the VMI ROM: what the guest does not ask for by hypercall still takes the trap path. */
export const vmiMode: HypervisorMode = {
  name: 'vmi',
  doc: 'The VMI ROM is there: I/O calls reach the bus without a decode, raw port I/O still traps, as under VMware.',
  install({ machine, emulation, disableIoOps, dispatch }) {
    const server = new VmiServer(machine.cpu.state, machine.memory, (call) => disableIoOps && call.io !== undefined);
    const dispatcher = dispatch([server]);
    return { io: emulation.byDecoding, monitorCall: () => dispatcher.serve() };
  },
};
