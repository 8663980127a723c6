import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { buildInitramfs, type KernelModule } from './initramfs';
import { DebianPackages } from './packages';

/** Flavours of Debian's kernels for the i386: without and with PAE. */
export const FLAVOURS = ['686', '686-pae'] as const;
export type Flavour = (typeof FLAVOURS)[number];

/** Files to boot a Linux with. */
export interface LinuxImages {
  readonly kernel: string;
  readonly initrd?: string;
}

/** Git-ignored; packages stay there from run to run. */
const FOLDER = join(__dirname, '..', '..', '..', 'out', 'linux');
const MEMTEST = join(FOLDER, 'memtest.bin');

/** The modules for a disk on the PIIX3's IDE function, and for virtio devices. What they depend on comes with them. */
const MODULES = ['sd_mod', 'ata_piix', 'virtio_pci', 'virtio_blk', 'virtio_console'];

function imagesOf(flavour: Flavour): Required<LinuxImages> {
  // One that was made of other modules does not do.
  const initrd = `initrd-${flavour}-${MODULES.length}.gz`;
  return { kernel: join(FOLDER, `vmlinuz-${flavour}`), initrd: join(FOLDER, initrd) };
}

/** The images of an earlier `fetchImages`, if there are any. */
export function cachedImages(flavour: Flavour): Required<LinuxImages> | undefined {
  const images = imagesOf(flavour);
  return existsSync(images.kernel) && existsSync(images.initrd) ? images : undefined;
}

/** memtest86+ of an earlier `fetchImages`. */
export function cachedMemtest(): string | undefined {
  return existsSync(MEMTEST) ? MEMTEST : undefined;
}

/**
 * Fetches Debian's kernels, busybox and memtest86+ and builds an initramfs for each kernel; what is there stays.
 * @throws Unavailable
 */
export function fetchImages(): void {
  if (FLAVOURS.every(cachedImages) && cachedMemtest()) return;
  mkdirSync(FOLDER, { recursive: true });
  const packages = new DebianPackages(FOLDER);
  packages.update();
  const busybox = readFileSync(join(packages.unpack('busybox-static'), 'bin', 'busybox'));
  for (const flavour of FLAVOURS) {
    const { kernel, initrd } = imagesOf(flavour);
    // 6.1 is the kernel of Debian 12; the signed packages have it ready to boot.
    const files = packages.unpack(packages.newest(new RegExp(`^linux-image-6\\.1\\.\\d+-\\d+-${flavour}$`)));
    const boot = join(files, 'boot');
    const image = readdirSync(boot).find((name) => name.startsWith('vmlinuz-')) as string;
    writeFileSync(initrd, buildInitramfs(busybox, readModules(join(files, 'lib', 'modules'))));
    writeFileSync(kernel, readFileSync(join(boot, image)));
  }
  writeFileSync(MEMTEST, readFileSync(join(packages.unpack('memtest86+'), 'boot', 'memtest86+ia32.bin')));
}

/** The modules in the order of loading, each after those that it names in its `depends=`. */
function readModules(folder: string): KernelModule[] {
  const paths = new Map(
    readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((path) => path.endsWith('.ko'))
      .map((path) => [moduleName(path), join(folder, path)]),
  );
  const loaded = new Map<string, KernelModule>();
  const load = (name: string): void => {
    const path = paths.get(name);
    if (!path || loaded.has(name)) return;
    const bytes = readFileSync(path);
    const depends = /\0depends=([^\0]*)\0/.exec(bytes.toString('latin1'))?.[1] ?? '';
    for (const other of depends.split(',').filter(Boolean)) load(moduleName(other));
    loaded.set(name, { name: basename(path), bytes });
  };
  for (const name of MODULES) load(name);
  return [...loaded.values()];
}

/** File names have dashes where the names in `depends=` may have underscores. */
function moduleName(path: string): string {
  return basename(path, '.ko').replaceAll('-', '_');
}
