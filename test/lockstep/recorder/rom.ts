import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fingerprint } from '../../../scripts/guests/fingerprint.mjs';
import { flatBinary } from '../../../scripts/guests/flat-binary.mjs';
import { Zig } from '../../../scripts/guests/zig.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** Builds the recorder's ROM (64 KiB) with the Zig compiler, or takes the one built before from the same sources. */
export async function recorderRom(): Promise<{ path: string; bytes: Buffer }> {
  const guest = join(root, 'test/lockstep/guest');
  const output = join(root, '.cache/lockstep');
  const digest = fingerprint([guest], []);
  const path = join(output, `recorder-${digest.slice(0, 16)}.rom`);
  if (!existsSync(path)) {
    mkdirSync(output, { recursive: true });
    const elf = join(output, 'recorder.elf');
    await new Zig(root).run([
      'cc',
      ...['-target', 'x86-freestanding-none', '-mcpu=i386', '-nostdlib', '-static', '-g0'],
      ...['-Wl,--build-id=none', `-Wl,-T,${join(guest, 'link.ld')}`, '-Wl,-e,enter'],
      ...[join(guest, 'recorder.S'), '-o', elf],
    ]);
    writeFileSync(path, flatBinary(readFileSync(elf), 'recorder'));
  }
  return { path, bytes: readFileSync(path) };
}
