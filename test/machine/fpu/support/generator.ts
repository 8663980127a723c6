import type { Form } from '../../../../src/machine/isa/form';
import { allowsMod, ESC_OPCODES } from '../../../../src/machine/isa/table';
import type { Random } from '../../../differential/support/random';
import { IMAGE_BYTES, MEMORY_BYTES, type X87Case, type X87Instruction } from './case';

/** Where memory operands are, from EBX. */
export const OPERAND_OFFSET = 16;

const MAX_EXPONENT = 0x7fff;
const BIAS = 0x3fff;

/** 64 random bits. */
function bits64(random: Random): bigint {
  return (BigInt(random.u32()) << 32n) | BigInt(random.u32());
}

/** Significands at the edges of the precisions: runs of ones and zeros, single bits. */
function significand(random: Random): bigint {
  const integer = 1n << 63n;
  const width = BigInt(random.below(64));
  switch (random.below(7)) {
    case 0:
      return integer;
    case 1:
      return (1n << 64n) - 1n;
    case 2:
      return integer | (1n << width);
    case 3:
      return (integer | ((1n << 64n) - (1n << width))) & ((1n << 64n) - 1n);
    case 4:
      // Just at, above or below half a unit of single or double precision.
      return integer | (1n << (random.chance(0.5) ? 39n : 10n)) | BigInt(random.below(3));
    case 5:
      return integer | (bits64(random) >> width);
    default:
      return integer | bits64(random);
  }
}

function biasedExponent(random: Random): number {
  switch (random.below(8)) {
    case 0:
      return random.below(70);
    case 1:
      return MAX_EXPONENT - 1 - random.below(70);
    case 2:
      return BIAS + random.pick([-1, 1]) * random.below(20000 - 4000);
    // Around the ends of single and double.
    case 3:
      return BIAS + random.pick([-149, -126, 127, 128, -1074, -1022, 1023, 1024]) + random.between(-3, 3);
    case 4:
      return BIAS + random.below(70);
    default:
      return BIAS + random.between(-4, 4);
  }
}

/** A register's value: numbers of all sizes, with infinities, NaNs, denormals and unsupported formats among them. */
export function realBytes(random: Random): Buffer {
  const bytes = Buffer.alloc(10);
  const sign = random.chance(0.5) ? 0x8000 : 0;
  const put = (mantissa: bigint, exponent: number): Buffer => {
    bytes.writeBigUInt64LE(mantissa & 0xffffffffffffffffn, 0);
    bytes.writeUInt16LE(exponent | sign, 8);
    return bytes;
  };
  switch (random.below(24)) {
    case 0:
    case 1:
      return put(0n, 0);
    case 2:
      return put(1n << 63n, MAX_EXPONENT);
    case 3:
      return put((3n << 62n) | (bits64(random) >> BigInt(2 + random.below(60))), MAX_EXPONENT);
    case 4:
      return put((1n << 63n) | ((bits64(random) >> BigInt(2 + random.below(60))) | 1n), MAX_EXPONENT);
    case 5:
      return put(bits64(random) >> BigInt(1 + random.below(63)), 0);
    case 6:
      return put(significand(random), 0);
    case 7:
      return put(bits64(random) >> BigInt(1 + random.below(63)), random.pick([1, BIAS, MAX_EXPONENT]));
    case 8:
    case 9: {
      const integer = BigInt(random.pick([1, 2, 3, 5, 7, 10, 100, 255, 32767, 32768, 2147483647]));
      const shift = 63 - integer.toString(2).length + 1;
      return put(integer << BigInt(shift), BIAS + 63 - shift);
    }
    default:
      return put(significand(random), biasedExponent(random));
  }
}

