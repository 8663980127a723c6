/** Where a variable is, as far as a location description tells (DWARF 5, section 2.6). */
export type Location =
  /** At a linear address. */
  | { kind: 'memory'; address: number }
  /** In a register, by its DWARF number: 0-7 eax ecx edx ebx esp ebp esi edi, 8 eip, 11-18 st0-7, 21-28 xmm0-7. */
  | { kind: 'register'; register: number }
  /** It has no place, but this is its value. Negative numbers are to be cut to its size. */
  | { kind: 'value'; value: bigint }
  /** It has no place, but these are its bytes. */
  | { kind: 'bytes'; bytes: Uint8Array }
  /** Its bits lie in several places, lowest first. */
  | { kind: 'pieces'; pieces: Piece[] }
  /** It can't be shown now; the reason is for the user. */
  | { kind: 'unavailable'; reason: string };

/** Part of a variable. */
export interface Piece {
  /** Bits that this part has, and where they begin in `location`. */
  bitSize: number;
  bitOffset: number;
  location: Location;
}

/** The state of a frame that a location is worked out for. */
export interface LocationContext {
  /** Linear address of the instruction; of a calling frame, an address inside the call. */
  readonly address: number;
  /** A register by its DWARF number, or undefined if this frame's value of it is lost. */
  register(number: number): number | undefined;
  /** `size` bytes at a linear address, or undefined if they are not all there. */
  readMemory(address: number, size: number): Uint8Array | undefined;
  /** The canonical frame address: ESP of the caller before it pushed the return address. */
  cfa(): number | undefined;
}
