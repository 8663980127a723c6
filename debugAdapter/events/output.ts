import type { DebugProtocol } from '@vscode/debugprotocol';
import { TextLines } from './text-lines';

/** A begun line (a prompt, say) is shown after so many milliseconds of silence. */
const FLUSH_DELAY = 40;

export type OutputCategory = NonNullable<DebugProtocol.OutputEvent['body']['category']>;
type SendOutput = (body: DebugProtocol.OutputEvent['body']) => void;

/** Turns the byte streams of a session into output events, line by line. One buffer per stream. */
export class OutputStreams {
  private readonly streams = new Map<string, { lines: TextLines; category: OutputCategory }>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly send: SendOutput) {}

  /** Bytes of a stream; `name` tells streams of one category apart (`com1`, `com2`). */
  push(name: string, category: OutputCategory, data: Uint8Array): void {
    let stream = this.streams.get(name);
    if (!stream) {
      stream = { lines: new TextLines(), category };
      this.streams.set(name, stream);
    }
    this.emit(category, stream.lines.push(data));
    if (stream.lines.pending) this.timer ??= setTimeout(() => this.flush(), FLUSH_DELAY);
  }

  /** One line of the debugger's own. */
  line(category: OutputCategory, text: string): void {
    this.emit(category, text.endsWith('\n') ? text : `${text}\n`);
  }

  /** Shows begun lines as far as they have come: before a stop. */
  flush(): void {
    this.stopTimer();
    for (const { lines, category } of this.streams.values()) this.emit(category, lines.flush());
  }

  /** Shows all that is left: at the end of the guest. */
  end(): void {
    this.stopTimer();
    for (const { lines, category } of this.streams.values()) {
      const text = lines.end();
      this.emit(category, text && !text.endsWith('\n') ? `${text}\n` : text);
    }
    this.streams.clear();
  }

  private stopTimer(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private emit(category: OutputCategory, output: string): void {
    if (output) this.send({ category, output });
  }
}
