import assert from 'node:assert/strict';
import { VMI_ABI } from '../../src/hypervisor/abi/vmi/abi';
import { buildVmiRom, callAtOffset, stubOffset, VMI_ROM_ADDRESS } from '../../src/hypervisor/abi/vmi/rom';
import { DEFAULT_VMI_OPTIONS } from '../../src/hypervisor/vmi/options';
import { vmiServices } from '../../src/hypervisor/vmi/services';

const services = vmiServices({ ...DEFAULT_VMI_OPTIONS, privilege: 0 }, () => false);
const rom = buildVmiRom({ stubOf: ({ number }) => services[number].stub, virtualTop: 0 });
const view = new DataView(rom.buffer);

function text(offset: number): string {
  const end = rom.indexOf(0, offset);
  return String.fromCharCode(...rom.subarray(offset, end));
}

/** The checks of Linux's check_vmi_rom() (2.6.22, 2.6.32), on its own offsets, then what the BIOS checks. */
describe('the VMI ROM', () => {
  it('carries the signatures and the version that Linux wants', () => {
    assert.equal(view.getUint16(0x00, true), 0xaa55);
    assert.equal(view.getUint32(0x08, true), 0x696d5663);
    assert.equal(rom[0x0d], 3, 'major version');
    assert.equal(rom[0x0c], 0, 'minor version');
  });

  it('has a PCI header with the ids of VMware and a ROM version', () => {
    const pci = view.getUint16(0x18, true);
    assert.notEqual(pci, 0);
    assert.equal(pci % 4, 0, 'the PCI data structure is aligned to a dword');
    assert.equal(text(pci).slice(0, 4), 'PCIR');
    assert.equal(view.getUint16(pci + 4, true), 0x15ad);
    assert.equal(view.getUint16(pci + 6, true), 0x0801);
    assert.equal(view.getUint16(pci + 0x0a, true), 0x18, 'its own length');
    assert.equal(view.getUint16(pci + 0x10, true), rom.length / 512);
    assert.deepEqual([rom[pci + 0x13], rom[pci + 0x12]], [1, 0], 'ROM version 1.0');
    assert.equal(rom[pci + 0x14], 0, 'x86 code');
    assert.equal(rom[pci + 0x15], 0x80, 'last image');
  });

  it('declares the licence that Linux insists on', () => {
    const licence = view.getUint16(0x16, true);
    assert.notEqual(licence, 0);
    assert.ok(['GPL', 'GPL v2'].includes(text(licence)));
  });

  it('has a valid Plug and Play header that names its maker', () => {
    const pnp = view.getUint16(0x1a, true);
    assert.equal(pnp % 16, 0);
    assert.equal(text(pnp).slice(0, 4), '$PnP');
    const length = rom[pnp + 5] * 16;
    assert.equal(
      rom.subarray(pnp, pnp + length).reduce((sum, byte) => (sum + byte) & 0xff, 0),
      0,
    );
    assert.equal(text(view.getUint16(pnp + 0x0e, true)), 'Ringside');
    assert.equal(text(view.getUint16(pnp + 0x10, true)), 'VMI');
  });

  it('is a valid option ROM: length, checksum, an entry that returns at once', () => {
    assert.equal(rom[2] * 512, rom.length);
    assert.equal(
      rom.reduce((sum, byte) => (sum + byte) & 0xff, 0),
      0,
    );
    assert.equal(rom[3], 0xcb, 'RETF');
  });

  it('is where guests look: in C0000-DFFFF at a multiple of 2 KiB', () => {
    assert.ok(VMI_ROM_ADDRESS >= 0xc8000 && VMI_ROM_ADDRESS + rom.length <= 0xe0000);
    assert.equal(VMI_ROM_ADDRESS % 0x800, 0);
  });

  it('has the two entries at 80h and 88h, and takes no linear addresses', () => {
    assert.deepEqual([...rom.subarray(0x80, 0x84)], [0x0f, 0x01, 0xc1, 0xc3]);
    assert.deepEqual([...rom.subarray(0x88, 0x8c)], [0x0f, 0x01, 0xc1, 0xc3]);
    assert.equal(view.getUint32(0x10, true), 0, 'virtual_top');
  });

  it('has one stub for each call of the table, none overlapping', () => {
    const places = new Set(VMI_ABI.calls.map((call) => stubOffset(call.number)));
    assert.equal(places.size, 74);
    for (const call of VMI_ABI.calls) {
      assert.equal(callAtOffset(stubOffset(call.number)), call.number);
      for (let i = 1; i < 8; i++) assert.equal(callAtOffset(stubOffset(call.number) + i), undefined);
    }
    assert.ok(stubOffset(73) + 8 <= rom.length);
    assert.equal(callAtOffset(stubOffset(74)), undefined);
    assert.equal(callAtOffset(stubOffset(0) - 8), undefined);
  });

  it('leaves IRET and SYSEXIT of a kernel at level 0 to the processor, and IODelay empty', () => {
    assert.equal(rom[stubOffset(33)], 0xcf);
    assert.deepEqual([...rom.subarray(stubOffset(34), stubOffset(34) + 3)], [0xfb, 0x0f, 0x35]);
    assert.equal(rom[stubOffset(65)], 0xc3);
  });
});
