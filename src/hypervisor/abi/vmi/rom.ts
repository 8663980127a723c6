import { VMI_ABI, VMI_VERSION } from './abi';
import {
  fieldOffset,
  PCI_HEADER,
  PCI_SIGNATURE,
  PNP_HEADER,
  PNP_SIGNATURE,
  ROM_SIGNATURE,
  type StructLayout,
  VMI_PCI_ID,
  VROM_HEADER,
  VROM_SIGNATURE,
} from './structures';
import type { HypercallDefinition } from '../hypercall';

/** Guest-physical address of the ROM: the first place where VMware's specification lets a guest look. */
export const VMI_ROM_ADDRESS = 0xc8000;

const PCI_OFFSET = 0x90;
/** The Plug and Play header starts at a multiple of 16 and counts its length in units of 16 bytes. */
const PNP_OFFSET = 0xb0;
const PNP_BYTES = 0x20;
/** Of its checksum; guests of VMI see `res` there. */
const PNP_CHECKSUM_OFFSET = 9;
const STRINGS_OFFSET = PNP_OFFSET + PNP_BYTES;
const STUBS_OFFSET = 0x100;
/** Every stub has a slot of this many bytes, so that a call's place tells its number. */
const STUB_BYTES = 8;
const BLOCK_BYTES = 512;

const VMCALL = [0x0f, 0x01, 0xc1];
const RET = 0xc3;
/** What fills the gaps: INT3, should a lost guest run into one. */
const FILLER = 0xcc;

/** A stub that enters the hypervisor and returns to its caller. */
export const MONITOR_STUB: readonly number[] = [...VMCALL, RET];

/** What differs between sessions. */
export interface VmiRomOptions {
  /** Code of a call's stub, at most 8 bytes, position independent. */
  readonly stubOf: (call: HypercallDefinition) => readonly number[];
  /** Lowest linear address that the hypervisor keeps for itself; 0 is none. */
  readonly virtualTop: number;
}

function writeNumber(image: Uint8Array, at: number, size: number, value: number): void {
  for (let i = 0; i < size; i++) image[at + i] = (value >>> (8 * i)) & 0xff;
}

/** Stores fields of a structure; those not named stay zero. */
function writeStruct(image: Uint8Array, base: number, layout: StructLayout, values: Record<string, number>): void {
  for (const field of layout.fields) {
    const value = values[field.name];
    if (value !== undefined) writeNumber(image, base + field.offset, field.size, value);
  }
}

/** Offset of VMI_Init's VMCALL in the ROM. */
export const VMI_INIT_OFFSET = fieldOffset(VROM_HEADER, 'vmi_init');
/** Offset of VMI_GetRelocationInfo's VMCALL in the ROM. */
export const VMI_GET_RELOC_OFFSET = fieldOffset(VROM_HEADER, 'get_reloc');

/** Offset in the ROM of the stub of a call. */
export function stubOffset(number: number): number {
  return STUBS_OFFSET + number * STUB_BYTES;
}

/** Number of the call whose stub starts at an offset in the ROM; undefined where none does. */
export function callAtOffset(offset: number): number | undefined {
  const number = (offset - STUBS_OFFSET) / STUB_BYTES;
  return Number.isInteger(number) && number >= 0 && number < VMI_ABI.calls.length ? number : undefined;
}

/**
 * The VMI option ROM of API 3.0. It is position independent and executed where it lies. A stub enters the hypervisor by
 * VMCALL, which knows the call by the stub's physical address: no register is spent, and none changes but the results.
 * @throws RangeError if a stub is too long
 */
export function buildVmiRom({ stubOf, virtualTop }: VmiRomOptions): Uint8Array {
  const end = stubOffset(VMI_ABI.calls.length);
  const image = new Uint8Array(Math.ceil(end / BLOCK_BYTES) * BLOCK_BYTES);
  image.fill(FILLER, STUBS_OFFSET);

  let cursor = STRINGS_OFFSET;
  const text = (string: string): number => {
    const at = cursor;
    for (const character of string) image[cursor++] = character.charCodeAt(0);
    image[cursor++] = 0;
    if (cursor > STUBS_OFFSET) throw new RangeError('the strings of the VMI ROM run into its stubs');
    return at;
  };

  const blocks = image.length / BLOCK_BYTES;
  writeStruct(image, 0, VROM_HEADER, {
    rom_signature: ROM_SIGNATURE,
    rom_length: blocks,
    vrom_signature: VROM_SIGNATURE,
    api_version_min: VMI_VERSION.minor,
    api_version_maj: VMI_VERSION.major,
    virtual_top: virtualTop,
    // A value of the ABI: guests refuse a ROM that does not declare itself "GPL" or "GPL v2" compatible to their
    // loader. It says nothing about the licence of Ringside, which is in LICENSE.
    license_offs: text('GPL v2'),
    pci_header_offs: PCI_OFFSET,
    pnp_header_offs: PNP_OFFSET,
  });
  image[fieldOffset(VROM_HEADER, 'rom_entry')] = 0xcb; // RETF: the BIOS has nothing to initialise

  writeStruct(image, PCI_OFFSET, PCI_HEADER, {
    sig: PCI_SIGNATURE,
    // The ids that guests look for: others earn a warning in the guest's log.
    vendorID: VMI_PCI_ID.vendor,
    deviceID: VMI_PCI_ID.device,
    size: PCI_HEADER.size,
    class: 0x05, // memory controller, as the device that carries VMware's ROM
    subclass: 0x80,
    chunks: blocks,
    rom_version_min: 0,
    rom_version_maj: 1,
    lastRom: 0x80,
  });
  writeStruct(image, PNP_OFFSET, PNP_HEADER, {
    sig: PNP_SIGNATURE,
    rev: 1,
    size: PNP_BYTES / 16,
    manufacturer_offset: text('Ringside'),
    product_offset: text('VMI'),
  });

  image.set(MONITOR_STUB, VMI_INIT_OFFSET);
  image.set(MONITOR_STUB, VMI_GET_RELOC_OFFSET);
  for (const call of VMI_ABI.calls) {
    const code = stubOf(call);
    if (code.length > STUB_BYTES) throw new RangeError(`the stub of ${call.name} is longer than ${STUB_BYTES} bytes`);
    image.set(code, stubOffset(call.number));
  }

  const pnp = image.subarray(PNP_OFFSET, PNP_OFFSET + PNP_BYTES);
  pnp[PNP_CHECKSUM_OFFSET] = negatedSum(pnp);
  image[fieldOffset(VROM_HEADER, 'rom_pad0')] = negatedSum(image);
  return image;
}

/** The byte that makes the sum of all bytes zero. */
function negatedSum(bytes: Uint8Array): number {
  return -bytes.reduce((total, byte) => total + byte, 0) & 0xff;
}
