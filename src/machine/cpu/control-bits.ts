/** Bits of the control and debug registers (Intel SDM vol. 3A, 2.5; vol. 3B, 17.2). */

export const CR0_PE = 0x1;
export const CR0_MP = 0x2;
export const CR0_EM = 0x4;
export const CR0_TS = 0x8;
export const CR0_ET = 0x10;
export const CR0_NE = 0x20;
export const CR0_WP = 0x10000;
export const CR0_AM = 0x40000;
export const CR0_NW = 0x20000000;
export const CR0_CD = 0x40000000;
export const CR0_PG = 0x80000000;

export const CR4_VME = 0x1;
export const CR4_PVI = 0x2;
export const CR4_TSD = 0x4;
export const CR4_DE = 0x8;
export const CR4_PSE = 0x10;
export const CR4_PAE = 0x20;
export const CR4_MCE = 0x40;
export const CR4_PGE = 0x80;
export const CR4_PCE = 0x100;
export const CR4_OSFXSR = 0x200;
export const CR4_OSXMMEXCPT = 0x400;

/** B0-B3, one for each breakpoint register. */
export const DR6_BREAKPOINTS = 0xf;
/** A debug register was about to be accessed while DR7.GD is set. */
export const DR6_BD = 0x2000;
/** A single step. */
export const DR6_BS = 0x4000;
/** A switch to a task whose TSS has the T bit. */
export const DR6_BT = 0x8000;
/** What DR6 holds after reset: the bits that always read as one. */
export const DR6_ONES = 0xffff0ff0;
export const DR6_ZEROES = 0x1000;

/** L0-L3 and LE, which a task switch clears. */
export const DR7_LOCAL = 0x155;
export const DR7_GD = 0x2000;
/** What DR7 holds after reset: the bit that always reads as one. */
export const DR7_ONES = 0x400;
export const DR7_ZEROES = 0xd800;
