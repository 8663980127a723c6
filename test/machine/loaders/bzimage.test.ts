import assert from 'node:assert/strict';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import * as layout from '../../../src/machine/layout';
import { readSetupHeader } from '../../../src/machine/loaders/bzimage-header';
import { LoadError } from '../../../src/machine/loaders/load-error';
import { loadImage } from '../../../src/machine/loaders/load-image';
import { buildKernel, headerEnd, type KernelOptions } from '../support/kernel-builder';
import { makeLoadTarget } from '../support/load-target';

const PROTOCOLS = [0x200, 0x201, 0x202, 0x203, 0x204, 0x205, 0x206, 0x207, 0x208, 0x209, 0x20a, 0x20b, 0x20c, 0x20f];
const INITRD = Uint8Array.from({ length: 5000 }, (_, i) => i & 0xff);

interface Loaded {
  readonly target: ReturnType<typeof makeLoadTarget>;
  readonly entry: number;
  /** A field of boot_params. */
  readonly u8: (offset: number) => number;
  readonly u16: (offset: number) => number;
  readonly u32: (offset: number) => number;
}

function boot(options: KernelOptions, commandLine = '', initrd?: Uint8Array, megabytes = 8): Loaded {
  const target = makeLoadTarget(megabytes);
  const modules = initrd ? [{ name: 'initrd', bytes: initrd }] : [];
  const { entry } = loadImage(target, { name: 'vmlinuz', bytes: buildKernel(options) }, { commandLine, modules });
  const base = target.state.reg(Register.ESI);
  const read = (width: 1 | 2 | 4) => (offset: number) => target.memory.read(base + offset, width);
  return { target, entry, u8: read(1), u16: read(2), u32: read(4) };
}

function refuses(message: RegExp, action: () => unknown): void {
  assert.throws(action, (error: unknown) => error instanceof LoadError && message.test(error.message), String(message));
}

