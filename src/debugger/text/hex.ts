/** A number in hexadecimal with at least so many digits, unsigned 32 bits. */
export function hex(value: number, digits = 1): string {
  return `0x${(value >>> 0).toString(16).padStart(digits, '0')}`;
}

/** An address or a 32-bit register: `0x00100abc`. */
export function hex32(value: number): string {
  return hex(value, 8);
}

/** A selector or a 16-bit register: `0x0008`. */
export function hex16(value: number): string {
  return hex(value, 4);
}
