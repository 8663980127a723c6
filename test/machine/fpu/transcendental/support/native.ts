import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { Zig } from '../../../../../scripts/guests/zig.mjs';
import type { Float80 } from '../../../../../src/machine/fpu/float80';
import { LINUX_FLAGS, outputPath, ROOT } from '../../../../differential/support/native';

/** An instruction on given registers. */
export interface NativeCase {
  /** The byte after D9. */
  readonly opcode: number;
  /** The control word. Exceptions may be unmasked. */
  readonly control: number;
  readonly st0: Float80;
  readonly st1: Float80;
}

/** What the processor leaves. */
export interface NativeOutcome {
  readonly status: number;
  readonly st0: Float80;
  readonly st1: Float80;
  /** How far the stack has grown (1) or shrunk (-1). */
  readonly pushed: number;
}

const RECORD = 24;
const INITIAL_TOP = 4;

function writeReal(buffer: Buffer, offset: number, { mantissa, exponent }: Float80): void {
  buffer.writeBigUInt64LE(mantissa, offset);
  buffer.writeUInt16LE(exponent, offset + 8);
}

function readReal(buffer: Buffer, offset: number): Float80 {
  return { mantissa: buffer.readBigUInt64LE(offset), exponent: buffer.readUInt16LE(offset + 8) };
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
    const program = outputPath('x87');
    const source = join(import.meta.dirname, '..', 'native', 'x87.c');
    await new Zig(ROOT).run(['cc', ...LINUX_FLAGS, '-mcpu=i386', '-O1', '-fno-builtin', source, '-o', program]);
    const native = new NativeX87(program);
    try {
      await native.run([]);
    } catch (error) {
      return `this system does not run 32-bit programs: ${(error as Error).message}`;
    }
    return native;
  }

  async run(cases: readonly NativeCase[]): Promise<NativeOutcome[]> {
    const input = Buffer.alloc(cases.length * RECORD);
    for (const [i, { opcode, control, st0, st1 }] of cases.entries()) {
      input.writeUInt8(opcode, i * RECORD);
      input.writeUInt16LE(control, i * RECORD + 2);
      writeReal(input, i * RECORD + 4, st0);
      writeReal(input, i * RECORD + 14, st1);
    }
    const output = await pipe(spawn(this.program, { stdio: ['pipe', 'pipe', 'inherit'] }), input);
    return cases.map((_, i) => {
      const status = output.readUInt16LE(i * RECORD);
      return {
        status,
        st0: readReal(output, i * RECORD + 4),
        st1: readReal(output, i * RECORD + 14),
        pushed: INITIAL_TOP - ((status >>> 11) & 7),
      };
    });
  }
}
