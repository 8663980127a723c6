/** Pages of 4 KiB in a 32-bit physical address space. */
const PAGES = 0x100000;

/**
 * Guest-physical pages whose writes somebody wants to see. Reads keep their fast path, writes by the CPU's programs take
 * the slow one; until a page is named there is no table at all.
 */
export class WriteWatch {
  private pages: Uint8Array | undefined;

  has(physical: number): boolean {
    return this.pages !== undefined && this.pages[physical >>> 12] !== 0;
  }

  set(physical: number, on: boolean): void {
    if (!this.pages && !on) return;
    this.pages ??= new Uint8Array(PAGES);
    this.pages[physical >>> 12] = on ? 1 : 0;
  }

  clear(): void {
    this.pages = undefined;
  }
}
