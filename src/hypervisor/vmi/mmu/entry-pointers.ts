import { CR0_WP } from '../../../machine/cpu/control-bits';
import { Fault, Vector } from '../../../machine/cpu/fault';
import type { GuestMachine } from '../../guest-machine';
import { PageKind } from '../../../machine/memory/physical';
import type { Report } from '../part';
import type { LinearMappings } from './linear-mappings';

const KIND_NAMES: Readonly<Record<PageKind, string>> = {
  [PageKind.None]: 'nothing is there',
  [PageKind.Ram]: 'RAM',
  [PageKind.Rom]: 'it is ROM',
  [PageKind.Mmio]: "a device's registers are there",
};

const FOUR_GIB = 2 ** 32;

/** Finds the paging entry that a pointer of the guest means. */
export class EntryPointers {
  constructor(
    private readonly machine: GuestMachine,
    private readonly hints: LinearMappings,
    private readonly report: Report,
    /** Carries out stores into page tables that wait. @returns whether there were any */
    private readonly storeWaiting: () => boolean,
  ) {}

  /**
   * Physical address of an entry.
   * @param linear where the guest says it is
   * @param bytes 4 or 8
   * @param write whether the hypervisor is to store it on the guest's behalf
   * @param what call and place, for reports
   * @throws Fault #PF where the guest itself could not have reached it, #GP(0) where no page table can be
   */
  locate(linear: number, bytes: 4 | 8, write: boolean, what: string): number {
    if (linear % bytes !== 0) this.refuse('vmi-entry-alignment', `${what}: 0x${linear.toString(16)} is misaligned`);
    const physical = this.translate(linear, write, what);
    const kind = physical < FOUR_GIB ? this.machine.memory.kindOf(physical) : PageKind.None;
    if (kind !== PageKind.Ram) {
      const where = `0x${linear.toString(16)}, physical 0x${physical.toString(16)}`;
      this.refuse(`vmi-entry-${PageKind[kind]}`, `${what}: no page table can be at ${where}: ${KIND_NAMES[kind]}`);
    }
    return physical;
  }

  private translate(linear: number, write: boolean, what: string): number {
    const { mmu, state } = this.machine.cpu;
    const hint = this.hints.find(linear);
    let { steps, physical } = mmu.walk(linear);
    if (physical === undefined && this.storeWaiting()) ({ steps, physical } = mmu.walk(linear));
    if (physical === undefined) {
      if (hint !== undefined) return hint;
      this.report('vmi-entry-unmapped', `${what}: nothing is mapped at 0x${linear.toString(16)}: #PF`);
    } else if (steps.length > 0 && steps.every(({ user }) => user)) {
      this.refuse('vmi-entry-user', `${what}: user mode could write to the page of 0x${linear.toString(16)}`);
    } else if (write && steps.some(({ writable }) => !writable) && state.cr(0) & CR0_WP) {
      this.report('vmi-entry-read-only', `${what}: the page of 0x${linear.toString(16)} is read-only: #PF`);
    } else if (hint !== undefined && hint !== physical) {
      const differ = `SetLinearMapping says 0x${hint.toString(16)}, the page tables say 0x${physical.toString(16)}`;
      this.report('vmi-linear-mapping-wrong', `${what}: for 0x${linear.toString(16)} ${differ}, which is taken`);
    }
    return mmu.translate(linear, { write });
  }

  private refuse(kind: string, message: string): never {
    this.report(kind, `${message}: #GP(0)`);
    throw new Fault(Vector.GP, 0);
  }
}
