import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DISK_IMAGES } from './disk-images.mjs';
import { BuildError } from './errors.mjs';
import { fingerprint } from './fingerprint.mjs';
import { flatBinary } from './flat-binary.mjs';
import { KINDS } from './manifest.mjs';

/** What every guest is compiled with: nothing but the guest's own code, no helpers of the compiler, frames for debuggers. */
const COMMON_FLAGS = [
  '-mcpu=i386',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-g',
  '-ffreestanding',
  '-fno-omit-frame-pointer',
  '-fno-pie',
  '-fno-stack-protector',
  // Frames are described in .debug_frame, for debuggers, not in .eh_frame, which would be loaded.
  '-fno-unwind-tables',
  '-fno-asynchronous-unwind-tables',
  '-fno-sanitize=all',
  '-nostdlib',
  '-static',
  '-Wl,--build-id=none',
];

const FAILED_SIZE = (name, size, limit) =>
  `${name}: the image has ${size} bytes, but this kind of guest has ${limit}; the linker script must fill it`;

/** Where generated headers lie, seen from the checkout. */
export const GENERATED_INCLUDE = '.cache/guests/include';

function compileArguments(guest, root, output) {
  const include = guest.hypercallHeaders ? [...guest.include, GENERATED_INCLUDE] : guest.include;
  return [
    'cc',
    '-target',
    KINDS[guest.kind].target,
    ...COMMON_FLAGS,
    ...guest.flags,
    // Sources are named from the checkout, and DWARF says where that is.
    `-fdebug-compilation-dir=${root}`,
    ...include.map((directory) => `-I${directory}`),
    `-Wl,-T,${guest.linkerScript}`,
    ...guest.sources,
    '-o',
    output,
  ];
}

/** The files that a guest turns into, by name in the output directory. */
function outputsOf(guest) {
  const program = `${guest.name}.${KINDS[guest.kind].program}`;
  return { program, symbols: `${guest.name}.elf`, drives: guest.drives.map(({ file, kind }) => ({ file, kind })) };
}

function isFresh(stamp, digest, files) {
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === digest && files.every((file) => existsSync(file));
}

/**
 * Builds one guest into `outputDirectory`: the program, its ELF file with symbols, its disk images, and NAME.json, which
 * says what is what. Does nothing if none of its inputs has changed.
 * @param tools `{ zig, version, headers }`: the compiler, its version, and the text of the generated headers
 * @returns whether it was built
 * @throws BuildError
 */
export async function buildGuest(guest, root, outputDirectory, tools) {
  const outputs = outputsOf(guest);
  const inOutput = (file) => join(outputDirectory, file);
  const directories = [guest.folder, ...guest.include, dirname(guest.linkerScript), ...guest.sources.map(dirname)];
  const digest = fingerprint(
    [...new Set([...directories, 'scripts/guests'])].sort().map((directory) => join(root, directory)),
    [root, tools.version, guest.hypercallHeaders ? tools.headers : ''],
  );
  const stamp = join(root, '.cache', 'guests', `${guest.name}.sha256`);
  const files = [outputs.program, outputs.symbols, `${guest.name}.json`, ...outputs.drives.map((drive) => drive.file)];
  if (isFresh(stamp, digest, files.map(inOutput))) return false;

  mkdirSync(outputDirectory, { recursive: true });
  const elf = inOutput(outputs.symbols);
  await tools.zig.run(compileArguments(guest, root, elf));

  if (outputs.program !== outputs.symbols) {
    const image = flatBinary(readFileSync(elf), guest.name);
    const { size } = KINDS[guest.kind];
    if (image.length !== size) throw new BuildError(FAILED_SIZE(guest.name, image.length, size));
    writeFileSync(inOutput(outputs.program), image);
  }
  for (const drive of guest.drives) writeFileSync(inOutput(drive.file), DISK_IMAGES[drive.image]());
  const { name, kind, description } = guest;
  writeFileSync(inOutput(`${name}.json`), `${JSON.stringify({ name, kind, description, ...outputs }, null, 2)}\n`);
  mkdirSync(dirname(stamp), { recursive: true });
  writeFileSync(stamp, digest);
  return true;
}
