import { type BlockStore, MemoryBlockStore, OverlayBlockStore } from '../../machine/devices/ide/block-store';
import { detectFormat } from '../../machine/loaders/detect';
import type { Image } from '../../machine/loaders/load-target';
import { type Host, LaunchError, type LaunchConfiguration } from '../types';

/** Name of a file without its folders, whatever system the path is of. */
export function baseName(path: string): string {
  return path.replace(/^.*[\\/]/, '') || path;
}

/** A drive with its image. */
export interface Drive {
  readonly path: string;
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

function openDrive(path: string, bytes: Uint8Array, snapshot: boolean): Drive {
  const base = new MemoryBlockStore(bytes);
  if (!snapshot) {
    const changed = (): Uint8Array | undefined => (base.dirty ? base.bytes : undefined);
    return { path, image: bytes, store: base, reset: () => undefined, changed };
  }
  const overlay = new OverlayBlockStore(base);
  return { path, image: bytes, store: overlay, reset: () => overlay.discard(), changed: () => undefined };
}

/** Disks that a PC with two IDE channels takes. */
const MAX_DISKS = 4;

/**
 * Reads all files that a configuration names.
 * @throws LaunchError that names the attribute and the file
 */
export async function readLaunchFiles(configuration: LaunchConfiguration, host: Host): Promise<LaunchFiles> {
  const { drives } = configuration;
  if (drives.length > MAX_DISKS)
    throw new LaunchError(`drives: a PC has room for ${MAX_DISKS} disks, not ${drives.length}.`);
  const unsupported = drives.findIndex(({ kind }) => kind !== 'disk');
  if (unsupported >= 0) {
    const { kind, file } = drives[unsupported];
    throw new LaunchError(
      `drives[${unsupported}].kind: ${kind} drives are not emulated yet (${file}); use a disk image.`,
    );
  }
  const opened: Drive[] = [];
  for (const [index, { file, snapshot }] of drives.entries()) {
    const bytes = await read(host, `drives[${index}].file`, file);
    if (bytes.length === 0) throw new LaunchError(`drives[${index}].file: ${file} is empty.`);
    opened.push(openDrive(file, bytes, snapshot));
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
    drives: opened.length === 0 ? bootMedium(configuration, program) : opened,
  };
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
