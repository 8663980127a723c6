import { Register } from '../../../machine/layout';
import type { VmiActions, VmiMonitor } from '../monitor';
import { placeOfGuest } from '../place';

/** Bytes of struct vmi_ap_state, to the end of its last field; and where its EIP is. */
const AP_STATE_BYTES = 90;
const AP_STATE_EIP = 24;

/** Register of the local APIC with its id in the high byte. */
const APIC_ID = 0x20;

function ownApicId({ machine }: VmiMonitor): number {
  return (machine.pc?.localApic.read(APIC_ID, 4) ?? 0) >>> 24;
}

/** Calls about further processors. There is one: whoever asks for others is told so, and nothing starts. */
export const processorActions: VmiActions = {
  SetInitialAPState: (monitor) => {
    const { state, cpu } = monitor;
    const address = state.reg(Register.EAX);
    const apicId = state.reg(Register.EDX);
    // Read as a hypervisor with several processors would read it, so that a bad pointer faults here, too.
    cpu.mmu.probeSystem(address, AP_STATE_BYTES, false);
    const eip = cpu.mmu.readSystem((address + AP_STATE_EIP) >>> 0, 4);
    const what =
      apicId === ownApicId(monitor)
        ? `APIC id ${apicId} is the processor that calls`
        : `there is no processor with APIC id ${apicId}`;
    const asked = `SetInitialAPState, ${placeOfGuest(monitor.machine)}, is to start one at 0x${eip.toString(16)}`;
    monitor.report('vmi-ap-state', `${asked}: ${what}, and no other; nothing starts`);
  },
};
