import { SymbolError } from '../errors';

/** Base lengths and extra bits of length codes 257-285, RFC 1951 section 3.2.5. */
const LENGTH_BASE = [
  3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258,
];
const LENGTH_EXTRA = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
/** The same of distance codes 0-29. */
const DISTANCE_BASE = [
  1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145,
  8193, 12289, 16385, 24577,
];
const DISTANCE_EXTRA = [
  0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
];
/** Order in which the lengths of the code length code are stored, section 3.2.7. */
const CODE_LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const MAX_BITS = 15;
const END_OF_BLOCK = 256;

/** A canonical Huffman code: how many codes there are of each length, and the symbols in the order of their codes. */
interface Huffman {
  counts: Uint16Array;
  symbols: Uint16Array;
}

function huffman(lengths: Uint8Array): Huffman {
  const counts = new Uint16Array(MAX_BITS + 1);
  for (const length of lengths) counts[length]++;
  counts[0] = 0;
  const next = new Uint16Array(MAX_BITS + 2);
  for (let length = 1; length <= MAX_BITS; length++) next[length + 1] = next[length] + counts[length];
  const symbols = new Uint16Array(lengths.length);
  lengths.forEach((length, symbol) => {
    if (length) symbols[next[length]++] = symbol;
  });
  return { counts, symbols };
}

const FIXED_LITERALS = huffman(
  Uint8Array.from({ length: 288 }, (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8)),
);
const FIXED_DISTANCES = huffman(new Uint8Array(30).fill(5));

/** Reader of raw DEFLATE data (RFC 1951), which is how toolchains compress debug sections. */
class Inflater {
  private at = 0;
  private bitBuffer = 0;
  private bitCount = 0;
  private written = 0;
  private readonly output: Uint8Array;

  constructor(
    private readonly input: Uint8Array,
    size: number,
    private readonly name: string,
  ) {
    this.output = new Uint8Array(size);
  }

  run(): Uint8Array {
    let last: number;
    do {
      last = this.bits(1);
      const type = this.bits(2);
      if (type === 0) this.stored();
      else if (type === 1) this.compressed(FIXED_LITERALS, FIXED_DISTANCES);
      else if (type === 2) this.dynamic();
      else this.fail('a block of an unknown type');
    } while (!last);
    if (this.written !== this.output.length) this.fail(`${this.written} bytes instead of ${this.output.length}`);
    return this.output;
  }

  private bits(count: number): number {
    while (this.bitCount < count) {
      if (this.at >= this.input.length) this.fail('it is cut off');
      this.bitBuffer |= this.input[this.at++] << this.bitCount;
      this.bitCount += 8;
    }
    const value = this.bitBuffer & ((1 << count) - 1);
    this.bitBuffer >>>= count;
    this.bitCount -= count;
    return value;
  }

  private symbol({ counts, symbols }: Huffman): number {
    let code = 0;
    let first = 0;
    let index = 0;
    for (let length = 1; length <= MAX_BITS; length++) {
      code |= this.bits(1);
      const count = counts[length];
      if (code - first < count) return symbols[index + code - first];
      index += count;
      first = (first + count) << 1;
      code <<= 1;
    }
    return this.fail('a bit pattern that is no code');
  }

  private stored(): void {
    this.bitBuffer = 0;
    this.bitCount = 0;
    const length = this.bits(16);
    if (length !== (~this.bits(16) & 0xffff)) this.fail('a stored block whose length is not confirmed');
    if (this.at + length > this.input.length) this.fail('it is cut off');
    if (this.written + length > this.output.length) this.fail('more bytes than it declares');
    this.output.set(this.input.subarray(this.at, this.at + length), this.written);
    this.at += length;
    this.written += length;
  }

  private dynamic(): void {
    const literalCount = this.bits(5) + 257;
    const distanceCount = this.bits(5) + 1;
    const lengthCount = this.bits(4) + 4;
    const codeLengths = new Uint8Array(CODE_LENGTH_ORDER.length);
    for (let i = 0; i < lengthCount; i++) codeLengths[CODE_LENGTH_ORDER[i]] = this.bits(3);
    const lengthCode = huffman(codeLengths);
    const lengths = new Uint8Array(literalCount + distanceCount);
    for (let i = 0; i < lengths.length; ) {
      const symbol = this.symbol(lengthCode);
      if (symbol < 16) {
        lengths[i++] = symbol;
        continue;
      }
      if (symbol === 16 && i === 0) this.fail('a code length that repeats nothing');
      const value = symbol === 16 ? lengths[i - 1] : 0;
      const repeat = symbol === 16 ? 3 + this.bits(2) : symbol === 17 ? 3 + this.bits(3) : 11 + this.bits(7);
      if (i + repeat > lengths.length) this.fail('too many code lengths');
      lengths.fill(value, i, i + repeat);
      i += repeat;
    }
    this.compressed(huffman(lengths.subarray(0, literalCount)), huffman(lengths.subarray(literalCount)));
  }

  private compressed(literals: Huffman, distances: Huffman): void {
    const { output } = this;
    for (;;) {
      const symbol = this.symbol(literals);
      if (symbol === END_OF_BLOCK) return;
      if (symbol < END_OF_BLOCK) {
        if (this.written >= output.length) this.fail('more bytes than it declares');
        output[this.written++] = symbol;
        continue;
      }
      const index = symbol - END_OF_BLOCK - 1;
      if (index >= LENGTH_BASE.length) this.fail('a length that does not exist');
      const length = LENGTH_BASE[index] + this.bits(LENGTH_EXTRA[index]);
      const code = this.symbol(distances);
      if (code >= DISTANCE_BASE.length) this.fail('a distance that does not exist');
      const distance = DISTANCE_BASE[code] + this.bits(DISTANCE_EXTRA[code]);
      if (distance > this.written) this.fail('a distance to before its start');
      if (this.written + length > output.length) this.fail('more bytes than it declares');
      for (let i = 0; i < length; i++, this.written++) output[this.written] = output[this.written - distance];
    }
  }

  private fail(what: string): never {
    throw new SymbolError(`${this.name} is damaged: its compressed data has ${what}`);
  }
}

/** Unpacks raw DEFLATE data into exactly `size` bytes. @throws SymbolError that names `name` */
export function inflate(input: Uint8Array, size: number, name: string): Uint8Array {
  return new Inflater(input, size, name).run();
}
