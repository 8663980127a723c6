import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as vscode from 'vscode';
import {
  ConfigurationProvider,
  configurationFor,
  DynamicConfigurationProvider,
  imageForFile,
} from '../../../src/extension/launch/configuration-provider';
import { findGuestImages, imageAt, imagesBuiltFrom } from '../../../src/extension/launch/guest-images';
import { imageKind } from '../../../src/extension/launch/image-kind';
import { refusalInUntrustedWorkspace } from '../../../src/extension/launch/trust';

const root = vscode.Uri.file(process.env.RINGSIDE_ROOT!);
const guest = (name: string): vscode.Uri => vscode.Uri.joinPath(root, 'dist', 'guests', name);
const source = (name: string): vscode.Uri => vscode.Uri.joinPath(root, 'guests', name);

function bytes(size: number, parts: [number, number[]][]): Uint8Array {
  const result = new Uint8Array(size).fill(0x90);
  for (const [at, values] of parts) result.set(values, at);
  return result;
}

const ascii = (text: string): number[] => [...text].map((character) => character.charCodeAt(0));

describe('what a guest image is', () => {
  const multiboot = [0x02, 0xb0, 0xad, 0x1b, 3, 0, 0, 0, 0xfb, 0x4f, 0x52, 0xe4];
  const elf = (type: number, machine: number, kind = 1): number[] => [
    0x7f,
    0x45,
    0x4c,
    0x46,
    kind,
    1,
    1,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    type,
    0,
    machine,
    0,
  ];
  const cases: [string, Uint8Array, string | undefined][] = [
    [
      'an ELF file with a multiboot header',
      bytes(4096, [
        [0, elf(2, 3)],
        [0x100, multiboot],
      ]),
      'multiboot',
    ],
    [
      'a multiboot header with a wrong checksum',
      bytes(4096, [
        [0, elf(2, 3)],
        [0x100, multiboot.with(11, 0)],
      ]),
      'elf',
    ],
    ['an ELF file without one', bytes(4096, [[0, elf(2, 3)]]), 'elf'],
    ['an object file', bytes(4096, [[0, elf(1, 3)]]), undefined],
    ['an ELF file for x86-64', bytes(4096, [[0, elf(2, 62, 2)]]), undefined],
    [
      'a bzImage',
      bytes(4096, [
        [0x1fe, [0x55, 0xaa]],
        [0x202, ascii('HdrS')],
      ]),
      'bzimage',
    ],
    ['a boot sector', bytes(512, [[510, [0x55, 0xaa]]]), 'boot'],
    [
      'an ISO image',
      bytes(0x8806, [
        [510, [0x55, 0xaa]],
        [0x8001, ascii('CD001')],
      ]),
      'iso',
    ],
    ['machine code', bytes(64, []), 'flat'],
    ['text', Uint8Array.from(ascii('hello\n')), undefined],
    ['nothing', new Uint8Array(), undefined],
    ['a truncated ELF file', Uint8Array.from(elf(2, 3).slice(0, 10)), undefined],
  ];
  for (const [what, image, kind] of cases) {
    it(`${what}: ${kind ?? 'none'}`, () => assert.equal(imageKind(image), kind));
  }

  it('is read from the file', () => {
    assert.equal(imageAt(guest('paravirt-io.elf'))?.kind, 'multiboot');
    assert.equal(imageAt(guest('hello-bootsector.bin'))?.kind, 'boot');
    assert.equal(imageAt(guest('no-such-file.elf')), undefined);
    assert.equal(imageAt(vscode.Uri.parse('untitled:x.elf')), undefined);
  });
});

