import { spawn } from 'node:child_process';
import { Zig } from '../../../../scripts/guests/zig.mjs';
import { LINUX_FLAGS, outputPath, ROOT } from '../../../differential/support/native';
import { type FloatCase, type FloatOperation, type FloatOutcome, OPERATIONS } from './operations';

const REQUEST = 40;
const REPLY = 36;
const LOW = 0xffff_ffff_ffff_ffffn;

function encode(index: number, test: FloatCase, to: Buffer, at: number): void {
  to.writeUInt32LE(index, at);
  to.writeUInt32LE(test.control, at + 4);
  for (const [i, value] of [test.a, test.b].entries()) {
    to.writeBigUInt64LE(value & LOW, at + 8 + 16 * i);
    to.writeBigUInt64LE(value >> 64n, at + 16 + 16 * i);
  }
}

function decode(from: Buffer, at: number): FloatOutcome {
  const wide = (offset: number) => from.readBigUInt64LE(offset) | (from.readBigUInt64LE(offset + 8) << 64n);
  return { flags: from.readUInt32LE(at), result: wide(at + 4), second: wide(at + 20) };
}

/** The floating-point units of this computer's processor. */
export class NativeFloat {
  private constructor(private readonly program: string) {}

  /** Builds the runner. @returns the reason where it cannot run */
  static async start(): Promise<NativeFloat | string> {
    if (process.platform !== 'linux' || process.arch !== 'x64') return 'the cases run on x86-64 Linux only';
    const program = outputPath('fpu');
    const sources = ['-I', 'test/differential/native', 'test/machine/float/native/fpu.c'];
    await new Zig(ROOT).run(['cc', ...LINUX_FLAGS, '-mcpu=pentium4', '-O1', '-fno-builtin', ...sources, '-o', program]);
    const native = new NativeFloat(program);
    try {
      await native.run(OPERATIONS[0], [{ control: 0x37f, a: 0n, b: 0n }]);
    } catch (error) {
      return `this system does not run 32-bit programs: ${(error as Error).message}`;
    }
    return native;
  }

  /** Carries out an instruction for each of the cases. @throws Error if the runner fails */
  async run(operation: FloatOperation, cases: readonly FloatCase[]): Promise<FloatOutcome[]> {
    const index = OPERATIONS.indexOf(operation);
    const input = Buffer.alloc(cases.length * REQUEST);
    for (const [i, test] of cases.entries()) encode(index, test, input, i * REQUEST);
    const output = await this.pipe(input);
    return cases.map((test, i) => operation.fromNative(decode(output, i * REPLY), test));
  }

  private pipe(input: Buffer): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const child = spawn(this.program, { stdio: ['pipe', 'pipe', 'inherit'] });
      const chunks: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
      child.on('error', reject);
      child.on('close', (status, signal) => {
        if (status === 0) resolve(Buffer.concat(chunks));
        else reject(new Error(`the runner ended (${signal ?? `status ${status}`})`));
      });
      // Its end is told by `close`.
      child.stdin.on('error', () => undefined);
      child.stdin.end(input);
    });
  }
}
