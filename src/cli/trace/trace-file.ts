import type { AdapterHost, Sink } from '../../../debugAdapter/engine';
import { messageOf } from '../../../debugAdapter/errors';
import type { Inspection } from '../../debugger/inspection/types';
import { UsageError } from '../usage-error';
import { ChromeTrace } from './chrome-trace';

/** A trace file that takes the exits of a run as they happen. */
export class TraceFile {
  private readonly trace: ChromeTrace;

  private constructor(
    private readonly sink: Sink,
    title: string,
  ) {
    const encoder = new TextEncoder();
    this.trace = new ChromeTrace((text) => sink.write(encoder.encode(text)), title);
  }

  /** @throws UsageError if the file cannot be written */
  static open(path: string, host: AdapterHost, title: string): TraceFile {
    try {
      if (!host.openSink) throw new Error(`${path}: cannot be written here`);
      return new TraceFile(host.openSink(path), title);
    } catch (error) {
      throw new UsageError(`--trace: ${messageOf(error)}.`);
    }
  }

  observe(inspect: Inspection): void {
    inspect.observeExits((record) => this.trace.add(record));
  }

  /** Completes the file, with whatever has been observed. */
  close(): void {
    this.trace.end();
    this.sink.close();
  }
}
