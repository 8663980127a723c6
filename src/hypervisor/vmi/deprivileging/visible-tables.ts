import { SystemType } from '../../../machine/cpu/descriptor';
import * as layout from '../../../machine/layout';
import { SegmentIndex } from '../../../machine/layout';
import { PageKind } from '../../../machine/memory/physical';
import type { GuestMachine } from '../../guest-machine';
import { adjustDescriptor, adjustGate, type Entry, type EntryRules, raiseLevel } from './descriptor-rules';

/** A table of descriptors, as GDTR, LDTR or IDTR has it. */
interface Table {
  readonly base: number;
  /** Last byte. */
  readonly limit: number;
}

/** Bytes of the largest table that selectors can reach, and of the largest IDT. A limit may say more. */
const MOST_DESCRIPTORS = 0x10000;
const MOST_GATES = 0x800;

type Adjust = (entry: Entry, rules: EntryRules) => Entry;

/**
 * The guest's own tables, which the hypervisor adjusts in place, where the guest sees it. It writes to RAM through the
 * guest's mapping without the guest's rights: a table may be mapped read-only. What is not mapped is left alone.
 */
export class VisibleTables {
  constructor(
    private readonly machine: GuestMachine,
    private readonly rules: EntryRules,
  ) {}

  get gdt(): Table {
    const { state } = this.machine.cpu;
    return { base: state.get(layout.GDTR_BASE), limit: state.get(layout.GDTR_LIMIT) };
  }

  get idt(): Table {
    const { state } = this.machine.cpu;
    return { base: state.get(layout.IDTR_BASE), limit: state.get(layout.IDTR_LIMIT) };
  }

  /** Undefined while there is none. */
  get ldt(): Table | undefined {
    const { state } = this.machine.cpu;
    const attributes = state.segmentAttributes(SegmentIndex.LDTR);
    if ((attributes & 0x9f) !== (0x80 | SystemType.Ldt)) return undefined;
    return { base: state.segmentBase(SegmentIndex.LDTR), limit: state.segmentLimit(SegmentIndex.LDTR) };
  }

  /** An entry of the GDT or an LDT as the guest may have it. */
  descriptor(entry: Entry): Entry {
    return adjustDescriptor(entry, this.rules);
  }

  /** An entry of the IDT as the guest may have it. */
  gate(entry: Entry): Entry {
    return adjustGate(entry, this.rules);
  }

  adjustGdt(): void {
    this.adjustAll(this.gdt, MOST_DESCRIPTORS, adjustDescriptor);
  }

  adjustLdt(): void {
    if (this.ldt) this.adjustAll(this.ldt, MOST_DESCRIPTORS, adjustDescriptor);
  }

  adjustIdt(): void {
    this.adjustAll(this.idt, MOST_GATES, adjustGate);
  }

  /**
   * Raises the level of the entry that a selector (or the error code of its fault) names, if it was written behind the
   * hypervisor's back.
   * @returns false where there is nothing to raise, or no way to
   */
  raiseEntry(selector: number): boolean {
    const table = selector & 4 ? this.ldt : this.gdt;
    const index = selector & 0xfff8;
    if (!table || index + 7 > table.limit || (selector & 0xfffc) === 0) return false;
    return this.adjust((table.base + index) >>> 0, (entry, rules) => adjustDescriptor(raiseLevel(entry, rules), rules));
  }

  private adjustAll({ base, limit }: Table, most: number, rule: Adjust): void {
    const bytes = Math.min(limit + 1, most);
    for (let at = 0; at + 8 <= bytes; at += 8) this.adjust((base + at) >>> 0, rule);
  }

  /** True if the entry has changed. */
  private adjust(address: number, rule: Adjust): boolean {
    const low = this.place(address);
    const high = this.place(address + 4);
    if (low === undefined || high === undefined) return false;
    const { memory } = this.machine;
    const before = { low: memory.read(low, 4), high: memory.read(high, 4) };
    if (before.low === 0 && before.high === 0) return false;
    const after = rule(before, this.rules);
    if (after.low !== before.low) memory.write(low, 4, after.low);
    if (after.high !== before.high) memory.write(high, 4, after.high);
    return after.low !== before.low || after.high !== before.high;
  }

  /** Physical address of a dword that lies in RAM within one page; undefined for others. */
  private place(linear: number): number | undefined {
    const physical = this.machine.cpu.mmu.peek(linear >>> 0);
    if (physical === undefined || (linear & 0xfff) > 0xffc) return undefined;
    return this.machine.memory.kindOf(physical) === PageKind.Ram ? physical : undefined;
  }
}
