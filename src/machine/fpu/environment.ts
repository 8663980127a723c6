/**
 * The environment of the x87 in memory, as FNSTENV and FNSAVE write it and FLDENV and FRSTOR read it, in its four
 * formats (Intel SDM vol. 1, figures 8-9 to 8-12).
 */
export interface Environment {
  readonly control: number;
  readonly status: number;
  readonly tags: number;
  /** Of the last non-control instruction: offset in its code segment and selector. */
  readonly instruction: FarAddress;
  /** Its opcode: the low three bits of the first byte, then ModR/M. 11 bits. */
  readonly opcode: number;
  /** Its memory operand. */
  readonly operand: FarAddress;
}

export interface FarAddress {
  readonly selector: number;
  readonly offset: number;
}

export interface EnvironmentFormat {
  /** Bytes of a field: by the operand size. */
  readonly fieldBytes: 2 | 4;
  /** Real and V86 mode, where addresses are linear ones. */
  readonly real: boolean;
}

/** Seven fields. */
export function environmentBytes({ fieldBytes }: EnvironmentFormat): number {
  return 7 * fieldBytes;
}

/** What stands in the unused upper half of a 32-bit field that is a word. */
const UNUSED = 0xffff0000;

const linear = ({ selector, offset }: FarAddress): number => ((selector << 4) + offset) >>> 0;

/** The upper part of a linear address, from bit 12 of a field on. */
const upperPart = (address: number, bits: number): number => (((address >>> 16) & bits) << 12) >>> 0;

/** The seven fields in their order, each of `fieldBytes`. */
export function encodeEnvironment(environment: Environment, format: EnvironmentFormat): number[] {
  const { control, status, tags, instruction, opcode, operand } = environment;
  const wide = format.fieldBytes === 4;
  const words = [control, status, tags];
  if (format.real) {
    const bits = wide ? 0xffff : 0xf;
    const [code, data] = [linear(instruction), linear(operand)];
    const fields = [code & 0xffff, upperPart(code, bits) | opcode, data & 0xffff, upperPart(data, bits)];
    if (!wide) return [...words, ...fields];
    const unused = [UNUSED, 0, UNUSED, 0];
    return [...words.map((word) => (word | UNUSED) >>> 0), ...fields.map((field, i) => (field | unused[i]) >>> 0)];
  }
  const addresses = [instruction.offset, instruction.selector, operand.offset, operand.selector];
  if (!wide) return [...words, ...addresses.map((field) => field & 0xffff)];
  const [ip, cs, dp, ds] = addresses;
  return [...words, ip, cs | (opcode << 16), dp, ds].map(
    (field, i) => (i < 3 || i === 6 ? field | UNUSED : field) >>> 0,
  );
}

/** Reads the fields back. What the format does not have is zero; a linear address comes as an offset. */
export function decodeEnvironment(fields: readonly number[], format: EnvironmentFormat): Environment {
  const [control, status, tags] = fields.map((field) => field & 0xffff);
  const [ip, cs, dp, ds] = fields.slice(3);
  const words = { control, status, tags };
  if (format.real) {
    const address = (low: number, high: number): FarAddress => ({
      selector: 0,
      offset: ((low & 0xffff) | (((high >>> 12) & 0xffff) << 16)) >>> 0,
    });
    return { ...words, instruction: address(ip, cs), opcode: cs & 0x7ff, operand: address(dp, ds) };
  }
  return {
    ...words,
    instruction: { selector: cs & 0xffff, offset: ip },
    opcode: format.fieldBytes === 4 ? (cs >>> 16) & 0x7ff : 0,
    operand: { selector: ds & 0xffff, offset: dp },
  };
}
