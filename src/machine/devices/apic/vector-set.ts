/** A set of interrupt vectors, as the IRR and ISR hold it: 256 bits in eight words. */
export class VectorSet {
  readonly words = new Uint32Array(8);

  add(vector: number): void {
    this.words[vector >>> 5] |= 1 << (vector & 31);
  }

  remove(vector: number): void {
    this.words[vector >>> 5] &= ~(1 << (vector & 31));
  }

  /** The vector with the highest priority, or -1 if the set is empty. */
  get highest(): number {
    for (let word = 7; word >= 0; word--) {
      if (this.words[word] !== 0) return word * 32 + 31 - Math.clz32(this.words[word]);
    }
    return -1;
  }

  clear(): void {
    this.words.fill(0);
  }
}
