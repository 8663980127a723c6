/** Guest memory as expressions and views reach it, without side effects on devices. */
export interface GuestMemory {
  /**
   * Reads bytes at a linear address through the guest's page tables.
   * @throws EvaluationError if a page is not present
   */
  read(linear: number, length: number): Uint8Array;
  /** Reads one number of 1, 2 or 4 bytes, unsigned. @throws EvaluationError if a page is not present */
  readNumber(linear: number, width: 1 | 2 | 4): number;
  /** @throws EvaluationError if a page is not present or cannot be written */
  write(linear: number, bytes: Uint8Array): void;
  /** Physical memory; what nobody owns reads as ones. */
  readPhysical(address: number, length: number): Uint8Array;
  /** @throws EvaluationError if there is no RAM or ROM */
  writePhysical(address: number, bytes: Uint8Array): void;
}

/** An expression that is well formed but has no value now: memory not mapped, division by zero, no such variable here. */
export class EvaluationError extends Error {}
