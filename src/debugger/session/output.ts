import type { OutputChannel, SessionEvent } from '../types';

/** Bytes held back at most before they are sent on. */
const FLUSH_BYTES = 4096;

/** Gathers the guest's output byte by byte and passes it on in pieces: at the end of each time slice, or when much has come. */
export class OutputBuffer {
  private readonly pending = new Map<string, { channel: OutputChannel; port?: string; bytes: number[] }>();

  constructor(private readonly emit: (event: SessionEvent) => void) {}

  /** @param port `com1` … for serial output */
  byte(channel: OutputChannel, byte: number, port?: string): void {
    const key = port ?? channel;
    let buffer = this.pending.get(key);
    if (!buffer) {
      buffer = { channel, bytes: [], ...(port !== undefined && { port }) };
      this.pending.set(key, buffer);
    }
    buffer.bytes.push(byte);
    if (buffer.bytes.length >= FLUSH_BYTES) this.flush();
  }

  /** A line of the debugger's own. What the guest has sent before comes first. */
  line(channel: 'log' | 'message', text: string): void {
    this.flush();
    this.emit({ type: 'output', channel, data: new TextEncoder().encode(`${text}\n`) });
  }

  flush(): void {
    for (const [key, { channel, port, bytes }] of this.pending) {
      this.pending.delete(key);
      this.emit({ type: 'output', channel, ...(port !== undefined && { port }), data: Uint8Array.from(bytes) });
    }
  }
}
