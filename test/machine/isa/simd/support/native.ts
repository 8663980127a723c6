import { execFileSync, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Zig } from '../../../../../scripts/guests/zig.mjs';
import { LINUX_FLAGS, outputPath, ROOT } from '../../../../differential/support/native';
import { CODE_BYTES, IMAGE_BYTES, OPERAND_BYTES, type VectorCase, type VectorResult } from './case';

const REGISTERS_AT = IMAGE_BYTES;
const EFLAGS_AT = REGISTERS_AT + 8 * 4;
const TRAP_AT = EFLAGS_AT + 4;
const OPERANDS_AT = TRAP_AT + 4;
const CODE_AT = OPERANDS_AT + OPERAND_BYTES;
const STATE_BYTES = CODE_AT + CODE_BYTES;

const NOP = 0x90;

function encode(test: VectorCase): Buffer {
  const buffer = Buffer.alloc(STATE_BYTES);
  buffer.set(test.image, 0);
  for (const [i, value] of test.registers.entries()) buffer.writeUInt32LE(value, REGISTERS_AT + i * 4);
  buffer.writeUInt32LE(test.eflags, EFLAGS_AT);
  buffer.set(test.operands, OPERANDS_AT);
  buffer.fill(NOP, CODE_AT).set(test.code, CODE_AT);
  return buffer;
}

function decode(buffer: Buffer): VectorResult {
  return {
    image: buffer.subarray(0, IMAGE_BYTES),
    registers: Array.from({ length: 8 }, (_, i) => buffer.readUInt32LE(REGISTERS_AT + i * 4)),
    eflags: buffer.readUInt32LE(EFLAGS_AT),
    trap: buffer.readUInt32LE(TRAP_AT),
    operands: buffer.subarray(OPERANDS_AT, CODE_AT),
  };
}

/** Runs vector instructions on the processor of this computer, in 32-bit user mode. */
export class NativeVectors {
  private constructor(private readonly program: string) {}

  /** Builds the executor. @returns it, or the reason why 32-bit code cannot run here */
  static async build(): Promise<NativeVectors | string> {
    if (process.platform !== 'linux' || process.arch !== 'x64') return 'the cases run on x86-64 Linux only';
    const program = outputPath('vector-executor');
    const source = join(ROOT, 'test', 'machine', 'isa', 'simd', 'native', 'executor.c');
    const include = `-I${join(ROOT, 'test', 'differential', 'native')}`;
    await new Zig(ROOT).run([
      'cc',
      ...LINUX_FLAGS,
      include,
      '-mcpu=i386',
      '-O1',
      '-fno-builtin',
      source,
      '-o',
      program,
    ]);
    const trial = spawnSync(program, { input: '' });
    if (trial.status === 0) return new NativeVectors(program);
    return `this system does not run the executor: ${trial.error?.message ?? trial.stderr.toString()}`;
  }

  /** Runs cases one after the other. @throws Error if the executor dies of one */
  run(cases: readonly VectorCase[]): VectorResult[] {
    const output = execFileSync(this.program, {
      input: Buffer.concat(cases.map(encode)),
      maxBuffer: (cases.length + 1) * STATE_BYTES,
    });
    return cases.map((_, i) => decode(output.subarray(i * STATE_BYTES, (i + 1) * STATE_BYTES)));
  }
}
