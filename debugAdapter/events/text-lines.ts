/** A line longer than this is passed on in parts. */
const LONGEST_LINE = 4096;

/**
 * Makes text out of bytes as they come: whole lines, no UTF-8 sequence ever split. What is no valid
 * UTF-8 comes out as U+FFFD.
 */
export class TextLines {
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  private rest = '';

  /** Takes bytes in; returns the lines that are complete now, each with its newline, or an empty string. */
  push(bytes: Uint8Array): string {
    this.rest += this.decoder.decode(bytes, { stream: true });
    const end = this.rest.lastIndexOf('\n') + 1;
    if (end === 0 && this.rest.length < LONGEST_LINE) return '';
    return this.take(end || this.rest.length);
  }

  /** True if a line is begun. */
  get pending(): boolean {
    return this.rest !== '';
  }

  /** Returns the begun line as far as it has come; bytes of an unfinished UTF-8 sequence stay. */
  flush(): string {
    // A carriage return may be the first half of a line end.
    return this.take(this.rest.endsWith('\r') ? this.rest.length - 1 : this.rest.length);
  }

  /** Returns all that is left, at the end of the stream. */
  end(): string {
    this.rest += this.decoder.decode();
    return this.take(this.rest.length);
  }

  private take(length: number): string {
    const text = this.rest.slice(0, length);
    this.rest = this.rest.slice(length);
    return text.replace(/\r+\n/g, '\n');
  }
}
