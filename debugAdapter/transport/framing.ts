import type { DebugProtocol } from '@vscode/debugprotocol';

/** A header block or a message beyond these sizes is not the protocol: somebody else talks to the port. */
const LONGEST_HEADER = 4096;
const LONGEST_MESSAGE = 0x8000000;
const CR = 13;
const LF = 10;

/** The stream does not speak the protocol; no message can be found in what follows. */
export class FramingError extends Error {}

/** One message with its `Content-Length` header, ready to be written. */
export function encodeMessage(message: object): Uint8Array {
  const encoder = new TextEncoder();
  const body = encoder.encode(JSON.stringify(message));
  const header = encoder.encode(`Content-Length: ${body.length}\r\n\r\n`);
  const bytes = new Uint8Array(header.length + body.length);
  bytes.set(header);
  bytes.set(body, header.length);
  return bytes;
}

/** Finds messages in a byte stream that arrives in pieces. */
export class MessageReader {
  private buffer = new Uint8Array(0);

  /**
   * @param onMessage is given each message
   * @param onMalformed is told of a message that is not a JSON object; the next one is read as usual
   */
  constructor(
    private readonly onMessage: (message: DebugProtocol.ProtocolMessage) => void,
    private readonly onMalformed: (problem: string) => void,
  ) {}

  /** Takes the next piece. @throws FramingError if it cannot be the protocol */
  push(piece: Uint8Array): void {
    const joined = new Uint8Array(this.buffer.length + piece.length);
    joined.set(this.buffer);
    joined.set(piece, this.buffer.length);
    this.buffer = joined;
    for (let body = this.takeBody(); body !== undefined; body = this.takeBody()) this.parse(body);
  }

  private takeBody(): Uint8Array | undefined {
    const headerEnd = this.headerEnd();
    if (headerEnd < 0) {
      if (this.buffer.length > LONGEST_HEADER) throw new FramingError('no Content-Length header found');
      return undefined;
    }
    const header = new TextDecoder().decode(this.buffer.subarray(0, headerEnd));
    const length = Number(/^content-length: *(\d+) *$/im.exec(header)?.[1] ?? Number.NaN);
    if (Number.isNaN(length)) throw new FramingError('a header without Content-Length');
    if (length > LONGEST_MESSAGE) throw new FramingError(`a message of ${length} bytes`);
    const end = headerEnd + 4 + length;
    if (this.buffer.length < end) return undefined;
    const body = this.buffer.subarray(headerEnd + 4, end);
    this.buffer = this.buffer.slice(end);
    return body;
  }

  /** Index of the empty line that ends the header, or -1. */
  private headerEnd(): number {
    const { buffer } = this;
    const last = Math.min(buffer.length - 4, LONGEST_HEADER);
    for (let at = 0; at <= last; at++) {
      if (buffer[at] === CR && buffer[at + 1] === LF && buffer[at + 2] === CR && buffer[at + 3] === LF) return at;
    }
    return -1;
  }

  private parse(body: Uint8Array): void {
    let message: unknown;
    try {
      message = JSON.parse(new TextDecoder().decode(body));
    } catch {
      this.onMalformed('a message that is not JSON');
      return;
    }
    if (typeof message !== 'object' || message === null) this.onMalformed('a message that is not an object');
    else this.onMessage(message as DebugProtocol.ProtocolMessage);
  }
}
