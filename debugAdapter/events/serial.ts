import { LaunchError, type LaunchConfiguration } from '../../src/debugger/types';
import type { AdapterHost, Sink } from '../engine';
import { messageOf } from '../errors';
import type { SerialOutputEvent } from '../protocol';
import { toBase64 } from '../presentation/base64';
import type { OutputStreams } from './output';

type Port = SerialOutputEvent['port'];
type Writer = (data: Uint8Array) => void;

/** Largest `ringside/serialOutput` event, in bytes before base64. */
const LARGEST_EVENT = 0x4000;

/** Carries what the guest sends through its UARTs to the side that the launch configuration names. */
export class SerialRouter {
  private readonly writers = new Map<string, Writer>();
  private readonly sinks: Sink[] = [];
  private readonly waiting = new Map<Port, number[]>();

  private constructor(
    private readonly host: AdapterHost,
    private readonly output: OutputStreams,
    private readonly send: (body: SerialOutputEvent) => void,
  ) {}

  /** @throws LaunchError if a file cannot be opened */
  static open(
    serial: LaunchConfiguration['serial'],
    host: AdapterHost,
    output: OutputStreams,
    send: (body: SerialOutputEvent) => void,
  ): SerialRouter {
    const router = new SerialRouter(host, output, send);
    try {
      for (const [port, side] of Object.entries(serial)) router.writers.set(port, router.writer(port as Port, side));
    } catch (error) {
      router.close();
      throw error;
    }
    return router;
  }

  write(port: string, data: Uint8Array): void {
    this.writers.get(port)?.(data);
  }

  /** Sends what waits for the terminal: before a stop is announced. */
  flush(): void {
    for (const [port, bytes] of this.waiting) {
      for (let start = 0; start < bytes.length; start += LARGEST_EVENT) {
        this.send({ port, data: toBase64(Uint8Array.from(bytes.slice(start, start + LARGEST_EVENT))) });
      }
    }
    this.waiting.clear();
  }

  close(): void {
    this.flush();
    for (const sink of this.sinks) sink.close();
    this.sinks.length = 0;
    this.writers.clear();
  }

  private writer(port: Port, side: string): Writer {
    if (side === 'none') return () => {};
    if (side === 'console') return (data) => this.output.push(port, 'stdout', data);
    if (side === 'terminal') return (data) => this.queue(port, data);
    const sink = this.openSink(port, side.slice('file:'.length));
    return (data) => sink.write(data);
  }

  private openSink(port: Port, path: string): Sink {
    if (!this.host.openSink) {
      throw new LaunchError(
        `Launch attribute serial.${port}: files cannot be written here; use terminal, console or none.`,
      );
    }
    try {
      const sink = this.host.openSink(path);
      this.sinks.push(sink);
      return sink;
    } catch (error) {
      throw new LaunchError(`Launch attribute serial.${port}: ${messageOf(error)}.`);
    }
  }

  /** A guest sends single bytes; one event carries all of a time slice. */
  private queue(port: Port, data: Uint8Array): void {
    const bytes = this.waiting.get(port);
    if (bytes) {
      for (const byte of data) bytes.push(byte);
      return;
    }
    if (this.waiting.size === 0) this.host.defer(() => this.flush());
    this.waiting.set(port, [...data]);
  }
}