/** A memory operand that is worth something in one of the formats. */
function operandBytes(random: Random): Buffer {
  const bytes = Buffer.alloc(16);
  const sign = random.chance(0.5) ? 1 : 0;
  const fraction = () => random.pick([0, 1, 0xffffffff, random.u32(), random.u32() >>> random.below(32)]);
  switch (random.below(8)) {
    case 0:
    case 1: {
      const exponent = random.pick([0, 0, 1, 126, 127, 128, 254, 255, 255, random.below(256)]);
      bytes.writeUInt32LE(((sign << 31) | (exponent << 23) | (fraction() & 0x7fffff)) >>> 0, 0);
      return bytes;
    }
    case 2:
    case 3: {
      const exponent = random.pick([0, 0, 1, 1022, 1023, 1024, 2046, 2047, 2047, random.below(2048)]);
      bytes.writeUInt32LE(fraction(), 0);
      bytes.writeUInt32LE(((sign << 31) | (exponent << 20) | (fraction() & 0xfffff)) >>> 0, 4);
      return bytes;
    }
    case 4:
      bytes.set(realBytes(random));
      return bytes;
    case 5:
      for (let i = 0; i < 9; i++) bytes[i] = random.below(10) * 16 + random.below(10);
      bytes[9] = sign * 0x80;
      return bytes;
    case 6:
      bytes.writeInt32LE(random.pick([0, 1, -1, 32767, -32768, 32768, 2147483647, -2147483648]), 0);
      bytes.writeInt32LE(random.pick([0, -1, 0, random.u32() | 0]), 4);
      return bytes;
    default:
      for (let i = 0; i < 4; i++) bytes.writeUInt32LE(random.u32(), i * 4);
      return bytes;
  }
}

/** How a case is set up. */
export interface Setup {
  /** Some exceptions may be unmasked: then nothing may come after the first instruction. */
  readonly unmasked: boolean;
  /** Most registers are in use. Otherwise each one by chance. */
  readonly full: boolean;
}

/** A state to start from: what FRSTOR loads. */
export function stateImage(random: Random, { unmasked, full }: Setup): Buffer {
  const image = Buffer.alloc(IMAGE_BYTES);
  const masks = unmasked ? random.pick([0, 0x3e, 0x3d, 0x3b, 0x37, 0x2f, 0x1f, random.below(64)]) : 0x3f;
  const precision = random.pick([0x000, 0x200, 0x300, 0x300]);
  image.writeUInt32LE(masks | 0x40 | precision | (random.below(4) << 10) | (random.chance(0.1) ? 0x1000 : 0), 0);
  const sticky = random.chance(0.3) ? random.below(128) & (masks | 0x40) : 0;
  image.writeUInt32LE(sticky | (random.below(8) << 11) | (random.u32() & 0x4700), 4);
  let tags = 0;
  for (let i = 0; i < 8; i++) if (random.chance(full ? 0.12 : 0.5)) tags |= 3 << (i * 2);
  image.writeUInt32LE(tags, 8);
  for (let i = 0; i < 8; i++) realBytes(random).copy(image, 28 + i * 10);
  return image;
}

/** Bytes of an instruction of the x87 with its operand at EBX + OPERAND_OFFSET. */
export function encode(form: Form, random: Random, operand = OPERAND_OFFSET): X87Instruction {
  const { mnemonic, opcode, reg = 0 } = form;
  if (!ESC_OPCODES.has(opcode)) return { mnemonic, bytes: [opcode] };
  if (allowsMod(form, 'memory')) {
    return { mnemonic, bytes: [opcode, 0x83 | (reg << 3), operand & 0xff, (operand >>> 8) & 0xff, 0, 0] };
  }
  return { mnemonic, bytes: [opcode, 0xc0 | (reg << 3) | (form.rm ?? random.below(8))] };
}

/** A case of one instruction or several. */
export function x87Case(random: Random, forms: readonly Form[], setup: Setup): X87Case {
  const memory = Buffer.alloc(MEMORY_BYTES);
  for (let i = 0; i < MEMORY_BYTES; i += 16) operandBytes(random).copy(memory, i);
  return {
    image: stateImage(random, setup),
    eax: random.u32(),
    eflags: 2 | (random.u32() & 0x8d5),
    memory,
    instructions: forms.map((form) => encode(form, random)),
  };
}