describe('loading a Linux kernel', () => {
  it('enters it as the 32-bit boot protocol says', () => {
    const { target, entry } = boot({});
    const { state, memory } = target;
    assert.equal(entry, 0x200000);
    assert.equal(state.eip, entry);
    assert.equal(state.protectedMode, true);
    assert.equal(state.cr(0) & 0x80000000, 0);
    assert.equal(state.selector(SegmentIndex.CS), 0x10);
    for (const segment of [SegmentIndex.DS, SegmentIndex.ES, SegmentIndex.SS]) {
      assert.equal(state.selector(segment), 0x18);
      assert.deepEqual([state.segmentBase(segment), state.segmentLimit(segment)], [0, 0xffffffff]);
    }
    for (const register of [Register.EBX, Register.EBP, Register.EDI]) assert.equal(state.reg(register), 0);
    assert.equal(state.eflags & 0x200, 0);
    // The table that the selectors name is in memory: the kernel may load them again.
    const gdt = state.get(layout.GDTR_BASE);
    assert.equal(state.get(layout.GDTR_LIMIT), 0x1f);
    assert.deepEqual([memory.read(gdt + 0x10, 4), memory.read(gdt + 0x14, 4)], [0x0000ffff, 0x00cf9b00]);
    assert.deepEqual([memory.read(gdt + 0x18, 4), memory.read(gdt + 0x1c, 4)], [0x0000ffff, 0x00cf9300]);
  });

  for (const protocol of PROTOCOLS) {
    it(`copies the header of protocol ${protocol.toString(16)} whole and fills its fields`, () => {
      const loaded = boot({ protocol }, 'console=ttyS0', INITRD);
      const { target, u8, u16, u32 } = loaded;
      const file = buildKernel({ protocol });
      const filled = new Set<number>();
      const fills = (offset: number, bytes: number): void => {
        for (let i = 0; i < bytes; i++) filled.add(offset + i);
      };
      fills(0x210, 2);
      fills(0x214, 12);
      if (protocol >= 0x201) fills(0x224, 2);
      if (protocol >= 0x202) fills(0x228, 4);
      for (let offset = 0x1f1; offset < headerEnd(protocol); offset++) {
        if (!filled.has(offset)) assert.equal(u8(offset), file[offset], `offset ${offset.toString(16)}`);
      }
      assert.equal(u8(headerEnd(protocol)), 0, 'nothing of the setup code');
      assert.equal(u8(0x210), 0xff, 'type_of_loader');
      assert.equal(u32(0x21c), INITRD.length);
      assert.deepEqual(target.memory.peek(u32(0x218), INITRD.length), INITRD);
      if (protocol >= 0x201) {
        assert.equal(u8(0x211), 0x81, 'CAN_USE_HEAP');
        assert.equal(u16(0x224), 0xde00);
      }
      const base = target.state.reg(Register.ESI);
      let commandLine = u32(0x228);
      if (protocol < 0x202) {
        assert.equal(base, 0x90000);
        assert.equal(u16(0x20), 0xa33f);
        commandLine = base + u16(0x22);
      }
      assert.equal(new TextDecoder().decode(target.memory.peek(commandLine, 14)), 'console=ttyS0\0');
    });
  }

  it('describes memory and screen as the BIOS does', () => {
    const { u8, u16, u32 } = boot({}, '', undefined, 8);
    assert.equal(u8(0x1e8), 4);
    const map = Array.from({ length: 4 }, (_, i) => [0, 8, 16].map((field) => u32(0x2d0 + i * 20 + field)));
    assert.deepEqual(map, [
      [0, 0x9fc00, 1],
      [0x9fc00, 0x400, 2],
      [0xf0000, 0x10000, 2],
      [0x100000, 0x700000, 1],
    ]);
    assert.equal(u32(0x1e0), 7 * 1024, 'alt_mem_k');
    assert.equal(u16(0x02), 7 * 1024, 'ext_mem_k');
    assert.deepEqual([u8(0x06), u8(0x07), u8(0x0e), u16(0x10)], [3, 80, 25, 16]);
    assert.equal(u8(0x1ef), 0, 'sentinel');
  });

  it('tells of no more than 63 MiB in 16 bits', () => {
    const { u16, u32 } = boot({}, '', undefined, 80);
    assert.equal(u16(0x02), 0xfc00);
    assert.equal(u32(0x1e0), 79 * 1024);
  });

  describe('places the kernel', () => {
    it('where it was linked for, if it is relocatable', () => {
      const { entry, u32, target } = boot({ fields: { 0x258: [0x300000, 4], 0x230: [0x100000, 4] } });
      assert.equal(entry, 0x300000);
      assert.equal(u32(0x214), 0x300000, 'code32_start');
      assert.equal(target.memory.read(0x300000, 1), 0x90);
    });

    it('at 1 MiB if it is not, or if it does not say', () => {
      assert.equal(boot({ fields: { 0x234: [0, 1] } }).entry, 0x100000);
      assert.equal(boot({ protocol: 0x205 }).entry, 0x100000);
      assert.equal(boot({ protocol: 0x202 }).entry, 0x100000);
    });

    it('low, where its setup code would move it, if it is a zImage', () => {
      const { entry, target } = boot({ protocol: 0x200, loadFlags: 0 });
      assert.equal(entry, 0x1000);
      assert.equal(target.memory.read(0x1fff, 1), 0x90);
      refuses(/zImage and must end below 0x90000; it ends at 0x92000/, () =>
        boot({ protocol: 0x200, loadFlags: 0, kernel: new Uint8Array(0x91000) }),
      );
    });

    it('with as many sectors of setup code as the header says, 4 for 0', () => {
      for (const setupSectors of [0, 4, 7, 63]) {
        const kernel = Uint8Array.of(0xaa, 0xbb);
        const { target, entry } = boot({ setupSectors, kernel });
        assert.equal(target.memory.read(entry, 2), 0xbbaa);
      }
    });

    it('only where there is memory for it to unpack', () => {
      const large = { fields: { 0x260: [0x700000, 4] as const } };
      refuses(/needs 0x200000-0x8fffff, the guest has 8 MiB: raise "memoryMB" to more than 9/, () => boot(large));
      assert.equal(boot(large, '', undefined, 9).entry, 0x200000);
      // Not relocatable: it moves itself to its preferred address.
      const fixed = { fields: { ...large.fields, 0x234: [0, 1] as const } };
      refuses(/needs 0x100000-0x8fffff/, () => boot(fixed));
    });

    it('with room for what its gzip payload unpacks to, where nothing else is known', () => {
      const kernel = new Uint8Array(0x1000);
      kernel.set([0x1f, 0x8b], 0x100);
      new DataView(kernel.buffer).setUint32(0x100 + 0x200 - 4, 0x800000, true);
      const fields = { 0x248: [0x100, 4], 0x24c: [0x200, 4] } as const;
      refuses(/needs 0x100000-0x8fffff/, () => boot({ protocol: 0x208, kernel, fields }));
      assert.equal(boot({ protocol: 0x208, kernel, fields }, '', undefined, 16).entry, 0x100000);
    });
  });

  describe('places the initial RAM disk', () => {
    it('as high as can be, at a page', () => {
      assert.equal(boot({}, '', INITRD).u32(0x218), 0x800000 - 0x2000);
    });

    it('below initrd_addr_max, and below mem=', () => {
      assert.equal(boot({ fields: { 0x22c: [0x5fffff, 4] } }, '', INITRD).u32(0x218), 0x5fe000);
      assert.equal(boot({}, 'quiet mem=7M', INITRD).u32(0x218), 0x6fe000);
      assert.equal(boot({}, 'mem=0x600000', INITRD).u32(0x218), 0x5fe000);
      assert.equal(boot({}, 'mem=6144k', INITRD).u32(0x218), 0x5fe000);
      assert.equal(boot({}, 'mem=512M', INITRD).u32(0x218), 0x7fe000);
    });

    it('not over the kernel, nor over where it unpacks to', () => {
      assert.equal(boot({}, '', new Uint8Array(5 << 20)).u32(0x218), 0x300000);
      refuses(/^initrd: the initial RAM disk has 5121 KiB; 5120 KiB are left between the kernel and 0x800000/, () =>
        boot({}, '', new Uint8Array((5 << 20) + 1)),
      );
    });

    it('not if it is empty', () => {
      refuses(/^initrd: the initial RAM disk is empty/, () => boot({}, '', new Uint8Array(0)));
    });
  });

  describe('takes the command line', () => {
    it('as long as the kernel takes it', () => {
      const fields = { 0x238: [300, 4] } as const;
      assert.equal(boot({ fields }, 'x'.repeat(300)).u32(0x238), 300);
      refuses(/command line has 301 characters; this kernel \(boot protocol 2\.15\) takes 300/, () =>
        boot({ fields }, 'x'.repeat(301)),
      );
      refuses(/has 256 characters; this kernel \(boot protocol 2\.05\) takes 255/, () =>
        boot({ protocol: 0x205 }, 'x'.repeat(256)),
      );
    });

    it('and its vga= for the video mode', () => {
      const mode = (commandLine: string): number => boot({}, commandLine).u16(0x1fa);
      assert.equal(mode('vga=normal'), 0xffff);
      assert.equal(mode('quiet vga=ask x'), 0xfffd);
      assert.equal(mode('vga=0x301'), 0x301);
      assert.equal(mode('vga=nonsense'), 0);
      assert.equal(mode('novga=1'), 0);
    });
  });

  describe('refuses', () => {
    const cases: readonly [string, Uint8Array, RegExp][] = [
      ['what is no kernel', new Uint8Array(2000), /no Linux kernel image with boot protocol 2\.00 or later/],
      ['a header that is cut off', buildKernel().subarray(0, 0x240), /ends in the setup header/],
      ['setup code that is cut off', buildKernel().subarray(0, 0xa00), /ends in the setup code/],
      ['a kernel that is cut off', buildKernel().subarray(0, 0x1200), /header names 4096 bytes.*the file has 2048/],
      ['a damaged boot sector', buildKernel({ fields: { 0x1fe: [0, 2] } }), /does not end in 55 AA/],
      ['protocols that there are not', buildKernel({ protocol: 0x0301 }), /boot protocol 3\.01; Ringside knows 2\.00/],
      ['x86-64 kernels', buildKernel({ fields: { 0x236: [1, 2] } }), /kernel for x86-64; this machine has an i386/],
      ['kernels for above 4 GiB', buildKernel({ fields: { 0x25c: [1, 4] } }), /above 4 GiB/],
    ];
    for (const [what, bytes, message] of cases) {
      it(what, () => {
        refuses(message, () => loadImage(makeLoadTarget(), { name: 'k', bytes }, { format: 'bzimage' }));
      });
    }
  });

  it('knows the version text of a kernel', () => {
    const { kernelVersion } = readSetupHeader({ name: 'k', bytes: buildKernel() });
    assert.equal(kernelVersion, '6.1.0-test (someone@somewhere) #1');
    const without = buildKernel({ fields: { 0x20e: [0, 2] } });
    assert.equal(readSetupHeader({ name: 'k', bytes: without }).kernelVersion, undefined);
  });
});
