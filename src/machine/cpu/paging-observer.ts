/**
 * A hypervisor's eye on paging. Absent hooks cost nothing. A hook may store into the guest's tables, but must neither
 * change registers nor drop translations: it may run in the middle of an instruction.
 */
export interface PagingObserver {
  /**
   * The page tables refuse an access.
   * @returns true if they have changed since, so that they have to be looked at again
   */
  pageFault?(): boolean;
  /** CR3 is about to be loaded, by whatever way. */
  directoryLoad?(cr3: number): void;
  /** The guest writes to a page named by `Mmu.watchWrites`; nothing has been stored yet. The write is within one page. */
  watchedWrite?(physical: number, width: 1 | 2 | 4, value: number): void;
}
