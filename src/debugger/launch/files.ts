import { type BlockStore, MemoryBlockStore, OverlayBlockStore } from '../../machine/devices/ide/block-store';
import { MAX_VIRTIO_DISKS } from '../../machine/devices/pc';
import { detectFormat } from '../../machine/loaders/detect';
import type { Image } from '../../machine/loaders/load-target';
import { type Host, LaunchError, type LaunchConfiguration } from '../types';
import { type CostProfileFile, costProfilePath } from './cost-profile';

/** Name of a file without its folders, whatever system the path is of. */
export function baseName(path: string): string {
  return path.replace(/^.*[\\/]/, '') || path;
}

/** A drive with its image. */
export interface Drive {
  readonly path: string;
  readonly interface: LaunchConfiguration['drives'][number]['interface'];
  readonly image: Uint8Array;
  readonly store: BlockStore;
  /** Forgets what the guest wrote, where that is not to be kept. */
  reset(): void;
  /** The content to be written back to the file; undefined if there is nothing to write. */
  changed(): Uint8Array | undefined;
}

/** Everything that a launch configuration names, read. */
export interface LaunchFiles {
  readonly program?: Image;
  readonly initrd?: Image;
  readonly bios?: Image;
  readonly symbols: readonly { path: string; bytes: Uint8Array }[];
  readonly portMaps: readonly { path: string; text: string }[];
  readonly drives: readonly Drive[];
  readonly costProfile?: CostProfileFile;
}

async function read(host: Host, attribute: string, path: string): Promise<Uint8Array> {
  try {
    return await host.readFile(path);
  } catch (error) {
    throw new LaunchError(`${attribute}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

async function image(host: Host, attribute: string, path: string | undefined): Promise<Image | undefined> {
  if (path === undefined) return undefined;
  return { name: baseName(path), bytes: await read(host, attribute, path) };
}

function openDrive(path: string, bytes: Uint8Array, snapshot: boolean, bus: Drive['interface'] = 'ide'): Drive {
  const base = new MemoryBlockStore(bytes);
  if (!snapshot) {
    const changed = (): Uint8Array | undefined => (base.dirty ? base.bytes : undefined);
    return { path, interface: bus, image: bytes, store: base, reset: () => undefined, changed };
  }
  const overlay = new OverlayBlockStore(base);
  return {
    path,
    interface: bus,
    image: bytes,
    store: overlay,
    reset: () => overlay.discard(),
    changed: () => undefined,
  };
}

/** Disks by interface: two IDE channels take four. */
const MAX_DISKS: Readonly<Record<Drive['interface'], number>> = { ide: 4, virtio: MAX_VIRTIO_DISKS };

/**
 * Reads all files that a configuration names.
 * @throws LaunchError that names the attribute and the file
 */
export async function readLaunchFiles(configuration: LaunchConfiguration, host: Host): Promise<LaunchFiles> {
  const { drives } = configuration;
  for (const [bus, most] of Object.entries(MAX_DISKS)) {
    const count = drives.filter((drive) => drive.interface === bus).length;
    if (count > most) throw new LaunchError(`drives: there is room for ${most} ${bus} disks, not ${count}.`);
  }
  const unsupported = drives.findIndex(({ kind }) => kind !== 'disk');
  if (unsupported >= 0) {
    const { kind, file } = drives[unsupported];
    throw new LaunchError(
      `drives[${unsupported}].kind: ${kind} drives are not emulated yet (${file}); use a disk image.`,
    );
  }
  const opened: Drive[] = [];
  for (const [index, { file, snapshot, interface: bus }] of drives.entries()) {
    const bytes = await read(host, `drives[${index}].file`, file);
    if (bytes.length === 0) throw new LaunchError(`drives[${index}].file: ${file} is empty.`);
    opened.push(openDrive(file, bytes, snapshot, bus));
  }
  const symbols: { path: string; bytes: Uint8Array }[] = [];
  for (const path of configuration.symbols) symbols.push({ path, bytes: await read(host, 'symbols', path) });
  const portMaps: { path: string; text: string }[] = [];
  for (const path of configuration.portMaps) {
    portMaps.push({ path, text: new TextDecoder().decode(await read(host, 'portMaps', path)) });
  }
  const program = await image(host, 'program', configuration.program);
  return {
    program,
    initrd: await image(host, 'initrd', configuration.initrd),
    bios: await image(host, 'bios', configuration.bios),
    symbols,
    portMaps,
    costProfile: await costProfileFile(configuration, host),
    drives: opened.length === 0 ? bootMedium(configuration, program) : opened,
  };
}

async function costProfileFile(configuration: LaunchConfiguration, host: Host): Promise<CostProfileFile | undefined> {
  const path = costProfilePath(configuration);
  if (path === undefined) return undefined;
  const text = new TextDecoder().decode(await read(host, 'hypervisor.costProfile', path));
  return { path, name: baseName(path).replace(/\.json$/i, ''), text };
}

/** A boot sector or disk image that is to be run is the drive it boots from, where none is named. Its file stays as it is. */
function bootMedium({ format }: LaunchConfiguration, program: Image | undefined): Drive[] {
  if (!program || !(format === 'boot' || (format === undefined && isBootImage(program)))) return [];
  return [openDrive(program.name, program.bytes, true)];
}

function isBootImage(program: Image): boolean {
  try {
    return detectFormat(program) === 'boot';
  } catch {
    // What it is instead is said when it is loaded.
    return false;
  }
}
