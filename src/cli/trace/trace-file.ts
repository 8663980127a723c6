import type { AdapterHost, Sink } from '../../../debugAdapter/engine';
import { messageOf } from '../../../debugAdapter/errors';
import type { Inspection } from '../../debugger/inspection/types';
import { UsageError } from '../usage-error';
import { ChromeTrace } from './chrome-trace';
import { CpuProfile } from './cpu-profile';
import type { TraceWriter } from './exits';

/** Exits fetched at once. The log keeps more than that, so that none is lost. */
const BATCH = 4096;

/** A trace file that takes every exit of a run while it runs, however many the log keeps. */
export class TraceFile {
  private readonly writer: TraceWriter;
  private inspect: Inspection | undefined;
  private next = 0;

  private constructor(
    private readonly sink: Sink,
    path: string,
    title: string,
  ) {
    const encoder = new TextEncoder();
    const write = (text: string): void => sink.write(encoder.encode(text));
    this.writer = path.toLowerCase().endsWith('.cpuprofile')
      ? new CpuProfile(write, title)
      : new ChromeTrace(write, title);
  }

  /**
   * @param path a name that ends with .cpuprofile makes a CPU profile, any other a trace in the Trace Event Format
   * @throws UsageError if the file cannot be written
   */
  static open(path: string, host: AdapterHost, title: string): TraceFile {
    try {
      if (!host.openSink) throw new Error(`${path}: cannot be written here`);
      return new TraceFile(host.openSink(path), path, title);
    } catch (error) {
      throw new UsageError(`--trace: ${messageOf(error)}.`);
    }
  }

  observe(inspect: Inspection): void {
    this.inspect = inspect;
    this.next = inspect.exitCount().nextSequence;
    inspect.observeExits(({ sequence }) => {
      if (sequence - this.next + 1 >= BATCH) this.take(inspect);
    });
  }

  /** Completes the file, with whatever has been observed. */
  close(): void {
    const { inspect } = this;
    if (inspect) {
      inspect.observeExits(undefined);
      while (this.next < inspect.exitCount().nextSequence) this.take(inspect);
      this.writer.end(inspect.exitCosts({ groupBy: 'channel' }).totals);
    }
    this.sink.close();
  }

  private take(inspect: Inspection): void {
    const { entries } = inspect.exitLog({ start: this.next, count: BATCH });
    for (const entry of entries) this.writer.add(entry);
    this.next = (entries.at(-1)?.sequence ?? this.next) + 1;
  }
}
