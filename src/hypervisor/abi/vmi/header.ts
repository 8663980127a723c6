import { VMI_ABI, VMI_VERSION, VmiRelocation } from './abi';
import {
  fieldOffset,
  PCI_HEADER,
  PCI_SIGNATURE,
  PNP_HEADER,
  PNP_SIGNATURE,
  RELOCATION_INFO,
  ROM_SCAN,
  ROM_SIGNATURE,
  type StructLayout,
  VMI_PCI_ID,
  VROM_HEADER,
  VROM_SIGNATURE,
} from './structures';

const C_TYPE = { 1: 'uint8_t', 2: 'uint16_t', 4: 'uint32_t' } as const;

function hex(value: number): string {
  return `0x${value.toString(16).toUpperCase()}`;
}

function define(name: string, value: string | number, doc?: string): string {
  const line = `#define ${name.padEnd(31)} ${value}`;
  return doc ? `${line} /* ${doc} */` : line;
}

/** A packed C structure with checks that the compiler laid it out as the ROM has it. */
function renderStruct(layout: StructLayout): string[] {
  const fields = layout.fields.map((field) => {
    const array = field.count === undefined ? '' : `[${field.count}]`;
    const declaration = `    ${C_TYPE[field.size]} ${field.name}${array};`;
    return field.doc ? `${declaration.padEnd(36)} /* ${field.doc} */` : declaration;
  });
  return [
    `/* ${layout.doc} */`,
    `struct ${layout.name} {`,
    ...fields,
    '} __attribute__((packed));',
    `_Static_assert(sizeof(struct ${layout.name}) == ${hex(layout.size)}, "${layout.name}");`,
    '',
  ];
}

/**
 * The C header of VMI for guests: call numbers, relocation types, structures of the ROM. The numbers may be used from
 * assembly too. Rendered from the tables that the ROM and the hypervisor use, so that they cannot disagree.
 */
export function renderVmiHeader(): string {
  const lines = [
    '/* VMI (Virtual Machine Interface, i386), generated from the hypercall table of Ringside: do not edit. */',
    '#ifndef VMI_H',
    '#define VMI_H',
    '',
    define('VMI_API_VERSION_MAJOR', VMI_VERSION.major),
    define('VMI_API_VERSION_MINOR', VMI_VERSION.minor),
    '',
    '/* Where the ROM is looked for (physical), and what marks it. */',
    define('VMI_ROM_SCAN_START', hex(ROM_SCAN.start)),
    define('VMI_ROM_SCAN_END', hex(ROM_SCAN.end)),
    define('VMI_ROM_SCAN_STEP', hex(ROM_SCAN.step)),
    define('VMI_ROM_SIGNATURE', hex(ROM_SIGNATURE)),
    define('VMI_VROM_SIGNATURE', hex(VROM_SIGNATURE), '"cVmi"'),
    define('VMI_PCI_SIGNATURE', hex(PCI_SIGNATURE), '"PCIR"'),
    define('VMI_PNP_SIGNATURE', hex(PNP_SIGNATURE), '"$PnP"'),
    define('VMI_PCI_VENDOR', hex(VMI_PCI_ID.vendor)),
    define('VMI_PCI_DEVICE', hex(VMI_PCI_ID.device)),
    define('VMI_ROM_INIT', hex(fieldOffset(VROM_HEADER, 'vmi_init')), 'offset of VMI_Init'),
    define('VMI_ROM_GET_RELOC', hex(fieldOffset(VROM_HEADER, 'get_reloc')), 'offset of VMI_GetRelocationInfo'),
    '',
    '/* Calls. */',
    ...VMI_ABI.calls.map((call) => define(`VMI_CALL_${call.name}`, call.number)),
    define('VMI_CALL_COUNT', VMI_ABI.calls.length),
    '',
    '/* Answers of VMI_GetRelocationInfo. */',
    ...Object.entries(VmiRelocation)
      .filter(([, value]) => typeof value === 'number')
      .map(([name, value]) => define(`VMI_RELOCATION_${name}`, value)),
    '',
    '#ifndef __ASSEMBLER__',
    '#include <stdint.h>',
    '',
    ...[VROM_HEADER, PCI_HEADER, PNP_HEADER, RELOCATION_INFO].flatMap(renderStruct),
    '#endif /* __ASSEMBLER__ */',
    '#endif /* VMI_H */',
  ];
  return `${lines.join('\n')}\n`;
}
