import { hex, LoadError } from './load-error';
import type { Image } from './load-target';

/**
 * Offsets in a Linux kernel image and in boot_params, with the protocol that introduced each (Documentation/x86/boot.rst,
 * "The Real-Mode Kernel Header").
 */
export enum Setup {
  SetupSectors = 0x1f1,
  KernelParagraphs = 0x1f4,
  VideoMode = 0x1fa,
  BootFlag = 0x1fe,
  /** Second byte of the jump over the header: the header ends so many bytes after the jump. */
  HeaderLength = 0x201,
  Magic = 0x202,
  Version = 0x206,
  KernelVersion = 0x20e,
  LoaderType = 0x210,
  LoadFlags = 0x211,
  Code32Start = 0x214,
  RamdiskImage = 0x218,
  RamdiskSize = 0x21c,
  /** 2.01 */
  HeapEnd = 0x224,
  /** 2.02 */
  CommandLinePointer = 0x228,
  /** 2.03 */
  InitrdAddressMax = 0x22c,
  /** 2.05 */
  KernelAlignment = 0x230,
  Relocatable = 0x234,
  /** 2.12 */
  ExtendedLoadFlags = 0x236,
  /** 2.06 */
  CommandLineSize = 0x238,
  /** 2.08 */
  PayloadOffset = 0x248,
  PayloadLength = 0x24c,
  /** 2.10 */
  PreferredAddress = 0x258,
  InitSize = 0x260,
}

export enum LoadFlags {
  LoadedHigh = 0x01,
  CanUseHeap = 0x80,
}

/** Versions of the protocol that brought what matters here. */
export const PROTOCOL = {
  first: 0x0200,
  heap: 0x0201,
  commandLinePointer: 0x0202,
  initrdAddressMax: 0x0203,
  /** `KernelParagraphs` has four bytes and is right. */
  wideSize: 0x0204,
  relocatable: 0x0205,
  commandLineSize: 0x0206,
  payload: 0x0208,
  preferredAddress: 0x020a,
  extendedLoadFlags: 0x020c,
} as const;

/** boot_params has room for the header up to here (edd_mbr_sig_buffer follows). */
const HEADER_LIMIT = 0x290;
const SECTOR = 512;
/** A value of 0 means 4, "for backwards compatibility". */
const DEFAULT_SETUP_SECTORS = 4;
/** Before 2.06 a command line has at most 255 characters; before 2.03 an initrd ends below this address. */
const OLD_COMMAND_LINE_SIZE = 255;
const OLD_INITRD_ADDRESS_MAX = 0x37ffffff;
const XLF_KERNEL_64 = 0x01;
const GZIP_MAGIC = 0x8b1f;
const KERNEL_VERSION_LIMIT = 128;

/** Where a kernel wants to run (protocol 2.10 on). */
export interface RunRegion {
  readonly address: number;
  /** Bytes that it needs there before it knows of memory. */
  readonly size: number;
}

/** The setup header of a Linux kernel image, with what older protocols leave out filled in. */
export interface SetupHeader {
  /** 0x020f for 2.15. */
  readonly protocol: number;
  /** The header's own bytes, from `Setup.SetupSectors` on, as boot_params takes them. */
  readonly bytes: Uint8Array;
  /** The protected-mode kernel. */
  readonly kernel: Uint8Array;
  /** A bzImage, for 1 MiB; a zImage goes below. */
  readonly loadedHigh: boolean;
  readonly code32Start: number;
  /** Last address that an initrd may take. */
  readonly initrdAddressMax: number;
  readonly relocatable: boolean;
  /** Bytes; 1 if the kernel does not say. */
  readonly alignment: number;
  /** Longest command line, without the zero at its end. */
  readonly commandLineSize: number;
  readonly runRegion?: RunRegion;
  /** Bytes of the kernel once unpacked, where its payload tells. */
  readonly unpackedSize?: number;
  /** `6.1.0-50-686 (…) #1 …`, if the image names it. */
  readonly kernelVersion?: string;
}

/** `2.15` for 0x020f. */
export function protocolText(protocol: number): string {
  return `${protocol >> 8}.${String(protocol & 0xff).padStart(2, '0')}`;
}

/** True if the bytes are a Linux kernel image that has a setup header: boot protocol 2.00 on. */
export function hasSetupHeader(bytes: Uint8Array): boolean {
  return [...'HdrS'].every((character, i) => bytes[Setup.Magic + i] === character.charCodeAt(0));
}

/**
 * Reads and checks the setup header.
 * @throws LoadError for images that are none, are cut off, or are for other processors
 */
