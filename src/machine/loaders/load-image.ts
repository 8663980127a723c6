import { loadLinux } from './bzimage';
import { loadBootSector } from './boot-sector';
import { detectFormat, type ImageFormat } from './detect';
import { loadElf, loadFlat } from './flat';
import { LoadError } from './load-error';
import type { Image, LoadTarget } from './load-target';
import { loadMultiboot } from './multiboot';

export interface LoadOptions {
  /** Told by content if left out. */
  readonly format?: ImageFormat;
  /** Flat binaries only; 0x100000 if left out. */
  readonly loadAddress?: number;
  /** Physical address of the first instruction, for flat binaries and ELF files. */
  readonly entry?: number;
  readonly commandLine?: string;
  readonly modules?: readonly Image[];
  /** BIOS number of the drive that the guest is on; 0x80 for boot sectors if left out. */
  readonly bootDrive?: number;
}

export interface LoadedImage {
  readonly format: ImageFormat;
  /** Linear address of the first instruction. */
  readonly entry: number;
}

/** Options that only some formats take, with the formats that do. */
const ONLY_FOR: readonly { option: keyof LoadOptions; attribute: string; formats: readonly ImageFormat[] }[] = [
  { option: 'loadAddress', attribute: 'loadAddress', formats: ['flat'] },
  { option: 'entry', attribute: 'entry', formats: ['flat', 'elf'] },
  { option: 'modules', attribute: 'initrd', formats: ['multiboot', 'bzimage'] },
  { option: 'commandLine', attribute: 'commandLine', formats: ['multiboot', 'bzimage'] },
];

const LOADERS: Readonly<Record<ImageFormat, (target: LoadTarget, image: Image, options: LoadOptions) => number>> = {
  multiboot: (target, image, { commandLine = '', modules = [], bootDrive }) =>
    loadMultiboot(target, image, { commandLine, modules, bootDrive }),
  elf: (target, image, { entry }) => loadElf(target, image, entry),
  bzimage: (target, image, { commandLine = '', modules = [] }) =>
    loadLinux(target, image, { commandLine, initrd: modules[0] }),
  boot: (target, image, { bootDrive = 0x80 }) => loadBootSector(target, image, bootDrive),
  flat: (target, image, { loadAddress, entry }) => loadFlat(target, image, loadAddress, entry),
};

/**
 * Loads a guest and puts the CPU at its first instruction. The machine has been reset; for boot sectors the firmware
 * is in place.
 * @throws LoadError that names the file (or the option that does not go with its format) and what to do
 */
export function loadImage(target: LoadTarget, image: Image, options: LoadOptions = {}): LoadedImage {
  const format = options.format ?? detectFormat(image);
  for (const { option, attribute, formats } of ONLY_FOR) {
    const value = options[option];
    const given = Array.isArray(value) || typeof value === 'string' ? value.length > 0 : value !== undefined;
    if (given && !formats.includes(format)) {
      throw new LoadError(
        image.name,
        `"${attribute}" means nothing to the format ${format}; it is for ${formats.join(', ')}`,
      );
    }
  }
  return { format, entry: LOADERS[format](target, image, options) };
}
