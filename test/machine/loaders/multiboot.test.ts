import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { Register, SegmentIndex } from '../../../src/machine/layout';
import { LoadError } from '../../../src/machine/loaders/load-error';
import { loadMultiboot, type MultibootOptions } from '../../../src/machine/loaders/multiboot';
import { buildElf, concat, multibootHeader, type TestSection } from '../support/elf-builder';
import { makeLoadTarget } from '../support/load-target';

const CODE = Uint8Array.from([0xfa, 0xf4, 1, 2, 3, 4, 5, 6]);

describe('multiboot loader', () => {
  let target = makeLoadTarget();

  const load = (bytes: Uint8Array, options: Partial<MultibootOptions> = {}): number =>
    loadMultiboot(target, { name: 'kernel.elf', bytes }, { commandLine: '', modules: [], ...options });
  const read = (address: number): number => target.memory.read(address, 4);
  const text = (address: number): string => {
    let result = '';
    for (let at = address; target.memory.read(at, 1); at++) result += String.fromCharCode(target.memory.read(at, 1));
    return result;
  };
  const info = (offset: number): number => read(target.state.reg(Register.EBX) + offset);
  const kernel = (flags = 0, sections: TestSection[] = []): Uint8Array =>
    buildElf(
      0x10000c,
      [{ virtualAddress: 0x100000, bytes: concat(multibootHeader(flags), CODE), memorySize: 0x2000 }],
      sections,
    );
  const refuses = (bytes: Uint8Array, message: RegExp, options: Partial<MultibootOptions> = {}): void => {
    assert.throws(
      () => load(bytes, options),
      (error: unknown) => error instanceof LoadError && message.test(error.message),
      String(message),
    );
  };

  beforeEach(() => {
    target = makeLoadTarget();
  });

  describe('machine state', () => {
    beforeEach(() => load(kernel()));

    it('is 32-bit protected mode with flat segments, no paging, interrupts off', () => {
      const { state } = target;
      assert.equal(state.eip, 0x10000c);
      assert.equal(state.eipStart, 0x10000c);
      assert.equal(state.reg(Register.EAX), 0x2badb002);
      assert.equal(state.cr(0), 0x11);
      assert.equal(state.eflags, 2);
      assert.equal(state.get(layout.CODE_32), 1);
      assert.equal(state.get(layout.STACK_32), 1);
      assert.equal(state.cpl, 0);
      assert.equal(state.get(layout.A20_MASK), 0xffffffff);
      for (let segment = SegmentIndex.ES; segment <= SegmentIndex.GS; segment++) {
        const code: boolean = segment === SegmentIndex.CS;
        assert.equal(state.selector(segment), code ? 0x08 : 0x10);
        assert.equal(state.segmentBase(segment), 0);
        assert.equal(state.segmentLimit(segment), 0xffffffff);
        assert.equal(state.segmentAttributes(segment), code ? 0xc09b : 0xc093);
        const rights: number = state.u32[(layout.SEG_RIGHTS >>> 2) + segment];
        assert.equal(rights & 3, code ? layout.SEG_READ_FLAT : layout.SEG_READ_FLAT | layout.SEG_WRITE_FLAT);
      }
    });

    it('has a GDT from which the selectors can be loaded again', () => {
      const { segmentation, state } = target;
      assert.equal(state.get(layout.GDTR_LIMIT), 23);
      segmentation.load(SegmentIndex.DS, 0x10);
      assert.equal(state.segmentLimit(SegmentIndex.DS), 0xffffffff);
      const code = segmentation.readDescriptor(0x08);
      assert.deepEqual([code.base, code.limit, code.attributes], [0, 0xffffffff, 0xc09b]);
    });

    it('has no interrupt table: an early exception ends the guest at once', () => {
      assert.equal(target.state.get(layout.IDTR_LIMIT), 0);
    });
  });

  describe('information', () => {
    it('tells memory, map, command line, loader and screen', () => {
      load(kernel(3), { commandLine: 'vmi=disable_io_ops debug' });
      assert.equal(info(0), 0x1247 & ~2);
      assert.equal(info(4), 639);
      assert.equal(info(8), 3 * 1024);
      assert.equal(text(info(16)), 'kernel.elf vmi=disable_io_ops debug');
      assert.equal(text(info(64)), 'Ringside');
      const entries: string[] = [];
      for (let at = info(48); at < info(48) + info(44); at += read(at) + 4) {
        entries.push(`${read(at + 4).toString(16)}+${read(at + 12).toString(16)} ${read(at + 20)}`);
        assert.equal(read(at + 8) | read(at + 16), 0, 'high halves');
      }
      assert.deepEqual(entries, ['0+9fc00 1', '9fc00+400 2', 'f0000+10000 2', '100000+300000 1']);
      assert.deepEqual([info(88), info(92), info(96), info(100), info(104)], [0xb8000, 0, 160, 80, 25]);
      assert.equal(info(108) & 0xffff, 0x0210);
    });

    it('names the boot drive where there is one', () => {
      load(kernel(), { bootDrive: 0x80 });
      assert.equal(info(0) & 2, 2);
      assert.equal(info(12), 0x80ffffff);
    });

    it('hands over modules, page aligned behind the kernel', () => {
      const modules = [
        { name: 'initrd.gz', bytes: new Uint8Array(5000).fill(0x11) },
        { name: 'second', bytes: new Uint8Array(10).fill(0x22) },
        { name: 'empty', bytes: new Uint8Array(0) },
      ];
      load(kernel(1), { modules });
      assert.equal(info(0) & 8, 8);
      assert.equal(info(20), 3);
      const list = info(24);
      assert.deepEqual([read(list), read(list + 4), text(read(list + 8))], [0x102000, 0x103388, 'initrd.gz']);
      assert.deepEqual([read(list + 16), read(list + 20), text(read(list + 24))], [0x104000, 0x10400a, 'second']);
      assert.equal(read(list + 32), read(list + 36));
      assert.equal(target.memory.read(0x103387, 1), 0x11);
      assert.equal(read(0x104000), 0x22222222);
    });

    it('passes the section headers with symbol and string tables loaded', () => {
      const strings = new TextEncoder().encode('\0main\0');
      const sections: TestSection[] = [
        { name: '.text', type: 1, flags: 6, address: 0x100000, bytes: CODE },
        { name: '.symtab', type: 2, bytes: new Uint8Array(32).fill(7) },
        { name: '.strtab', type: 3, bytes: strings },
        { name: '.debug_info', type: 1, bytes: new Uint8Array(100) },
      ];
      load(kernel(0, sections));
      assert.equal(info(0) & 0x20, 0x20);
      assert.deepEqual([info(28), info(32), info(40)], [6, 40, 5]);
      const header = (index: number, field: number): number => read(info(36) + index * 40 + field * 4);
      assert.equal(header(1, 3), 0x100000);
      assert.ok(header(2, 3) >= 0x102000);
      assert.equal(read(header(2, 3)), 0x07070707);
      assert.equal(text(header(3, 3) + 1), 'main');
      assert.equal(header(4, 3), 0, 'debug information stays out');
      assert.equal(text(header(5, 3) + header(1, 0)), '.text');
    });

    it('overlaps nothing, wherever the kernel is', () => {
      const low = buildElf(0x1000, [
        { virtualAddress: 0x1000, bytes: concat(multibootHeader(0), new Uint8Array(0x3000).fill(0xcc)) },
      ]);
      load(low);
      assert.ok(target.state.reg(Register.EBX) >= 0x1000 + 12 + 0x3000);
      assert.equal(target.memory.read(0x1000 + 12, 1), 0xcc);
      target = makeLoadTarget();
      const all = buildElf(0x1000, [{ virtualAddress: 0x1000, bytes: multibootHeader(0), memorySize: 0x9ec00 }]);
      load(all);
      assert.ok(target.state.reg(Register.EBX) >= 0x100000);
    });
  });

  describe('ELF', () => {
    it('goes to physical addresses and fills up with zeros', () => {
      target.memory.poke(0x100000, new Uint8Array(0x3000).fill(0xee));
      const bytes = concat(multibootHeader(0), CODE);
      load(
        buildElf(0xc010000c, [{ virtualAddress: 0xc0100000, physicalAddress: 0x100000, bytes, memorySize: 0x2000 }]),
      );
      assert.equal(target.state.eip, 0x10000c, 'the entry point is translated too');
      assert.equal(read(0x100000), 0x1badb002);
      assert.equal(read(0x100000 + bytes.length), 0);
      assert.equal(read(0x101ffc), 0);
      assert.equal(read(0x102000), 0xeeeeeeee);
    });

    it('takes an entry point that is physical already', () => {
      load(
        buildElf(0x10000c, [
          { virtualAddress: 0xc0100000, physicalAddress: 0x100000, bytes: concat(multibootHeader(0), CODE) },
        ]),
      );
      assert.equal(target.state.eip, 0x10000c);
    });

    const code = (address: number, memorySize?: number) => ({
      virtualAddress: address,
      bytes: concat(multibootHeader(0), CODE),
      memorySize,
    });
    const cases: [string, Uint8Array, RegExp][] = [
      [
        'in the video hole',
        buildElf(0xa0000, [code(0xa0000)]),
        /^kernel\.elf: segment 0 wants 0xa0000-0xa0013, which is not all RAM \(RAM is at/,
      ],
      ['across the hole', buildElf(0x9f000, [code(0x9f000, 0x2000)]), /segment 0 wants 0x9f000-0xa0fff/],
      ['beyond RAM', buildElf(0x800000, [code(0x800000)]), /the guest has 4 MiB: raise "memoryMB"/],
      ['at the end of 32 bits', buildElf(0xfffff000, [code(0xfffff000, 0x2000)]), /which is not all RAM/],
      [
        'overlapping',
        buildElf(0x100000, [code(0x100000), code(0x100010)]),
        /segment 1 at 0x100010-0x100023 overlaps segment 0/,
      ],
      [
        'entered elsewhere',
        buildElf(0x200000, [code(0x100000)]),
        /e_entry is 0x200000, which is in no PT_LOAD segment/,
      ],
      ['without segments', concat(buildElf(0, []), multibootHeader(0)), /no PT_LOAD segment: nothing to load/],
    ];
    for (const [what, bytes, message] of cases) it(`refuses a segment ${what}`, () => refuses(bytes, message));

    it('refuses what is cut off', () => {
      const whole = kernel();
      refuses(whole.subarray(0, whole.length - 4), /segment 0 at 0x[0-9a-f]+ \(20 bytes\) ends beyond the file/);
    });

    it('refuses an object file and another processor', () => {
      const object = kernel();
      object[16] = 1;
      refuses(object, /e_type is 1 \(Relocatable\): link it to a fixed address/);
      const other = kernel();
      other[18] = 40;
      refuses(other, /e_machine is 40 \(ARM\)/);
    });

    it('refuses a module that does not fit', () => {
      const modules = [{ name: 'big', bytes: new Uint8Array(4 << 20) }];
      refuses(kernel(), /module big \(4194304 bytes\) does not fit in the guest's 4 MiB: raise "memoryMB"/, {
        modules,
      });
    });
  });

  describe('header', () => {
    it('is found at any aligned place in 8 KiB', () => {
      const place = (offset: number): Uint8Array => {
        const bytes = new Uint8Array(9000);
        bytes.set(multibootHeader(0x10000, [0x100000 + offset, 0x100000, 0, 0, 0x100000]), offset);
        return bytes;
      };
      assert.equal(load(place(0)), 0x100000);
      target = makeLoadTarget();
      assert.equal(load(place(8192 - 12)), 0x100000);
      target = makeLoadTarget();
      refuses(place(8192 - 8), /no multiboot header \(magic 0x1badb002, aligned to 4\) in its first 8192 bytes/);
      refuses(place(6), /no multiboot header/);
    });

    it('with a wrong checksum is passed over for a right one behind it', () => {
      const bytes = concat(
        multibootHeader(0, [], 1),
        multibootHeader(0x10000, [0x10000c, 0x100000, 0, 0, 0x100000]),
        CODE,
      );
      assert.equal(load(bytes), 0x100000);
      target = makeLoadTarget();
      refuses(
        multibootHeader(3, [], 7),
        /the multiboot header at offset 0x0 has a wrong checksum: magic \+ flags \+ checksum must be 0/,
      );
    });

    it('may not require what is unknown', () => {
      refuses(kernel(0x8), /requires features that are not known: flags 0x8/);
      assert.equal(load(kernel(0x7)), 0x10000c);
    });
  });

  describe('address fields', () => {
    const image = (addresses: number[], rest = CODE, flags = 0x10000): Uint8Array =>
      concat(new Uint8Array(16).fill(0x99), multibootHeader(flags, addresses), rest);
    // The header is 16 into the file and 32 long; CODE is at 48.

    it('load what they say, and clear the bss', () => {
      target.memory.poke(0x200000, new Uint8Array(0x1000).fill(0xee));
      load(image([0x200010, 0x200000, 0x200034, 0x200100, 0x200030]));
      assert.equal(target.state.eip, 0x200030);
      assert.equal(read(0x200000), 0x99999999);
      assert.equal(read(0x200030), 0x0201f4fa);
      assert.equal(read(0x200034), 0, 'beyond load_end_addr');
      assert.equal(read(0x2000fc), 0);
      assert.equal(read(0x200100), 0xeeeeeeee);
    });

    it('may start in the middle of the file and take all of the rest', () => {
      load(image([0x200000, 0x200000, 0, 0, 0x200020]));
      assert.equal(read(0x200000), 0x1badb002);
      assert.equal(read(0x200020), 0x0201f4fa);
    });

    it('go before ELF headers', () => {
      const elf = buildElf(0x100000, [
        {
          virtualAddress: 0x100000,
          bytes: concat(multibootHeader(0x10000, [0x200054, 0x200000, 0, 0, 0x200074]), CODE),
        },
      ]);
      load(elf);
      assert.equal(target.state.eip, 0x200074);
      assert.equal(read(0x200000), 0x464c457f);
    });

    const cases: [string, number[], RegExp][] = [
      [
        'load_addr above header_addr',
        [0x200000, 0x200004, 0, 0, 0x200004],
        /load_addr 0x200004 is above header_addr 0x200000/,
      ],
      [
        'a start before the file',
        [0x200020, 0x200000, 0, 0, 0x200030],
        /header_addr - load_addr is 0x20 and the header is only 0x10 into the file/,
      ],
      [
        'load_end_addr below load_addr',
        [0x200010, 0x200000, 0x1fffff, 0, 0x200000],
        /load_end_addr 0x1fffff is below load_addr/,
      ],
      [
        'more than the file has',
        [0x200010, 0x200000, 0x200100, 0, 0x200000],
        /are 256 bytes and the file has 56: truncated/,
      ],
      [
        'bss_end_addr below the data',
        [0x200010, 0x200000, 0x200034, 0x200030, 0x200000],
        /bss_end_addr 0x200030 is below the end of the data, 0x200034/,
      ],
      [
        'an entry point outside',
        [0x200010, 0x200000, 0, 0, 0x200038],
        /entry_addr 0x200038 is outside of what is loaded, 0x200000-0x200037/,
      ],
      ['no RAM', [0xb0010, 0xb0000, 0, 0, 0xb0030], /the image wants 0xb0000-0xb0037, which is not all RAM/],
    ];
    for (const [what, addresses, message] of cases) {
      it(`are refused with ${what}`, () => refuses(image(addresses), message));
    }

    it('are refused where the file ends before them', () => {
      refuses(multibootHeader(0x10000, [0x100000]), /flag 16 set and the file ends before its address fields/);
    });
  });
});
