import { PAGE_PD, PAGE_PDP, PAGE_PT } from './flags';

/** What a frame is to the guest's page tables. */
export type PageLevel = typeof PAGE_PT | typeof PAGE_PD | typeof PAGE_PDP;

/** What is known of one frame that holds paging entries. */
export interface PageRecord {
  readonly level: PageLevel;
  /** Entries have 64 bits. */
  readonly wide: boolean;
  /** It was in use at VMI_Init already: the guest has not announced it. */
  readonly adopted: boolean;
  /** A directory that no CR3 names and that was written without a word: in words where. It may be no directory any more. */
  readonly suspect?: string;
}

const LEVEL_NAMES: Readonly<Record<PageLevel, string>> = {
  [PAGE_PT]: 'page table (PT)',
  [PAGE_PD]: 'page directory (PD)',
  [PAGE_PDP]: 'pointer table (PDP)',
};

export const levelName = (level: PageLevel): string => LEVEL_NAMES[level];

/** The one level that flags name; undefined where they name none, several, or PML4. */
export function levelOf(flags: number): PageLevel | undefined {
  const level = flags & (PAGE_PT | PAGE_PD | PAGE_PDP);
  return level === PAGE_PT || level === PAGE_PD || level === PAGE_PDP ? level : undefined;
}

/** Directory and pointer table are not told apart: Linux announces the latter as the former (2.6.32, PAE). */
export function sameKind(one: PageLevel, other: PageLevel): boolean {
  return (one === PAGE_PT) === (other === PAGE_PT);
}
