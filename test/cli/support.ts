import { commandLine } from '../../src/cli/command-line';
import type { Console } from '../../src/cli/console';
import { FakeEngine, type FakeSession } from '../dap/support/fake-session';
import { MemoryHost } from '../dap/support/memory-host';

/** A console that keeps what is written to it. */
export class TestConsole implements Console {
  readonly cwd = '/';
  private readonly chunks: Uint8Array[] = [];
  private readonly messages: string[] = [];
  private interrupts = new Set<() => void>();
  endInput: () => void = () => {};
  typed: ((data: Uint8Array) => void) | undefined;

  out(data: string | Uint8Array): void {
    this.chunks.push(typeof data === 'string' ? new TextEncoder().encode(data) : data);
  }

  err(message: string): void {
    this.messages.push(message);
  }

  readInput(onData: (data: Uint8Array) => void, onEnd: () => void): () => void {
    this.typed = onData;
    this.endInput = onEnd;
    return () => {
      this.typed = undefined;
    };
  }

  onInterrupt(onInterrupt: () => void): () => void {
    this.interrupts.add(onInterrupt);
    return () => this.interrupts.delete(onInterrupt);
  }

  interrupt(): void {
    for (const listener of this.interrupts) listener();
  }

  get stdout(): string {
    return Buffer.concat(this.chunks).toString();
  }

  get stderr(): string {
    return this.messages.map((message) => `${message}\n`).join('');
  }

  /** Nobody listens to interrupts or input any more. */
  get quiet(): boolean {
    return this.interrupts.size === 0 && this.typed === undefined;
  }
}

export interface Outcome {
  status: number;
  console: TestConsole;
  engine: FakeEngine;
  host: MemoryHost;
}

/** Runs a command line with a guest that does what `guest` says each time it is run. */
export async function ringside(
  argv: string[],
  guest?: (session: FakeSession, console: TestConsole) => void,
): Promise<Outcome> {
  const console = new TestConsole();
  const engine = new FakeEngine(guest && ((session) => guest(session, console)));
  const host = new MemoryHost();
  const status = await commandLine(argv, console, engine, () => host);
  return { status, console, engine, host };
}
