/** Characters that are gathered before they are written. */
const PIECE = 0x10000;

/** Text on its way into a file, in pieces of a good size. */
export class TextPieces {
  private pending = '';

  constructor(private readonly write: (text: string) => void) {}

  add(text: string): void {
    this.pending += text;
    if (this.pending.length >= PIECE) this.flush();
  }

  flush(): void {
    if (this.pending !== '') this.write(this.pending);
    this.pending = '';
  }
}
