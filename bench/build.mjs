import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Zig } from '../scripts/guests/zig.mjs';

const SOURCES = [
  'guests/common/boot.S',
  ...['main.c', 'loops.c', 'ports.c', 'floats.c', 'programs.c', 'events.c', 'events.S'].map(
    (name) => `bench/guests/${name}`,
  ),
];

/** Builds the benchmark's guest as a multiboot ELF file and gives its path. @throws BuildError */
export async function buildBenchGuest(root) {
  const folder = join(root, 'out', 'bench');
  mkdirSync(folder, { recursive: true });
  const output = join(folder, 'kernels.elf');
  await new Zig(root).run([
    'cc',
    '-target',
    'x86-freestanding-none',
    ...['-mcpu=i386', '-O2', '-fno-vectorize', '-fno-slp-vectorize', '-fno-builtin', '-fomit-frame-pointer'],
    ...['-Wall', '-Wextra', '-Werror', '-std=gnu11', '-ffreestanding', '-fno-pie', '-fno-stack-protector'],
    ...['-fno-unwind-tables', '-fno-asynchronous-unwind-tables', '-fno-sanitize=all', '-nostdlib', '-static'],
    ...['-Iguests/common', '-Ibench/guests', '-Wl,--build-id=none', '-Wl,-T,guests/common/link.ld'],
    ...SOURCES,
    '-o',
    output,
  ]);
  return output;
}
