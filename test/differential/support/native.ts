import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Zig } from '../../../scripts/guests/zig.mjs';
import type { Outcome, TestCase } from './case';
import { baseline, SEGMENTS, type Segment, userDescriptorFlags, type Window, WINDOWS } from './layout';

export const ROOT = join(import.meta.dirname, '..', '..', '..');
const OUTPUT = join(ROOT, '.cache', 'differential');

/** Flags for freestanding 32-bit Linux programs. The address is one that no case is likely to name. */
export const LINUX_FLAGS = [
  ...['-target', 'x86-linux-none', '-nostdlib', '-static', '-ffreestanding', '-fno-pie', '-fno-stack-protector'],
  ...['-fno-sanitize=all', '-Wall', '-Wextra', '-Werror', '-Wl,--image-base=0x5f3e0000'],
];

/** Where a program that is built for a test goes. */
export function outputPath(name: string): string {
  mkdirSync(OUTPUT, { recursive: true });
  return join(OUTPUT, name);
}

const RESULT_DWORDS = 20;

/** Collects what a stream gives and hands it out in pieces of a wanted size. */
class ByteQueue {
  private chunks: Buffer[] = [];
  private available = 0;
  private waiting: { bytes: number; resolve: (data: Buffer) => void; reject: (error: Error) => void } | undefined;
  private failure: Error | undefined;

  push(chunk: Buffer): void {
    this.chunks.push(chunk);
    this.available += chunk.length;
    if (this.waiting && this.available >= this.waiting.bytes) {
      const { bytes, resolve } = this.waiting;
      this.waiting = undefined;
      resolve(this.cut(bytes));
    }
  }

  fail(error: Error): void {
    this.failure = error;
    this.waiting?.reject(error);
    this.waiting = undefined;
  }

  take(bytes: number): Promise<Buffer> {
    if (this.available >= bytes) return Promise.resolve(this.cut(bytes));
    if (this.failure) return Promise.reject(this.failure);
    return new Promise((resolve, reject) => {
      this.waiting = { bytes, resolve, reject };
    });
  }

  private cut(bytes: number): Buffer {
    const all = this.chunks.length === 1 ? this.chunks[0] : Buffer.concat(this.chunks);
    this.chunks = [all.subarray(bytes)];
    this.available -= bytes;
    return all.subarray(0, bytes);
  }
}

function dwords(...values: number[]): Buffer {
  const buffer = Buffer.alloc(values.length * 4);
  for (const [i, value] of values.entries()) buffer.writeUInt32LE(value >>> 0, i * 4);
  return buffer;
}

function encode(test: TestCase): Buffer {
  const parts = [dwords(...test.registers, test.eflags, test.eip, ...test.selectors, test.patches.length)];
  for (const { address, bytes } of test.patches) {
    parts.push(dwords(address, bytes.length), Buffer.from(bytes), Buffer.alloc(-bytes.length & 3));
  }
  return Buffer.concat(parts);
}

/** The processor that this computer has, in 32-bit user mode. */
export class NativeProcessor {
  private readonly queue = new ByteQueue();

  private constructor(private readonly child: ChildProcessWithoutNullStreams) {
    child.stdout.on('data', (chunk: Buffer) => this.queue.push(chunk));
    let messages = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (messages += text));
    child.on('error', (error) => this.queue.fail(error));
    child.on('close', (status, signal) => {
      this.queue.fail(new Error(`the executor ended (${signal ?? `status ${status}`}) ${messages}`));
    });
    // Its end is told by `close`.
    child.stdin.on('error', () => undefined);
  }

  /** Windows and segments that the system granted. */
  readonly windows = new Set<Window>();
  readonly segments = new Set<Segment>();

  /**
   * Builds and starts the executor.
   * @returns undefined and the reason where 32-bit code cannot run
   */
  static async start(): Promise<NativeProcessor | string> {
    if (process.platform !== 'linux' || process.arch !== 'x64') return 'the cases run on x86-64 Linux only';
    const program = outputPath('executor');
    const source = join(ROOT, 'test', 'differential', 'native', 'executor.c');
    await new Zig(ROOT).run(['cc', ...LINUX_FLAGS, '-mcpu=i386', '-O1', '-fno-builtin', source, '-o', program]);
    const processor = new NativeProcessor(spawn(program, { stdio: 'pipe' }));
    try {
      await processor.setUp();
    } catch (error) {
      return `this system does not run 32-bit programs: ${(error as Error).message}`;
    }
    return processor;
  }

  private async setUp(): Promise<void> {
    const { stdin } = this.child;
    stdin.write(dwords(WINDOWS.length));
    for (const window of WINDOWS) {
      stdin.write(dwords(window.address, window.bytes, window.writable ? 1 : 0));
      stdin.write(baseline(window));
    }
    stdin.write(dwords(SEGMENTS.length));
    for (const segment of SEGMENTS) {
      stdin.write(dwords(segment.entry, segment.base, segment.limit, userDescriptorFlags(segment)));
    }
    const granted = await this.queue.take((WINDOWS.length + SEGMENTS.length) * 4);
    for (const [i, window] of WINDOWS.entries()) if (granted.readUInt32LE(i * 4)) this.windows.add(window);
    for (const [i, segment] of SEGMENTS.entries()) {
      if (granted.readUInt32LE((WINDOWS.length + i) * 4)) this.segments.add(segment);
    }
  }

  /** Runs cases one after the other. @throws Error if the executor dies of one */
  async run(cases: readonly TestCase[]): Promise<Outcome[]> {
    for (const test of cases) this.child.stdin.write(encode(test));
    const outcomes: Outcome[] = [];
    while (outcomes.length < cases.length) outcomes.push(await this.outcome());
    return outcomes;
  }

  private async outcome(): Promise<Outcome> {
    const head = await this.queue.take(RESULT_DWORDS * 4);
    const field = (index: number) => head.readUInt32LE(index * 4);
    const fields = (first: number, count: number) => Array.from({ length: count }, (_, i) => field(first + i));
    const count = field(19);
    const body = count > 0 ? await this.queue.take(count * 8) : Buffer.alloc(0);
    const changes = new Map<number, number>();
    for (let i = 0; i < count; i++) changes.set(body.readUInt32LE(i * 8), body.readUInt32LE(i * 8 + 4));
    return {
      trap: field(0),
      error: field(1),
      cr2: field(2),
      registers: fields(3, 8),
      eflags: field(11),
      eip: field(12),
      selectors: fields(13, 6),
      changes,
    };
  }

  /** Ends the executor. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.child.on('close', () => resolve());
      this.child.stdin.end();
    });
  }
}
