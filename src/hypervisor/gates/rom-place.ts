import { SegmentIndex } from '../../machine/layout';
import type { PlacedServer } from '../abi/hypercall';
import type { GuestMachine } from '../guest-machine';
import type { HypercallDispatcher } from '../hypercall-dispatcher';
import type { GateEntry } from './entry';

/** VMCALL in a ROM of the hypervisor's own, whose place says which call it is: no register is spent. */
export class RomPlaceGate {
  private readonly entry: GateEntry;

  constructor(
    private readonly machine: GuestMachine,
    private readonly dispatcher: HypercallDispatcher,
    private readonly server: PlacedServer,
  ) {
    this.entry = { reason: 'VMCALL', transport: server.abi.transport ?? 'call' };
  }

  /**
   * Serves the VMCALL being executed.
   * @returns false if it is not in the ROM
   * @throws Fault of a call that is refused or that faults; AbortInstruction if the debugger stops before it
   */
  readonly enter = (): boolean => {
    const { state, mmu } = this.machine.cpu;
    const linear = (state.segmentBase(SegmentIndex.CS) + state.eipStart) >>> 0;
    const call = this.server.identify(mmu.fetchPage(linear), linear);
    if (!call) return false;
    this.dispatcher.perform(this.server, call, this.entry);
    return true;
  };
}
