import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Zig } from '../../../scripts/guests/zig.mjs';
import type { CpuModel } from '../../../src/machine/isa/form';
import { loadImage } from '../../../src/machine/loaders/load-image';
import { Machine } from '../../../src/machine/machine';
import { RunEnd } from '../../../src/machine/run';
import { LINUX_FLAGS, outputPath, ROOT } from './native';

/** One way to compile the programs. */
export interface Build {
  /** What zig calls the processor. */
  readonly cpu: 'i386' | 'i486' | 'pentium' | 'pentium2' | 'pentium3' | 'pentium4';
  readonly optimization: '0' | '2' | '3' | 's';
}

export const BUILDS: readonly Build[] = (
  ['i386', 'i486', 'pentium', 'pentium2', 'pentium3', 'pentium4'] as const
).flatMap((cpu) => (['0', '2', '3', 's'] as const).map((optimization) => ({ cpu, optimization })));

/** LLVM swaps bytes by BSWAP even for the i386, which does not have it. */
const MODELS: Readonly<Record<Build['cpu'], CpuModel>> = {
  i386: '486',
  i486: '486',
  pentium: 'pentium',
  pentium2: 'pentium2',
  pentium3: 'pentium3',
  pentium4: 'pentium4',
};

const SOURCES = join('test', 'differential', 'programs');
const sources = () =>
  readdirSync(join(ROOT, SOURCES))
    .filter((name) => name.endsWith('.c'))
    .sort()
    .map((name) => join(SOURCES, name));

/** The library has its own memcpy and so on, which must not be made of calls to themselves. */
const COMMON_FLAGS = ['-fno-builtin', '-Wno-parentheses'];

const GUEST_FLAGS = [
  ...['-target', 'x86-freestanding-none', '-nostdlib', '-static', '-ffreestanding', '-fno-pie', '-fno-stack-protector'],
  ...['-fno-sanitize=all', '-Wall', '-Wextra', '-Werror', '-Wl,--build-id=none', '-fno-unwind-tables'],
  ...['-fno-asynchronous-unwind-tables', '-Iguests/common', '-Wl,-T,guests/common/link.ld', 'guests/common/boot.S'],
];

async function compile(build: Build, kind: 'linux' | 'guest'): Promise<string> {
  const program = outputPath(`programs-${build.cpu}-O${build.optimization}.${kind}`);
  const target = kind === 'linux' ? [...LINUX_FLAGS, '-DLINUX'] : GUEST_FLAGS;
  const chosen = [`-mcpu=${build.cpu}`, `-O${build.optimization}`];
  await new Zig(ROOT).run(['cc', ...target, ...COMMON_FLAGS, ...chosen, ...sources(), '-o', program]);
  return program;
}

/** What the programs print as a process of this computer. */
export async function runNatively(build: Build): Promise<string> {
  const { stdout } = await promisify(execFile)(await compile(build, 'linux'), { timeout: 30_000 });
  return stdout;
}

const MAX_INSTRUCTIONS = 400_000_000;

/** What a write to the debug-exit port says when all is done. */
const EXIT_OK = 0x10;

/**
 * What the programs print as a guest.
 * @throws Error if the guest does not end by itself
 */
export async function runAsGuest(build: Build): Promise<string> {
  const program = await compile(build, 'guest');
  const bytes: number[] = [];
  const machine = new Machine({
    cpu: MODELS[build.cpu],
    memoryMB: 16,
    startTime: 0,
    onConsole: (byte) => bytes.push(byte),
  });
  const { memory, cpu } = machine;
  loadImage(
    { memory, state: cpu.state, segmentation: cpu.segmentation },
    { name: program, bytes: readFileSync(program) },
  );
  let end = RunEnd.Budget;
  while (end === RunEnd.Budget && machine.clock.instructions < MAX_INSTRUCTIONS) end = machine.run(4_000_000);
  const { shutdown } = machine;
  const text = Buffer.from(bytes).toString('latin1');
  if (shutdown?.kind !== 'debug-exit' || shutdown.value !== EXIT_OK) {
    throw new Error(`the guest ended with ${String(end)} at ${cpu.state.eip.toString(16)}, after ${text.slice(-200)}`);
  }
  return text;
}
