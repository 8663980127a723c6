/** Known starts of instructions are kept up to this many. */
const CAPACITY = 65536;

/** Linear addresses at which an instruction is known to begin, because one was executed or stopped at there. */
export class InstructionAnchors {
  /** Ascending. */
  private readonly addresses: number[] = [];

  add(address: number): void {
    const at = this.indexAfter(address);
    if (this.addresses[at - 1] === address || this.addresses.length >= CAPACITY) return;
    this.addresses.splice(at, 0, address);
  }

  /** The highest anchor below `address` and not below `floor`. */
  below(address: number, floor: number): number | undefined {
    const found = this.addresses[this.indexAfter(address - 1) - 1];
    return found !== undefined && found >= floor ? found : undefined;
  }

  /** Index of the first entry above `address`. */
  private indexAfter(address: number): number {
    let low = 0;
    let high = this.addresses.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.addresses[middle] <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
