import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flatBinary } from '../scripts/guests/flat-binary.mjs';
import { Zig } from '../scripts/guests/zig.mjs';

const FLAGS = [
  ...['-target', 'x86-freestanding-none', '-mcpu=i386', '-O2', '-fno-vectorize', '-fno-slp-vectorize'],
  ...[
    '-fno-builtin',
    '-fomit-frame-pointer',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-std=gnu11',
    '-ffreestanding',
    '-fno-pie',
  ],
  ...['-gdwarf-4', '-fno-stack-protector', '-fno-unwind-tables', '-fno-asynchronous-unwind-tables'],
  ...['-fno-sanitize=all', '-nostdlib', '-static', '-Iguests/common', '-Ibench/guests', '-Wl,--build-id=none'],
];
const BOOT_SECTOR = 'boot-sector.S';

/** Where the boot sector has its parameters, and how many sectors it reads at a time. */
const PARAMETERS = 0x1e8;
const CHUNK = 64;
const SECTOR = 512;
const PT_LOAD = 1;

function outputFolder(root) {
  const folder = join(root, 'out', 'bench');
  mkdirSync(folder, { recursive: true });
  return folder;
}

/** Builds the benchmark's guest as a multiboot ELF file and gives its path. @throws BuildError */
export async function buildBenchGuest(root) {
  const output = join(outputFolder(root), 'kernels.elf');
  const sources = readdirSync(join(root, 'bench', 'guests'))
    .filter((name) => /\.[cS]$/.test(name) && name !== BOOT_SECTOR)
    .sort()
    .map((name) => `bench/guests/${name}`);
  const script = '-Wl,-T,guests/common/link.ld';
  await new Zig(root).run(['cc', ...FLAGS, script, 'guests/common/boot.S', ...sources, '-o', output]);
  return output;
}

/** Builds the sector that boots a multiboot kernel from a disk and gives its path. @throws BuildError */
export async function buildBootSector(root) {
  const folder = outputFolder(root);
  const linked = join(folder, 'boot-sector.elf');
  const output = join(folder, 'boot-sector.bin');
  const script = '-Wl,-T,guests/hello-bootsector/link.ld';
  await new Zig(root).run(['cc', ...FLAGS, script, `bench/guests/${BOOT_SECTOR}`, '-o', linked]);
  writeFileSync(output, flatBinary(readFileSync(linked), BOOT_SECTOR));
  return output;
}

/** A disk that boots a multiboot kernel, linked at one piece, with a command line of at most 511 bytes. */
export function bootDisk(sector, elf, commandLine) {
  const image = flatBinary(elf, 'kernel');
  const headers = Array.from({ length: elf.readUInt16LE(0x2c) }, (_, index) => {
    const header = elf.subarray(elf.readUInt32LE(0x1c) + index * elf.readUInt16LE(0x2a));
    return { type: header.readUInt32LE(0), address: header.readUInt32LE(12), size: header.readUInt32LE(20) };
  }).filter(({ type, size }) => type === PT_LOAD && size > 0);
  const start = Math.min(...headers.map(({ address }) => address));
  const end = Math.max(...headers.map(({ address, size }) => address + size));
  const chunks = Math.ceil((SECTOR + image.length) / (CHUNK * SECTOR));
  const disk = Buffer.alloc(SECTOR + chunks * CHUNK * SECTOR);
  sector.copy(disk);
  disk.write(commandLine, SECTOR, SECTOR - 1, 'latin1');
  image.copy(disk, 2 * SECTOR);
  const parameters = [chunks, start, image.length, end - start - image.length, elf.readUInt32LE(0x18)];
  parameters.forEach((value, index) => disk.writeUInt32LE(value, PARAMETERS + 4 * index));
  return disk;
}
