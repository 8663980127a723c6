/** Width of a value in bits. */
export type Size = 8 | 16 | 32;
