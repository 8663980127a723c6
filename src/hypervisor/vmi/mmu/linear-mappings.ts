import type { MonitorPart } from '../part';

/** Slots of SetLinearMapping: 0 for low memory, 1 and 2 for tables in high memory (Linux 2.6.22), 3 unused. */
const LINEAR_SLOTS = 4;

/** What the guest has told of one slot. */
interface LinearMapping {
  readonly address: number;
  readonly pages: number;
  readonly frame: number;
}

/** Hints of the guest about where its page tables are mapped. Its own page tables have the last word. */
export class LinearMappings implements MonitorPart {
  readonly name = 'linearMappings';
  private slots: (LinearMapping | undefined)[] = [];

  /**
   * @param slot 0 to 3
   * @param pages 0 empties the slot
   * @returns why the guest's words make no sense, and were ignored; undefined if they do
   */
  set(slot: number, address: number, pages: number, frame: number): string | undefined {
    if (slot >= LINEAR_SLOTS) return `there are slots 0 to ${LINEAR_SLOTS - 1}`;
    if (address & 0xfff) return 'the address is not that of a page';
    if (address + pages * 0x1000 > 2 ** 32) return 'the range goes beyond the address space';
    if (frame + pages > 2 ** 24) return 'the frames go beyond 36 bits of physical address';
    this.slots[slot] = pages > 0 ? { address, pages, frame } : undefined;
    return undefined;
  }

  /** Physical address of a linear one as the hints have it; undefined where there is none. */
  find(linear: number): number | undefined {
    for (const slot of this.slots) {
      if (!slot || linear < slot.address || linear >= slot.address + slot.pages * 0x1000) continue;
      return slot.frame * 0x1000 + (linear - slot.address);
    }
    return undefined;
  }

  reset(): void {
    this.slots = [];
  }

  save(): unknown {
    return { slots: Array.from({ length: LINEAR_SLOTS }, (_, i) => this.slots[i]) };
  }

  load(state: unknown): void {
    this.slots = [...(state as { slots: (LinearMapping | undefined)[] }).slots];
  }
}