describe('F5 without a launch.json', () => {
  it('finds the guests of the workspace', async () => {
    const names = (await findGuestImages()).map(({ uri }) => uri.path.split('/').pop());
    assert.ok(names.includes('paravirt-io.elf'), names.join());
    assert.ok(names.includes('hello-bootsector.bin'), names.join());
  });

  it('takes an image that is open', async () => {
    const image = await imageForFile(guest('hello-bootsector.bin'));
    assert.equal(image?.uri.path, guest('hello-bootsector.bin').path);
  });

  it('takes the image that a source was built into', async () => {
    for (const [file, image] of [
      ['paravirt-io/uart.c', 'paravirt-io.elf'],
      ['faults/triggers.S', 'faults.elf'],
    ]) {
      assert.equal((await imageForFile(source(file)))?.uri.path, guest(image).path, file);
    }
  });

  it('knows several images of one source', async () => {
    const built = imagesBuiltFrom(source('common/serial.c'), await findGuestImages());
    assert.ok(built.length >= 1);
    assert.deepEqual(imagesBuiltFrom(source('common/no-such-source.c'), await findGuestImages()), []);
  });

  it('does not take a name that only ends alike', () => {
    const folder = mkdtempSync(join(tmpdir(), 'ringside-'));
    try {
      const file = join(folder, 'a.elf');
      const image = { uri: vscode.Uri.file(file), kind: 'elf' as const };
      writeFileSync(file, 'xx/my_uart.c\0');
      assert.deepEqual(imagesBuiltFrom(vscode.Uri.file('/src/uart.c'), [image]), []);
      writeFileSync(file, 'my_uart.c\0drivers/uart.c\0');
      assert.deepEqual(imagesBuiltFrom(vscode.Uri.file('/src/uart.c'), [image]), [image]);
      const other = { uri: vscode.Uri.file(join(folder, 'b.elf')), kind: 'elf' as const };
      writeFileSync(other.uri.fsPath, '/build/serial\0uart.c\0');
      assert.deepEqual(imagesBuiltFrom(vscode.Uri.file('/src/uart.c'), [image, other]), [image, other]);
      assert.deepEqual(imagesBuiltFrom(vscode.Uri.file('/src/drivers/uart.c'), [image, other]), [image]);
      assert.deepEqual(imagesBuiltFrom(vscode.Uri.file('/src/serial/uart.c'), [image, other]), [other]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('attaches the disks that the guest’s description names', () => {
    const configuration = configurationFor(guest('paravirt-io.elf'));
    assert.deepEqual(configuration.drives, [{ file: guest('paravirt-io.img').fsPath, kind: 'disk' }]);
    assert.equal(configurationFor(guest('hello-bootsector.bin')).drives, undefined);
  });

  it('leaves a complete configuration alone', async () => {
    const own = { type: 'ringside', request: 'launch', name: 'x', program: '/a.elf' };
    assert.deepEqual(await new ConfigurationProvider().resolveDebugConfiguration(undefined, own), own);
  });

  it('offers each guest in two modes, and portable paths for a new launch.json', async () => {
    const dynamic = await new DynamicConfigurationProvider().provideDebugConfigurations();
    const own = dynamic.filter(({ program }) => program === guest('paravirt-io.elf').fsPath);
    assert.deepEqual(
      own.map(({ hypervisor }) => (hypervisor as { mode: string }).mode),
      ['vmi', 'trap'],
    );
    const written = await new ConfigurationProvider().provideDebugConfigurations();
    assert.ok(written.some(({ program }) => String(program).startsWith('${workspaceFolder}/')));
  });
});

describe('a workspace that is not trusted', () => {
  it('may not write files of the host', () => {
    assert.match(refusalInUntrustedWorkspace({ serial: { com1: 'terminal', com2: 'file:x' } }) ?? '', /serial\.com2/);
    assert.match(
      refusalInUntrustedWorkspace({ drives: [{ file: 'a' }, { file: 'b', snapshot: false }] }) ?? '',
      /drives\[1\]/,
    );
  });

  it('may do everything else', () => {
    assert.equal(
      refusalInUntrustedWorkspace({ serial: { com1: 'terminal' }, drives: [{ file: 'a', snapshot: true }] }),
      undefined,
    );
    assert.equal(refusalInUntrustedWorkspace({ serial: 7, drives: [null] }), undefined);
  });
});
