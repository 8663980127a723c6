import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
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
  /** Zig's compiler, which comes with the development tools, unless it is said otherwise. */
  readonly compiler?: 'zig' | 'gcc';
}

export function buildName({ cpu, optimization, compiler = 'zig' }: Build): string {
  return `${compiler} for ${cpu} with -O${optimization}`;
}

const COMBINATIONS: readonly Build[] = (
  ['i386', 'i486', 'pentium', 'pentium2', 'pentium3', 'pentium4'] as const
).flatMap((cpu) => (['0', '2', '3', 's'] as const).map((optimization) => ({ cpu, optimization })));

/** Every way to compile: by zig, and by gcc where it can make 32-bit programs. */
export async function allBuilds(): Promise<readonly Build[]> {
  const gcc = (await hasGcc()) ? COMBINATIONS.map((build) => ({ ...build, compiler: 'gcc' as const })) : [];
  return [...COMBINATIONS, ...gcc];
}

/** True if this computer's gcc makes 32-bit programs. */
export async function hasGcc(): Promise<boolean> {
  try {
    // libgcc for 32 bits is what is missing where gcc is made for 64 bits alone.
    const { stdout } = await promisify(execFile)('gcc', ['-m32', '-print-libgcc-file-name']);
    return existsSync(stdout.trim());
  } catch {
    return false;
  }
}

/** LLVM swaps bytes by BSWAP even for the i386, which does not have it. */
const MODELS: Readonly<Record<Build['cpu'], CpuModel>> = {
  i386: '486',
  i486: '486',
  pentium: 'pentium',
  pentium2: 'pentium2',
  pentium3: 'pentium3',
  pentium4: 'pentium4',
};

/** gcc's own library is made for the P6, whatever the programs are made for. */
function modelOf({ cpu, compiler }: Build): CpuModel {
  const needsP6 = compiler === 'gcc' && /^(i386|i486|pentium)$/.test(cpu);
  return needsP6 ? 'pentium2' : MODELS[cpu];
}

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

/** The same for GNU's compiler; its library has the 64-bit divisions. */
const GCC_FLAGS = [
  ...['-m32', '-nostdlib', '-static', '-ffreestanding', '-fno-pie', '-no-pie', '-fno-stack-protector'],
  ...['-fno-unwind-tables', '-fno-asynchronous-unwind-tables', '-fcf-protection=none', '-Wl,--build-id=none'],
  // One program puts a frame of its own upon the compiler's. The warnings are about vectors where there is no SSE.
  ...['-fno-builtin', '-fno-omit-frame-pointer', '-w'],
];
const GCC_GUEST = ['-Iguests/common', '-Wl,-T,guests/common/link.ld', 'guests/common/boot.S'];

async function compileByGcc(build: Build, kind: 'linux' | 'guest', program: string): Promise<void> {
  const target = kind === 'linux' ? ['-DLINUX'] : GCC_GUEST;
  const chosen = [`-march=${build.cpu}`, `-O${build.optimization}`];
  const options = [...GCC_FLAGS, ...target, ...chosen, ...sources(), '-o', program, '-lgcc'];
  await promisify(execFile)('gcc', options, { cwd: ROOT });
}

async function compile(build: Build, kind: 'linux' | 'guest'): Promise<string> {
  const compiler = build.compiler === 'gcc' ? '-gcc' : '';
  const program = outputPath(`programs${compiler}-${build.cpu}-O${build.optimization}.${kind}`);
  if (build.compiler === 'gcc') {
    await compileByGcc(build, kind, program);
    return program;
  }
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
    cpu: modelOf(build),
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
