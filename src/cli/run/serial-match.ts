/** Text kept for the expression to match in; a match longer than this is not found. */
const WINDOW = 0x10000;

/** Looks for a regular expression in what the guest prints, however the bytes arrive. One text per UART. */
export class SerialMatch {
  /** It has matched once. */
  found = false;
  private readonly texts = new Map<string, { decoder: TextDecoder; text: string }>();

  /** @param expression is used without state: flags `g` and `y` must be off */
  constructor(private readonly expression: RegExp) {}

  /** Takes in bytes; true once the expression has matched. Line ends come as `\n`. */
  push(port: string, data: Uint8Array): boolean {
    let stream = this.texts.get(port);
    if (!stream) {
      stream = { decoder: new TextDecoder(), text: '' };
      this.texts.set(port, stream);
    }
    stream.text = (stream.text + stream.decoder.decode(data, { stream: true }).replaceAll('\r', '')).slice(-WINDOW);
    this.found ||= this.expression.test(stream.text);
    return this.found;
  }
}
