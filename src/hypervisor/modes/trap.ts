import type { HypervisorMode } from './mode';

/** A software VMM before hardware assistance: every port access is a fault, and the instruction must be decoded. */
export const trapMode: HypervisorMode = {
  name: 'trap',
  doc: 'Port I/O faults; the hypervisor walks the page tables, fetches, decodes and emulates, as a software VMM of 2007.',
  install({ emulation }) {
    return { io: emulation.byDecoding };
  },
};
