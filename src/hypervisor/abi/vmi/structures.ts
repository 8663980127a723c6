/** One field of a structure that guest and ROM share. Offsets and sizes are bytes; little-endian. */
interface StructField {
  readonly offset: number;
  readonly size: 1 | 2 | 4;
  readonly name: string;
  /** Number of elements where it is an array. */
  readonly count?: number;
  readonly doc?: string;
}

/** Layout of a structure, without gaps. */
export interface StructLayout {
  readonly name: string;
  readonly size: number;
  readonly doc: string;
  readonly fields: readonly StructField[];
}

/** Lays fields out one after the other: [name, size, doc?, count?]. */
function layout(
  name: string,
  doc: string,
  rows: readonly (readonly [name: string, size: 1 | 2 | 4, doc?: string, count?: number])[],
): StructLayout {
  let offset = 0;
  const fields = rows.map(([field, size, fieldDoc, count]): StructField => {
    const at = offset;
    offset += size * (count ?? 1);
    return {
      offset: at,
      size,
      name: field,
      ...(count === undefined ? {} : { count }),
      ...(fieldDoc === undefined ? {} : { doc: fieldDoc }),
    };
  });
  return { name, doc, size: offset, fields };
}

/** @throws RangeError if the structure has no such field */
export function fieldOffset(struct: StructLayout, name: string): number {
  const field = struct.fields.find((candidate) => candidate.name === name);
  if (!field) throw new RangeError(`struct ${struct.name} has no field ${name}`);
  return field.offset;
}

/** Header at the start of the ROM (API 3.0). Field names as in Linux's vmi.h, so that guest code reads familiar. */
export const VROM_HEADER = layout('vrom_header', 'Header of a VMI option ROM, at its first byte.', [
  ['rom_signature', 2, '0xAA55'],
  ['rom_length', 1, 'in units of 512 bytes'],
  ['rom_entry', 1, '16-bit entry for the BIOS', 4],
  ['rom_pad0', 1],
  ['vrom_signature', 4, '"cVmi"'],
  ['api_version_min', 1],
  ['api_version_maj', 1],
  ['jump_slots', 1, 'unused since API 3.0'],
  ['reserved1', 1],
  ['virtual_top', 4, 'lowest linear address that the hypervisor keeps for itself; 0 is none'],
  ['reserved2', 2],
  ['license_offs', 2, 'offset of the licence string'],
  ['pci_header_offs', 2, 'offset of struct pci_header'],
  ['pnp_header_offs', 2, 'offset of struct pnp_header, or 0'],
  ['rom_pad3', 4],
  ['reserved', 1, undefined, 96],
  ['vmi_init', 1, 'code of VMI_Init', 8],
  ['get_reloc', 1, 'code of VMI_GetRelocationInfo', 8],
]);

/** PCI data structure of an option ROM (PCI 2.2, section 6.3.1.2), with the ROM's version in the revision level. */
export const PCI_HEADER = layout('pci_header', 'PCI data structure.', [
  ['sig', 4, '"PCIR"'],
  ['vendorID', 2],
  ['deviceID', 2],
  ['vpdData', 2],
  ['size', 2, 'of this structure'],
  ['rev', 1],
  ['class', 1],
  ['subclass', 1],
  ['interface', 1],
  ['chunks', 2, 'length of the image in units of 512 bytes'],
  ['rom_version_min', 1],
  ['rom_version_maj', 1],
  ['codetype', 1, '0: x86'],
  ['lastRom', 1, '0x80: last image'],
  ['reserved', 2],
]);

/** Plug and Play expansion header (Plug and Play BIOS specification 1.0A, section 3.2), as far as VMI reads it. */
export const PNP_HEADER = layout('pnp_header', 'Plug and Play expansion header.', [
  ['sig', 4, '"$PnP"'],
  ['rev', 1],
  ['size', 1, 'in units of 16 bytes'],
  ['next', 2],
  ['res', 2],
  ['devID', 4],
  ['manufacturer_offset', 2, 'offset of a string from the start of the ROM'],
  ['product_offset', 2, 'offset of a string from the start of the ROM'],
]);

/** Answer of GetRelocationInfo, in EAX (eip) and EDX (type and the rest). */
export const RELOCATION_INFO = layout('vmi_relocation_info', 'Answer of VMI_GetRelocationInfo, in EDX:EAX.', [
  ['eip', 4, 'linear address'],
  ['type', 1, 'VMI_RELOCATION_*'],
  ['reserved', 1, undefined, 3],
]);

/** Signatures, as little-endian numbers. */
export const ROM_SIGNATURE = 0xaa55;
export const VROM_SIGNATURE = 0x696d5663;
export const PCI_SIGNATURE = 0x52494350;
export const PNP_SIGNATURE = 0x506e5024;

/** Guest-physical range in which guests look for the ROM, and the step of the search. */
export const ROM_SCAN = { start: 0xc0000, end: 0xe0000, step: 0x800 } as const;

/** PCI ids that VMware's ROM carries; a guest that knows VMI warns about others. */
export const VMI_PCI_ID = { vendor: 0x15ad, device: 0x0801 } as const;