export function readSetupHeader(image: Image): SetupHeader {
  const { name, bytes } = image;
  if (!hasSetupHeader(bytes)) {
    throw new LoadError(
      name,
      'it is no Linux kernel image with boot protocol 2.00 or later: "HdrS" is missing at 0x202',
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = Setup.Magic + bytes[Setup.HeaderLength];
  if (bytes.length < Math.max(end, SECTOR * 2)) {
    throw new LoadError(name, `the file ends in the setup header (${bytes.length} bytes): it is cut off`);
  }
  if (view.getUint16(Setup.BootFlag, true) !== 0xaa55) {
    throw new LoadError(name, 'its boot sector does not end in 55 AA: the setup header is damaged');
  }
  const protocol = view.getUint16(Setup.Version, true);
  if (protocol < PROTOCOL.first || protocol >= 0x0300) {
    throw new LoadError(name, `it names boot protocol ${protocolText(protocol)}; Ringside knows 2.00 to 2.15`);
  }
  const has = (since: number, field: number, width: number): boolean => protocol >= since && field + width <= end;
  const u32 = (since: number, field: number, otherwise: number): number =>
    has(since, field, 4) ? view.getUint32(field, true) : otherwise;

  if (has(PROTOCOL.extendedLoadFlags, Setup.ExtendedLoadFlags, 2)) {
    if (view.getUint16(Setup.ExtendedLoadFlags, true) & XLF_KERNEL_64) {
      throw new LoadError(name, 'it is a kernel for x86-64; this machine has an i386: use a 32-bit kernel');
    }
  }
  const alignment = u32(PROTOCOL.relocatable, Setup.KernelAlignment, 1) || 1;
  return {
    protocol,
    bytes: bytes.subarray(Setup.SetupSectors, Math.min(end, HEADER_LIMIT)),
    kernel: protectedModeKernel(image, view, protocol),
    loadedHigh: (bytes[Setup.LoadFlags] & LoadFlags.LoadedHigh) !== 0,
    code32Start: view.getUint32(Setup.Code32Start, true),
    initrdAddressMax: u32(PROTOCOL.initrdAddressMax, Setup.InitrdAddressMax, OLD_INITRD_ADDRESS_MAX),
    relocatable: has(PROTOCOL.relocatable, Setup.Relocatable, 1) && bytes[Setup.Relocatable] !== 0,
    alignment,
    commandLineSize: u32(PROTOCOL.commandLineSize, Setup.CommandLineSize, OLD_COMMAND_LINE_SIZE),
    runRegion: has(PROTOCOL.preferredAddress, Setup.InitSize, 4) ? runRegion(image, view) : undefined,
    unpackedSize: has(PROTOCOL.payload, Setup.PayloadLength, 4) ? unpackedSize(image, view) : undefined,
    kernelVersion: kernelVersion(bytes, view.getUint16(Setup.KernelVersion, true)),
  };
}

function setupBytes(bytes: Uint8Array): number {
  return ((bytes[Setup.SetupSectors] || DEFAULT_SETUP_SECTORS) + 1) * SECTOR;
}

function protectedModeKernel({ name, bytes }: Image, view: DataView, protocol: number): Uint8Array {
  const start = setupBytes(bytes);
  const kernel = bytes.subarray(start);
  if (kernel.length === 0) throw new LoadError(name, 'the file ends in the setup code: it is cut off');
  if (protocol < PROTOCOL.wideSize) return kernel;
  const wanted = view.getUint32(Setup.KernelParagraphs, true) * 16;
  // The size is in paragraphs; the last one need not be full.
  if (wanted - kernel.length >= 16) {
    const sizes = `its header names ${wanted} bytes of kernel, the file has ${kernel.length}`;
    throw new LoadError(name, `the file is cut off: ${sizes}`);
  }
  return kernel;
}

function runRegion({ name }: Image, view: DataView): RunRegion {
  if (view.getUint32(Setup.PreferredAddress + 4, true) !== 0) {
    throw new LoadError(name, 'it wants to run above 4 GiB (pref_address): it is no i386 kernel');
  }
  return {
    address: view.getUint32(Setup.PreferredAddress, true),
    size: view.getUint32(Setup.InitSize, true),
  };
}

/** A gzip file ends in the size of what is in it (RFC 1952). Other packers' payloads are for kernels that have `InitSize`. */
function unpackedSize({ bytes }: Image, view: DataView): number | undefined {
  const start = setupBytes(bytes) + view.getUint32(Setup.PayloadOffset, true);
  const end = start + view.getUint32(Setup.PayloadLength, true);
  if (end > bytes.length || end - start < 18 || view.getUint16(start, true) !== GZIP_MAGIC) return undefined;
  return view.getUint32(end - 4, true);
}

/** The text that the header's pointer names; it counts from the second sector. */
function kernelVersion(bytes: Uint8Array, pointer: number): string | undefined {
  const start = pointer + SECTOR;
  if (pointer === 0 || start >= setupBytes(bytes)) return undefined;
  const text = bytes.subarray(start, start + KERNEL_VERSION_LIMIT);
  const length = text.indexOf(0);
  return new TextDecoder('latin1').decode(length < 0 ? text : text.subarray(0, length)) || undefined;
}

/** An address range for messages. */
export function rangeText(address: number, size: number): string {
  return `${hex(address)}-${hex(address + size - 1)}`;
}
