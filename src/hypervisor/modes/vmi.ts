import { PrivilegedTraps } from '../vmi/deprivileging/traps';
import { VmiMonitor } from '../vmi/monitor';
import { VmiServer } from '../vmi/server';
import type { HypervisorMode } from './mode';

/** A software VMM with the VMI ROM: what the guest does not ask for by hypercall still takes the trap path. */
export const vmiMode: HypervisorMode = {
  name: 'vmi',
  doc: 'The VMI ROM is there: I/O calls reach the bus without a decode, raw port I/O still traps, as under VMware.',
  install({ machine, emulation, engine, code, disableIoOps, vmi, report, serveRom }) {
    const monitor = new VmiMonitor(machine, vmi, report);
    const server = new VmiServer(monitor, (call) => disableIoOps && call.io !== undefined);
    const traps = new PrivilegedTraps(monitor, engine, code);
    return {
      io: emulation.byDecoding,
      monitorCall: serveRom(server).enter,
      rings: monitor.levels,
      fault: traps.fault,
      afterRestart: traps.afterRestart,
    };
  },
};
