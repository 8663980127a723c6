import type { MemoryRange } from '../memory/memory-map';
import { HIGH_MEMORY_START } from '../memory/memory-map';
import { LoadFlags, PROTOCOL, Setup, type SetupHeader } from './bzimage-header';
import { ByteWriter } from './byte-writer';

/** Bytes of boot_params, the "zero page". */
export const BOOT_PARAMS_SIZE = 0x1000;

/** Offsets in boot_params outside of the setup header (Documentation/x86/zero-page.rst). */
enum ZeroPage {
  CursorColumn = 0x00,
  CursorRow = 0x01,
  ExtendedMemory = 0x02,
  VideoMode = 0x06,
  VideoColumns = 0x07,
  EgaBx = 0x0a,
  VideoLines = 0x0e,
  CharacterHeight = 0x10,
  /** Before protocol 2.02: magic and offset of the command line. */
  OldCommandLineMagic = 0x20,
  OldCommandLineOffset = 0x22,
  AlternativeMemory = 0x1e0,
  MapEntries = 0x1e8,
  Map = 0x2d0,
}

const OLD_COMMAND_LINE_MAGIC = 0xa33f;
const MAP_ENTRY_SIZE = 20;
/** "Undefined": no number is assigned to this loader. */
const LOADER_TYPE = 0xff;
/** End of the setup code's heap, as boot.rst places it; only the setup code itself would use it. */
const HEAP_END = 0xe000 - 0x200;
/** What INT 10h AH=12h BL=10h leaves in BX where no EGA or VGA answers. */
const NO_EGA = 0x10;

/** Values of `vga=` that have names (Documentation/admin-guide/svga.rst). */
const VIDEO_MODES: Readonly<Record<string, number>> = { normal: 0xffff, ext: 0xfffe, ask: 0xfffd };

/** What the loader has decided. Addresses are guest-physical. */
export interface BootParameters {
  readonly header: SetupHeader;
  readonly map: readonly MemoryRange[];
  readonly ramBytes: number;
  readonly code32Start: number;
  readonly commandLine: string;
  readonly commandLineAddress: number;
  readonly initrd?: { readonly address: number; readonly size: number };
}

/**
 * Fills boot_params as the setup code and a boot loader would together: the 32-bit entry point is behind the setup code.
 * @param address where it will be in the guest
 */
export function buildBootParameters(address: number, parameters: BootParameters): Uint8Array {
  const writer = new ByteWriter(address, BOOT_PARAMS_SIZE);
  const { header, map, ramBytes, code32Start, initrd } = parameters;
  const { bytes } = writer;
  setScreen(writer);
  const extended = Math.max(0, ramBytes - HIGH_MEMORY_START) >>> 10;
  // INT 15h AH=88h counts in 16 bits, AX=E801h further.
  writer.setU16(ZeroPage.ExtendedMemory, Math.min(extended, 0xfc00));
  writer.setU32(ZeroPage.AlternativeMemory, extended);
  bytes[ZeroPage.MapEntries] = map.length;
  map.forEach(({ base, length, type }, i) => {
    const entry = ZeroPage.Map + i * MAP_ENTRY_SIZE;
    writer.setU64(entry, base);
    writer.setU64(entry + 8, length);
    writer.setU32(entry + 16, type);
  });

  bytes.set(header.bytes, Setup.SetupSectors);
  bytes[Setup.LoaderType] = LOADER_TYPE;
  writer.setU32(Setup.Code32Start, code32Start);
  const mode = videoMode(parameters.commandLine);
  if (mode !== undefined) writer.setU16(Setup.VideoMode, mode);
  if (initrd) {
    writer.setU32(Setup.RamdiskImage, initrd.address);
    writer.setU32(Setup.RamdiskSize, initrd.size);
  }
  if (header.protocol >= PROTOCOL.heap) {
    bytes[Setup.LoadFlags] |= LoadFlags.CanUseHeap;
    writer.setU16(Setup.HeapEnd, HEAP_END);
  }
  if (header.protocol >= PROTOCOL.commandLinePointer) {
    writer.setU32(Setup.CommandLinePointer, parameters.commandLineAddress);
  } else {
    writer.setU16(ZeroPage.OldCommandLineMagic, OLD_COMMAND_LINE_MAGIC);
    writer.setU16(ZeroPage.OldCommandLineOffset, parameters.commandLineAddress - address);
  }
  return bytes;
}

/** The screen is in text mode 3, 80 by 25, as the BIOS data area says; a frame buffer without the registers of an EGA or VGA. */
function setScreen(writer: ByteWriter): void {
  const { bytes } = writer;
  bytes[ZeroPage.CursorColumn] = 0;
  bytes[ZeroPage.CursorRow] = 0;
  bytes[ZeroPage.VideoMode] = 3;
  bytes[ZeroPage.VideoColumns] = 80;
  bytes[ZeroPage.VideoLines] = 25;
  bytes[ZeroPage.CharacterHeight] = 16;
  writer.setU16(ZeroPage.EgaBx, NO_EGA);
}

/** What `vga=` on the command line says: the kernel is not asked, the loader has to tell it. */
function videoMode(commandLine: string): number | undefined {
  const text = /(?:^|\s)vga=(\S+)/.exec(commandLine)?.[1];
  if (text === undefined) return undefined;
  if (Object.hasOwn(VIDEO_MODES, text)) return VIDEO_MODES[text];
  const mode = Number(text);
  return Number.isInteger(mode) && mode >= 0 && mode <= 0xffff ? mode : undefined;
}
