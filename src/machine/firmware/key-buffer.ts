import type { PhysicalMemory } from '../memory/physical';
import { Bda } from './bios-data';

const SEGMENT_BASE = 0x400;

/** Scan codes of a US keyboard by the characters of its keys, without and with shift. */
const ROWS: readonly [number, string, string][] = [
  [0x02, '1234567890-=', '!@#$%^&*()_+'],
  [0x10, 'qwertyuiop[]', 'QWERTYUIOP{}'],
  [0x1e, "asdfghjkl;'`", 'ASDFGHJKL:"~'],
  [0x2b, '\\zxcvbnm,./', '|ZXCVBNM<>?'],
  [0x39, ' ', ' '],
  [0x01, '\x1b', '\x1b'],
  [0x0e, '\b', '\b'],
  [0x0f, '\t', '\t'],
  [0x1c, '\r', '\r'],
];

function scanCode(character: string): number {
  for (const [first, plain, shifted] of ROWS) {
    const at = Math.max(plain.indexOf(character), shifted.indexOf(character));
    if (at >= 0) return first + at;
  }
  return 0;
}

/** The key that gives an ASCII character, as INT 16h returns it: scan code and character. Line feeds are the Enter key. */
export function keyOf(byte: number): number {
  const ascii = byte === 0x0a ? 0x0d : byte;
  // Control characters come from the letter's key.
  const control = ascii >= 1 && ascii <= 26 && ![0x08, 0x09, 0x0d].includes(ascii);
  return (scanCode(control ? String.fromCharCode(ascii + 0x60) : String.fromCharCode(ascii)) << 8) | ascii;
}

/** The keys typed and not read yet, in the ring of the BIOS data area: 15 at most. */
export class KeyBuffer {
  constructor(private readonly memory: PhysicalMemory) {}

  /** The next key: scan code in the high byte, character in the low one; undefined if there is none. */
  peek(): number | undefined {
    const head = this.word(Bda.KeyHead);
    return head === this.word(Bda.KeyTail) ? undefined : this.word(SEGMENT_BASE + head);
  }

  /** Takes the next key. */
  take(): number | undefined {
    const key = this.peek();
    if (key !== undefined) this.memory.write(Bda.KeyHead, 2, this.after(this.word(Bda.KeyHead)));
    return key;
  }

  /** @returns false if the buffer is full */
  add(key: number): boolean {
    const tail = this.word(Bda.KeyTail);
    const next = this.after(tail);
    if (next === this.word(Bda.KeyHead)) return false;
    this.memory.write(SEGMENT_BASE + tail, 2, key);
    this.memory.write(Bda.KeyTail, 2, next);
    return true;
  }

  private after(offset: number): number {
    return offset + 2 >= this.word(Bda.KeyBufferEnd) ? this.word(Bda.KeyBufferStart) : offset + 2;
  }

  private word(address: number): number {
    return this.memory.read(address, 2);
  }
}
