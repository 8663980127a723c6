import type { HypervisorMode } from './mode';

/** No hypervisor. A port access takes the time it takes on bare hardware, so that a guest that polls sees time pass. */
export const noneMode: HypervisorMode = {
  name: 'none',
  doc: 'Port I/O goes straight to the bus, as on bare metal.',
  install({ machine, profile, chargeTime }) {
    if (chargeTime) machine.bus.onDirect = () => machine.clock.charge(profile.native.cycles);
    return {};
  },
};
