/** Bytes of the longest call that is recognized. */
export const LONGEST_CALL = 7;

/** Length of the ModRM operand of a 32-bit `FF /2`, from its ModRM byte on; undefined if it is no such call. */
function indirectLength(bytes: Uint8Array, at: number): number | undefined {
  const modrm = bytes[at];
  if (((modrm >> 3) & 7) !== 2) return undefined;
  const mode = modrm >> 6;
  const register = modrm & 7;
  if (mode === 3) return 1;
  const sib = register === 4 ? 1 : 0;
  const wide = mode === 2 || (mode === 0 && (register === 5 || (sib && (bytes[at + 1] & 7) === 5)));
  return 1 + sib + (wide ? 4 : mode);
}

/**
 * Length of the 32-bit near call that ends where the bytes end; undefined if there is none.
 * @param bytes up to `LONGEST_CALL` bytes before a return address
 */
export function lengthOfCallBefore(bytes: Uint8Array): number | undefined {
  const end = bytes.length;
  if (bytes[end - 5] === 0xe8) return 5;
  for (const length of [2, 3, 6, 7, 4]) {
    const start = end - length;
    if (start >= 0 && bytes[start] === 0xff && indirectLength(bytes, start + 1) === length - 1) return length;
  }
  return undefined;
}
