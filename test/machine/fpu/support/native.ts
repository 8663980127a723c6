import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { Zig } from '../../../../scripts/guests/zig.mjs';
import { LINUX_FLAGS, outputPath, ROOT } from '../../../differential/support/native';
import { CODE_BYTES, IMAGE_BYTES, MEMORY_BYTES, type X87Case, type X87Outcome } from './case';

const RET = 0xc3;
const RESULT_BYTES = IMAGE_BYTES + 8 + MEMORY_BYTES;

function encode({ image, eax, eflags, memory, instructions }: X87Case): Buffer {
  const words = Buffer.alloc(8);
  words.writeUInt32LE(eax, 0);
  words.writeUInt32LE(eflags, 4);
  const code = Buffer.alloc(CODE_BYTES);
  code.set([...instructions.flatMap(({ bytes }) => [...bytes]), RET]);
  return Buffer.concat([image, words, memory, code]);
}

/** Sends all of the input to a program. @returns its output @throws Error if it fails */
function pipe(child: ChildProcess, input: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
    child.on('error', reject);
    child.on('close', (status, signal) => {
      if (status === 0) resolve(Buffer.concat(chunks));
      else reject(new Error(`the x87 runner ended (${signal ?? `status ${status}`})`));
    });
    // Its end is told by `close`.
    child.stdin?.on('error', () => undefined);
    child.stdin?.end(input);
  });
}

/** The x87 of this computer. */
export class NativeX87 {
  private constructor(private readonly program: string) {}

  /** Builds the runner. @returns the reason where 32-bit code cannot run */
  static async start(): Promise<NativeX87 | string> {
    if (process.platform !== 'linux' || process.arch !== 'x64') return 'the x87 of x86-64 Linux only is at hand';
    const program = outputPath('x87-sequence');
    const source = join(import.meta.dirname, '..', 'native', 'sequence.c');
    await new Zig(ROOT).run(['cc', ...LINUX_FLAGS, '-mcpu=i386', '-O1', '-fno-builtin', source, '-o', program]);
    const native = new NativeX87(program);
    try {
      await native.run([]);
    } catch (error) {
      return `this system does not run 32-bit programs: ${(error as Error).message}`;
    }
    return native;
  }

  async run(cases: readonly X87Case[]): Promise<X87Outcome[]> {
    const input = Buffer.concat(cases.map(encode));
    const output = await pipe(spawn(this.program, { stdio: ['pipe', 'pipe', 'inherit'] }), input);
    return cases.map((_, i) => {
      const at = i * RESULT_BYTES;
      return {
        image: output.subarray(at, at + IMAGE_BYTES),
        eax: output.readUInt32LE(at + IMAGE_BYTES),
        eflags: output.readUInt32LE(at + IMAGE_BYTES + 4),
        memory: output.subarray(at + IMAGE_BYTES + 8, at + RESULT_BYTES),
      };
    });
  }
}
