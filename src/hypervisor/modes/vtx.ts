import type { HypervisorMode } from './mode';

/** First-generation hardware assistance: the exit says which port, but of a string not where its memory is. */
export const vtxMode: HypervisorMode = {
  name: 'vtx',
  doc: 'Port I/O causes an exit with reason and qualification; only INS and OUTS are decoded, as KVM did on early VT-x.',
  install({ emulation }) {
    return { io: emulation.byQualification };
  },
};
