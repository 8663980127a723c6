/** Where the recorder and its cases live in physical memory: the host's side of test/lockstep/guest/layout.h. */

/** The window: all that a case may change, rebuilt before each case. */
export const WINDOW = 0x20000;
export const WINDOW_BYTES = 0x9000;

/** Offsets in the window. */
export const GDT = 0x000;
export const GDT_ENTRIES = 64;
export const LDT = 0x200;
export const LDT_ENTRIES = 32;
export const IDT = 0x300;
export const IDT_ENTRIES = 64;
/** The case's own TSS, with room for an I/O bitmap behind its 0x68 bytes. */
export const TSS_MAIN = 0x500;
export const TSS_MAIN_BYTES = 0x100;
/** Further tasks: two of the 386, one of the 286. */
export const TSS_A = 0x600;
export const TSS_B = 0x680;
export const TSS_C = 0x700;
export const PAGE_DIRECTORY = 0x1000;
export const PAGE_TABLE = 0x2000;
export const CODE = 0x4000;
export const STACKS = 0x5000;
export const DATA = 0x6000;
export const DATA_BYTES = 0x2000;
export const HINTS = 0x8000;

/** Hint of an offset in the code page: UD2 there is stepped over, and stepping goes on behind it. */
export const HINT_PAD = 8;
/** Hint bit that stands for OF; the other arithmetic flags are their own bits. */
export const HINT_OF = 2;

/** GDT entries that every case needs. */
export const KERNEL_CODE = 0x08;
export const KERNEL_DATA = 0x10;
export const TSS_CASE_SELECTOR = 0x18;
export const TSS_STEP_SELECTOR = 0x20;
export const TSS_INVALID_SELECTOR = 0x28;
export const TSS_DOUBLE_SELECTOR = 0x30;
/** The first entry that a case is free to use. */
export const FIRST_FREE_ENTRY = 8;

/** The recorder's own TSSs, in an odd place: no operand worth trying leads there. */
export const TASKS = 0x1b340;
export const TASK_BYTES = 0x80;

/** The batch: header, one u32 address per case, the cases. */
export const BATCH = 0xa35000;
export const BATCH_COUNT = 0;
export const BATCH_NEXT = 4;
export const BATCH_OUTPUT = 8;
export const BATCH_DUMP = 12;
export const BATCH_CONSOLE = 16;
export const BATCH_TABLE = 32;
export const TEMPLATE = 0x2b7000;
export const RECORDS = 0x1235000;
export const CASE_HAS_CR4 = 1;

export const MEMORY_MB = 64;

/** Regions of the window whose checksums close a record, in the order of the recorder's table. */
export const REGIONS: readonly { readonly name: string; readonly offset: number; readonly bytes: number }[] = [
  { name: 'tables and TSSs', offset: 0, bytes: 0x800 },
  { name: 'page directory', offset: PAGE_DIRECTORY, bytes: 0x20 },
  { name: 'page table', offset: PAGE_TABLE + 0x80, bytes: 0x40 },
  { name: 'code', offset: CODE, bytes: 0x1000 },
  { name: 'stacks', offset: STACKS, bytes: 0x1000 },
  { name: 'data', offset: DATA, bytes: 0x1000 },
  { name: 'more data', offset: DATA + 0x1000, bytes: 0x1000 },
];
