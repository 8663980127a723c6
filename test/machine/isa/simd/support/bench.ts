import type { CpuModel } from '../../../../../src/machine/isa/form';
import {
  IMAGE,
  IMAGE_BYTES,
  NO_TRAP,
  OPERAND_BYTES,
  OPERANDS,
  registerOffset,
  type VectorCase,
  type VectorResult,
} from './case';
import { type ControlBits, EmulatedVectors } from './emulated';

/** Bytes of a number in hexadecimal, as registers are written: the highest digit first. Blanks are for the eye. */
export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.from(Buffer.from(hex.replaceAll(' ', ''), 'hex').reverse());
}

const hexOf = (bytes: Uint8Array): string => Buffer.from(bytes).reverse().toString('hex');

/** State that a test sets; the rest is as after FNINIT with zeroes everywhere. */
export interface Given extends ControlBits {
  /** Registers by number, in hexadecimal. */
  readonly xmm?: Readonly<Record<number, string>>;
  readonly mm?: Readonly<Record<number, string>>;
  readonly mxcsr?: number;
  /** x87 control and status word, and the image's byte of tags. */
  readonly x87?: { readonly control?: number; readonly status?: number; readonly tags?: number };
  /** What is at OPERANDS, in hexadecimal. */
  readonly memory?: string;
  /** EAX ECX EDX EBX ESP EBP ESI EDI. */
  readonly registers?: readonly number[];
}

/** What an instruction has left, with names for its parts. */
export class Left {
  constructor(readonly result: VectorResult) {}

  xmm(number: number): string {
    const at = IMAGE.xmm + number * 16;
    return hexOf(this.result.image.subarray(at, at + 16));
  }

  /** Low eight bytes of a physical x87 register. */
  mm(number: number): string {
    const at = registerOffset(this.result.image, number);
    return hexOf(this.result.image.subarray(at, at + 8));
  }

  /** Sign and exponent of the same. */
  exponent(number: number): number {
    const at = registerOffset(this.result.image, number);
    return this.word(at + 8);
  }

  get mxcsr(): number {
    return this.word(IMAGE.mxcsr);
  }

  get status(): number {
    return this.word(IMAGE.status);
  }

  get tags(): number {
    return this.result.image[IMAGE.tags];
  }

  /** Vector of the exception, or -1. */
  get trap(): number {
    return this.result.trap === NO_TRAP ? -1 : this.result.trap;
  }

  register(number: number): number {
    return this.result.registers[number];
  }

  /** Bytes from OPERANDS on, the highest first. */
  memory(bytes: number, from = 0): string {
    return hexOf(this.result.operands.subarray(from, from + bytes));
  }

  private word(at: number): number {
    return this.result.image[at] | (this.result.image[at + 1] << 8);
  }
}

/** ModR/M and displacement of a memory operand at OPERANDS plus an offset. */
export function at(reg: number, offset = 0): number[] {
  const address = OPERANDS + offset;
  return [(reg << 3) | 5, address & 0xff, (address >>> 8) & 0xff, address >>> 16, 0];
}

/** Executes single instructions on a processor of the given model. */
export class VectorBench {
  private readonly emulated: EmulatedVectors;

  constructor(model: CpuModel = 'pentium4') {
    this.emulated = new EmulatedVectors(model);
  }

  run(code: readonly number[], given: Given = {}): Left {
    return new Left(this.emulated.run(caseOf(code, given), given));
  }
}

function caseOf(code: readonly number[], given: Given): VectorCase {
  const image = new Uint8Array(IMAGE_BYTES);
  const view = new DataView(image.buffer);
  view.setUint16(IMAGE.control, given.x87?.control ?? 0x37f, true);
  view.setUint16(IMAGE.status, given.x87?.status ?? 0, true);
  image[IMAGE.tags] = given.x87?.tags ?? 0;
  view.setUint32(IMAGE.mxcsr, given.mxcsr ?? 0x1f80, true);
  for (const [number, hex] of Object.entries(given.xmm ?? {})) image.set(bytesOf(hex), IMAGE.xmm + Number(number) * 16);
  for (const [number, hex] of Object.entries(given.mm ?? {}))
    image.set(bytesOf(hex), registerOffset(image, Number(number)));
  const operands = new Uint8Array(OPERAND_BYTES);
  operands.set(bytesOf(given.memory ?? ''));
  return { mnemonic: '', code, image, registers: given.registers ?? Array<number>(8).fill(0), eflags: 2, operands };
}
