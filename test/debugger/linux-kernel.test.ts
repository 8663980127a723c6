import assert from 'node:assert/strict';
import { LaunchError, type LaunchConfiguration } from '../../src/debugger/types';
import { buildKernel } from '../machine/support/kernel-builder';
import { configuration, Harness, TestHost } from './session-harness';

const dword = (value: number): number[] => [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];

/** Where the kernel is loaded and, with paging on, where it runs: as a Linux with 3 GiB for its processes. */
const LOADED = 0x200000;
const KERNEL_OFFSET = 0xc0000000;
const START_KERNEL = KERNEL_OFFSET + LOADED + 0x60;
const PAGE_DIRECTORY = 0x300000;

/** A kernel that prints the first characters of its command line and initial RAM disk, and goes on above 3 GiB. */
function kernel(): Uint8Array {
  const code = new Uint8Array(0x1000).fill(0x90);
  code.set([
    // mov eax, [esi + cmd_line_ptr]; mov al, [eax]; mov dx, 3f8h; out dx, al
    ...[0x8b, 0x86, ...dword(0x228), 0x8a, 0x00, 0x66, 0xba, 0xf8, 0x03, 0xee],
    // mov eax, [esi + ramdisk_image]; mov al, [eax]; out dx, al
    ...[0x8b, 0x86, ...dword(0x218), 0x8a, 0x00, 0xee],
    // The first 4 MiB, at 0 and at 3 GiB.
    ...[0xc7, 0x05, ...dword(PAGE_DIRECTORY), ...dword(0x83)],
    ...[0xc7, 0x05, ...dword(PAGE_DIRECTORY + 0xc00), ...dword(0x83)],
    // mov eax, PSE; mov cr4, eax; mov eax, directory; mov cr3, eax; mov eax, cr0; or eax, PG; mov cr0, eax
    ...[0xb8, ...dword(0x10), 0x0f, 0x22, 0xe0, 0xb8, ...dword(PAGE_DIRECTORY), 0x0f, 0x22, 0xd8],
    ...[0x0f, 0x20, 0xc0, 0x0d, ...dword(0x80000000), 0x0f, 0x22, 0xc0],
    // mov eax, start_kernel; jmp eax
    ...[0xb8, ...dword(START_KERNEL), 0xff, 0xe0],
  ]);
  // start_kernel: nop; cli; hlt
  code.set([0x90, 0xfa, 0xf4], START_KERNEL - KERNEL_OFFSET - LOADED);
  return buildKernel({ kernel: code });
}

function host(): TestHost {
  const files = new TestHost();
  files.files.set('bzImage', kernel());
  files.files.set('initrd.gz', new TextEncoder().encode('i'));
  files.files.set(
    'System.map',
    new TextEncoder().encode(`c0200000 T _text\n${START_KERNEL.toString(16)} T start_kernel\n`),
  );
  return files;
}

const LINUX = { program: 'bzImage', initrd: 'initrd.gz', commandLine: 'console=ttyS0', symbols: ['System.map'] };

describe('debugging a Linux kernel', () => {
  it('tells it by its content, boots it, and stops at a function that System.map names', async () => {
    const guest = await Harness.create(configuration(LINUX), host());
    guest.specs('start_kernel');
    const stop = await guest.stop();
    assert.match(stop.text, /start_kernel/);
    assert.equal(guest.serial, 'ci');
    const [frame] = guest.session.inspect.modules();
    assert.equal(frame.name, 'bzImage');
    assert.equal(frame.address, LOADED);
    const end = await guest.end();
    assert.equal(end.exitCode, 0);
  });

  it('takes the format by name, and asks a patched kernel to leave the I/O calls alone', async () => {
    const hypervisor: LaunchConfiguration['hypervisor'] = {
      mode: 'vmi',
      disableIoOps: true,
      costProfile: 'default',
      abis: ['vmi'],
    };
    const settings = { ...LINUX, format: 'bzimage', commandLine: '', hypervisor } as const;
    const guest = await Harness.create(configuration({ ...settings, symbols: [] }), host());
    assert.equal((await guest.end()).exitCode, 0);
    assert.equal(guest.serial, 'vi');
  });

  it('refuses what a kernel cannot be told', async () => {
    const refuses = (overrides: object, message: RegExp): Promise<void> =>
      assert.rejects(Harness.create(configuration({ ...LINUX, ...overrides }), host()), (error: unknown) => {
        return error instanceof LaunchError && message.test(error.message);
      });
    await refuses({ entry: 0x100000 }, /^program: bzImage: "entry" means nothing to the format bzimage/);
    await refuses({ loadAddress: 0x100000 }, /"loadAddress" means nothing to the format bzimage/);
    await refuses({ memoryMB: 2 }, /needs 0x200000-0x2fffff, the guest has 2 MiB: raise "memoryMB"/);
    await refuses({ commandLine: 'x'.repeat(2048) }, /command line has 2048 characters.*takes 2047/);
    await refuses({ program: 'initrd.gz', format: 'bzimage' }, /no Linux kernel image/);
  });
});
