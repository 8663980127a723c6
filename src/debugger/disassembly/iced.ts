/** Name of the module in the package `iced-x86`, which the host ships. */
export const ICED_ASSET = 'iced_x86_bg.wasm';

/** How an instruction goes on; the numbers are those of iced's `FlowControl`. */
export enum Flow {
  Next = 0,
  Jump = 1,
  IndirectJump = 2,
  ConditionalJump = 3,
  Return = 4,
  Call = 5,
  IndirectCall = 6,
  Interrupt = 7,
  Transaction = 8,
  Exception = 9,
}

/** One decoded instruction. */
export interface DecodedInstruction {
  /** Bytes; 1 if they are no instruction. */
  length: number;
  valid: boolean;
  /** In NASM's syntax, lower case, numbers as 0x1f. */
  text: string;
  flow: Flow;
  /** Offset that a near jump or call goes to. */
  target?: number;
}

/** The exports of iced's WebAssembly module that are used here; pointers are offsets in its memory. */
interface IcedExports {
  readonly memory: WebAssembly.Memory;
  __wbindgen_malloc(bytes: number, align: number): number;
  __wbindgen_free(pointer: number, bytes: number, align: number): void;
  __wbindgen_add_to_stack_pointer(bytes: number): number;
  decoder_new(result: number, bitness: number, data: number, length: number, options: number): void;
  decoder_set_ip(decoder: number, ip: bigint): void;
  decoder_decodeOut(decoder: number, instruction: number): void;
  __wbg_decoder_free(decoder: number): void;
  instruction_new(): number;
  instruction_length(instruction: number): number;
  instruction_isInvalid(instruction: number): number;
  instruction_flowControl(instruction: number): number;
  instruction_nearBranchTarget(instruction: number): bigint;
  formatter_new(result: number, syntax: number): void;
  formatter_format(result: number, formatter: number, instruction: number): void;
  formatter_set_hexPrefix(formatter: number, text: number, length: number): void;
  formatter_set_hexSuffix(formatter: number, text: number, length: number): void;
  formatter_set_uppercaseHex(formatter: number, on: boolean): void;
  formatter_set_smallHexNumbersInDecimal(formatter: number, on: boolean): void;
  formatter_set_spaceAfterOperandSeparator(formatter: number, on: boolean): void;
  formatter_set_branchLeadingZeros(formatter: number, on: boolean): void;
}

/** `FormatterSyntax.Nasm` of iced. */
const NASM = 3;
const IMPORT_MODULE = '__wbindgen_placeholder__';

/**
 * Decoder and formatter of the package iced-x86. Its JavaScript side reads the module with node's `fs` when it is
 * imported, so this class binds the few functions itself (the calling convention is wasm-bindgen's: results of
 * more than one word go to a place on the module's own stack).
 */
export class Iced {
  private readonly instruction: number;
  private readonly formatter: number;

  private constructor(private readonly wasm: IcedExports) {
    this.instruction = wasm.instruction_new() >>> 0;
    this.formatter = this.result(1, (result) => wasm.formatter_new(result, NASM))[0];
    this.setText((at, length) => wasm.formatter_set_hexPrefix(this.formatter, at, length), '0x');
    this.setText((at, length) => wasm.formatter_set_hexSuffix(this.formatter, at, length), '');
    wasm.formatter_set_uppercaseHex(this.formatter, false);
    wasm.formatter_set_smallHexNumbersInDecimal(this.formatter, false);
    wasm.formatter_set_spaceAfterOperandSeparator(this.formatter, true);
    wasm.formatter_set_branchLeadingZeros(this.formatter, false);
  }

  /**
   * @param bytes `iced_x86_bg.wasm`
   * @throws Error if it is not the module expected
   */
  static load(bytes: Uint8Array): Iced {
    const module = new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>);
    const imports: Record<string, WebAssembly.ImportValue> = {};
    // None of the imported functions is needed by what is called here; a call of one would mean an error inside iced.
    for (const { name } of WebAssembly.Module.imports(module)) {
      imports[name] = () => {
        throw new Error(`the disassembler failed (${name})`);
      };
    }
    const { exports } = new WebAssembly.Instance(module, { [IMPORT_MODULE]: imports });
    return new Iced(exports as unknown as IcedExports);
  }

  /**
   * Decodes as many instructions as `bytes` hold; one that is cut off at the end comes as an invalid byte.
   * @param bits 16 or 32
   * @param ip offset in the code segment of the first byte
   * @param limit instructions wanted at most
   */
  decode(bytes: Uint8Array, bits: 16 | 32, ip: number, limit: number): DecodedInstruction[] {
    const { wasm } = this;
    if (bytes.length === 0) return [];
    const data = wasm.__wbindgen_malloc(bytes.length, 1) >>> 0;
    new Uint8Array(wasm.memory.buffer).set(bytes, data);
    // The decoder owns the bytes from here on and frees them.
    const [decoder] = this.result(1, (result) => wasm.decoder_new(result, bits, data, bytes.length, 0));
    const decoded: DecodedInstruction[] = [];
    try {
      wasm.decoder_set_ip(decoder, BigInt(ip));
      for (let at = 0; at < bytes.length && decoded.length < limit; ) {
        wasm.decoder_decodeOut(decoder, this.instruction);
        const instruction = this.describe();
        decoded.push(instruction);
        at += instruction.length;
        // iced takes all bytes that it looked at for the length of an invalid instruction; only the first is bad.
        if (!instruction.valid) {
          decoded.push(...this.decode(bytes.subarray(at), bits, ip + at, limit - decoded.length));
          break;
        }
      }
    } finally {
      wasm.__wbg_decoder_free(decoder);
    }
    return decoded;
  }

  private describe(): DecodedInstruction {
    const { wasm, instruction, formatter } = this;
    if (wasm.instruction_isInvalid(instruction) !== 0)
      return { length: 1, valid: false, text: '(bad)', flow: Flow.Next };
    const [pointer, length] = this.result(2, (result) => wasm.formatter_format(result, formatter, instruction));
    const text = new TextDecoder().decode(new Uint8Array(wasm.memory.buffer, pointer, length));
    wasm.__wbindgen_free(pointer, length, 1);
    const flow: Flow = wasm.instruction_flowControl(instruction);
    const near = flow === Flow.Jump || flow === Flow.ConditionalJump || flow === Flow.Call;
    const target = near ? Number(BigInt.asUintN(32, wasm.instruction_nearBranchTarget(instruction))) : undefined;
    return { length: wasm.instruction_length(instruction), valid: true, text, flow, target };
  }

  /** Calls a function that leaves its result on the module's stack; reads `words` of it. */
  private result(words: number, call: (result: number) => void): number[] {
    const { wasm } = this;
    const at = wasm.__wbindgen_add_to_stack_pointer(-16);
    try {
      call(at);
      return Array.from(new Uint32Array(wasm.memory.buffer, at, words));
    } finally {
      wasm.__wbindgen_add_to_stack_pointer(16);
    }
  }

  private setText(set: (pointer: number, length: number) => void, text: string): void {
    const { wasm } = this;
    const pointer = wasm.__wbindgen_malloc(text.length, 1) >>> 0;
    new Uint8Array(wasm.memory.buffer).set(new TextEncoder().encode(text), pointer);
    set(pointer, text.length);
  }
}
