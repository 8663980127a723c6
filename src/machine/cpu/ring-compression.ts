/**
 * Ring compression: the guest's kernel runs at an inner level above 0, because level 0 is the hypervisor's. What the
 * guest has at level 0 (gates, stacks, tasks, SYSENTER) is taken for that level where no instruction could be trapped.
 */
export interface RingCompression {
  /** Level of the guest's kernel, 1 or 2; 0 while there is no compression, and then nothing else here counts. */
  readonly kernelLevel: number;
  /** Entries from outer levels and from V86 mode begin on the stack that the guest's TSS has for its level 0. */
  readonly stackInTask: boolean;
  /** SS:ESP on which they begin otherwise. */
  readonly stackSelector: number;
  readonly stackPointer: number;
  /** IOPL by which code outside the kernel may access ports, 0-3. EFLAGS.IOPL stays below the kernel's level. */
  readonly portLevel: number;
  /** Limit of the flat segments that SYSENTER loads. */
  readonly flatLimit: number;
}

/** No hypervisor, or one that leaves the guest's levels alone. */
export const NO_COMPRESSION: RingCompression = {
  kernelLevel: 0,
  stackInTask: false,
  stackSelector: 0,
  stackPointer: 0,
  portLevel: 0,
  flatLimit: 0xffffffff,
};
