import type { BitField, PortRegister } from '../devices/device';

/** One bit field of a register with the value it has. */
export interface DecodedField {
  readonly name: string;
  /** `7`, or `3:2` for more than one bit. */
  readonly bits: string;
  readonly value: number;
  /** What the value means, where the register's description says so. */
  readonly meaning?: string;
  readonly doc?: string;
}

/** Bits of a field as a datasheet writes them: `7` or `3:2`. */
export function bitRange(field: BitField): string {
  return field.low === field.high ? `${field.low}` : `${field.high}:${field.low}`;
}

/** Value of a field within a register's value. */
export function fieldValue(field: BitField, value: number): number {
  const width = field.high - field.low + 1;
  return width >= 32 ? value >>> 0 : (value >>> field.low) & ((1 << width) - 1);
}

/** Takes a register's value apart into its described fields, highest bits first. Bits without a field are left out. */
export function decodeFields(register: PortRegister, value: number): DecodedField[] {
  return [...(register.fields ?? [])]
    .sort((a, b) => b.high - a.high)
    .map((field) => {
      const part = fieldValue(field, value);
      return {
        name: field.name,
        bits: bitRange(field),
        value: part,
        meaning: field.values?.[part],
        doc: field.doc,
      };
    });
}
