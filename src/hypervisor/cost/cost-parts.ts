/** Modelled cost of one exit by part, in cycles of the profile's processor. */
export interface CostParts {
  /** Leaving the guest and finding out why: fault delivery, VM exit and what is read of it, or the call into the hypervisor. */
  transition: number;
  /** Walking the guest's tables, fetching the instruction and decoding it. Zero for a hypercall. */
  decode: number;
  /** The device model behind the port; of other operations, their own work. */
  device: number;
  /** Returning to the guest. */
  return: number;
}
