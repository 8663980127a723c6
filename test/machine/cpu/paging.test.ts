import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { Bench, PAGE_DIRECTORY } from './bench';

const PAGE = 0x345000;
const CR0_WP = 0x10000;
/** Of a 4 MiB page with PSE-36, whose address bits 32-35 are in bits 13-16. */
const RESERVED_BIT = 0x20000;

/** A bench with paging on at a privilege level. */
function paged(level: number, model?: 'pentium' | '386'): Bench {
  const bench = Bench.protected(level, model);
  bench.enablePaging();
  return bench;
}

function access(bench: Bench, write: boolean, linear = PAGE): string {
  return bench.outcome(() => {
    if (write) bench.cpu.mmu.slowWrite(linear, 4, 0x12345678);
    else bench.cpu.mmu.slowRead(linear, 4);
  });
}

function tlb(bench: Bench, linear = PAGE): number {
  return bench.state.u32[(layout.TLB >>> 2) + (linear >>> 12)] & 15;
}

describe('paging: permissions', () => {
  // Intel SDM vol. 3A, table 5-3: user code needs U in both levels, and R/W in both to write;
  // supervisors may do everything, but with CR0.WP they need R/W in both to write.
  for (let bits = 0; bits < 128; bits++) {
    const [directoryWrite, directoryUser, tableWrite, tableUser, wp, user, write] = Array.from(
      { length: 7 },
      (_, i) => ((bits >>> i) & 1) === 1,
    );
    const bothWrite = directoryWrite && tableWrite;
    const bothUser = directoryUser && tableUser;
    let allowed = true;
    if (user && !bothUser) allowed = false;
    if (write && !bothWrite && (user || wp)) allowed = false;
    const title =
      `PDE ${directoryUser ? 'U' : 'S'}${directoryWrite ? 'W' : 'R'}, PTE ${tableUser ? 'U' : 'S'}${tableWrite ? 'W' : 'R'}, ` +
      `WP=${Number(wp)}: ${user ? 'user' : 'supervisor'} ${write ? 'write' : 'read'} is ${allowed ? 'allowed' : 'refused'}`;
    it(title, () => {
      const bench = paged(user ? 3 : 0);
      bench.write32(
        PAGE_DIRECTORY,
        (bench.read32(PAGE_DIRECTORY) & ~6) | (directoryWrite ? 2 : 0) | (directoryUser ? 4 : 0),
      );
      bench.setPage(PAGE, 1 | (tableWrite ? 2 : 0) | (tableUser ? 4 : 0));
      bench.state.setCr(0, bench.state.cr(0) | (wp ? CR0_WP : 0));
      const expected = allowed ? 'ok' : `#PF(0x${(1 | (write ? 2 : 0) | (user ? 4 : 0)).toString(16)})`;
      assert.equal(access(bench, write, PAGE + 0x14), expected);
      if (!allowed) {
        assert.equal(bench.state.cr(2), PAGE + 0x14);
        assert.equal(tlb(bench), 0);
        assert.equal(bench.read32(bench.pte(PAGE)) & 0x60, 0, 'a refused access sets no A or D');
        return;
      }
      // The TLB must allow exactly what the table above allows, and writes only once the page is dirty.
      const read = 1 | (bothUser ? 4 : 0);
      const writes = write ? (bothWrite || !wp ? 2 : 0) | (bothWrite && bothUser ? 8 : 0) : 0;
      assert.equal(tlb(bench), read | writes);
      assert.equal(bench.read32(bench.pte(PAGE)) & 0x60, write ? 0x60 : 0x20);
      assert.equal(bench.read32(PAGE_DIRECTORY) & 0x60, 0x20);
    });
  }

  it('lets supervisors write read-only pages on a 386, which has no WP', () => {
    const bench = paged(0, '386');
    bench.setPage(PAGE, 5);
    bench.op.writeControl(0, bench.state.cr(0) | CR0_WP);
    assert.equal(access(bench, true), 'ok');
  });

  for (const [what, entry] of [
    ['directory', PAGE_DIRECTORY],
    ['table', 0],
  ] as const) {
    for (const user of [false, true]) {
      for (const write of [false, true]) {
        it(`reports an absent ${what} entry to a ${user ? 'user' : 'supervisor'} ${write ? 'write' : 'read'} with P clear`, () => {
          const bench = paged(user ? 3 : 0);
          const address = entry === 0 ? bench.pte(PAGE) : entry;
          bench.write32(address, bench.read32(address) & ~1);
          bench.cpu.mmu.flush();
          assert.equal(access(bench, write), `#PF(0x${((write ? 2 : 0) | (user ? 4 : 0)).toString(16)})`);
          assert.equal(bench.state.cr(2), PAGE);
        });
      }
    }
  }

  it("treats descriptor-table accesses of user code as the supervisor's", () => {
    const bench = paged(3);
    bench.setPage(0x1000, 3);
    assert.equal(bench.cpu.mmu.readSystem(0x1000, 4), 0);
    bench.setPage(0x1000, 0);
    assert.equal(
      bench.fault(() => bench.cpu.mmu.readSystem(0x1000, 4)),
      '#PF(0x0)',
    );
    assert.equal(
      bench.fault(() => bench.cpu.mmu.writeSystem(0x1000, 4, 0)),
      '#PF(0x2)',
    );
  });
});

describe('paging: accessed and dirty', () => {
  it('sets D at the first write after a read and only then opens the fast path for writes', () => {
    const bench = paged(3);
    bench.setPage(PAGE, 7);
    bench.cpu.mmu.slowRead(PAGE, 1);
    assert.equal(tlb(bench), 5);
    assert.equal(bench.read32(bench.pte(PAGE)) & 0x40, 0);
    bench.cpu.mmu.slowWrite(PAGE, 1, 1);
    assert.equal(tlb(bench), 15);
    assert.equal(bench.read32(bench.pte(PAGE)) & 0x40, 0x40);
  });

  it('opens writes at once if the page is dirty already', () => {
    const bench = paged(3);
    bench.setPage(PAGE, 0x67);
    bench.cpu.mmu.slowRead(PAGE, 1);
    assert.equal(tlb(bench), 15);
  });

  it('sets D when a write is only probed', () => {
    const bench = paged(0);
    bench.setPage(PAGE, 7);
    bench.write32(PAGE, 0x11111111);
    bench.cpu.mmu.probeWrite(PAGE, 4);
    assert.equal(bench.read32(bench.pte(PAGE)) & 0x60, 0x60);
    assert.equal(bench.read32(PAGE), 0x11111111);
  });
});

describe('paging: page crossings', () => {
  for (const width of [2, 4] as const) {
    for (let offset = 0x1000 - width + 1; offset < 0x1000; offset++) {
      it(`reads and writes ${width} bytes at offset 0x${offset.toString(16)} in two pages that are not neighbours`, () => {
        const bench = paged(3);
        bench.write32(bench.pte(PAGE), 0x500007);
        bench.write32(bench.pte(PAGE + 0x1000), 0x700007);
        bench.cpu.mmu.flush();
        bench.cpu.mmu.slowWrite(PAGE + offset, width, 0x8899aabb);
        const expected = [0xbb, 0xaa, 0x99, 0x88].slice(0, width);
        const stored = expected.map((_, i) => {
          const at = offset + i;
          return bench.memory.read(at < 0x1000 ? 0x500000 + at : 0x700000 + at - 0x1000, 1);
        });
        assert.deepEqual(stored, expected);
        assert.equal(bench.cpu.mmu.slowRead(PAGE + offset, width), width === 4 ? 0x8899aabb : 0xaabb);
      });
    }
  }

  it('writes nothing to the first page if the second one faults, and reports the second page', () => {
    const bench = paged(3);
    bench.setPage(PAGE + 0x1000, 5);
    bench.write32(PAGE + 0xffc, 0x11223344);
    assert.equal(access(bench, true, PAGE + 0xffe), '#PF(0x7)');
    assert.equal(bench.state.cr(2), PAGE + 0x1000);
    assert.equal(bench.read32(PAGE + 0xffc), 0x11223344);
    assert.equal(
      bench.outcome(() => bench.cpu.mmu.probeWrite(PAGE + 0xffe, 4)),
      '#PF(0x7)',
    );
  });

  it('reports the first page if both fault', () => {
    const bench = paged(3);
    bench.setPage(PAGE, 0);
    bench.setPage(PAGE + 0x1000, 0);
    assert.equal(access(bench, false, PAGE + 0xffd), '#PF(0x4)');
    assert.equal(bench.state.cr(2), PAGE + 0xffd);
  });

  it('wraps from the last page of the linear space to the first', () => {
    const bench = Bench.real();
    bench.memory.mapRom(new Uint8Array(4096).fill(0x5a), [0xfffff000]);
    bench.write16(0, 0x1234);
    assert.equal(bench.cpu.mmu.slowRead(0xfffffffe, 4), 0x12345a5a);
  });
});

describe('paging: large and global pages', () => {
  const LARGE = 0x1c00000;

  function large(bits: number, level = 0): Bench {
    const bench = paged(level);
    bench.write32(PAGE_DIRECTORY + (LARGE >>> 22) * 4, 0x400000 | 0x80 | bits);
    bench.op.writeControl(4, 0x10);
    return bench;
  }

  it('maps 4 MiB by one entry with CR4.PSE', () => {
    const bench = large(7);
    bench.write32(0x423450, 0xcafebabe);
    assert.equal(bench.cpu.mmu.slowRead(LARGE + 0x23450, 4), 0xcafebabe);
    assert.equal(bench.read32(PAGE_DIRECTORY + (LARGE >>> 22) * 4) & 0x60, 0x20);
    bench.cpu.mmu.slowWrite(LARGE + 0x23450, 4, 1);
    assert.equal(bench.read32(PAGE_DIRECTORY + (LARGE >>> 22) * 4) & 0x60, 0x60);
  });

  it('takes the PS bit for nothing without CR4.PSE', () => {
    const bench = large(7);
    bench.op.writeControl(4, 0);
    bench.write32(0x400000 + ((0x23450 >>> 12) & 0x3ff) * 4, 0x600007);
    bench.write32(0x600450, 0xfeedf00d);
    assert.equal(bench.cpu.mmu.slowRead(LARGE + 0x23450, 4), 0xfeedf00d);
  });

  it('refuses reserved address bits with RSVD in the error code', () => {
    const bench = large(7 | RESERVED_BIT);
    assert.equal(access(bench, false, LARGE), '#PF(0x9)');
    const user = paged(0);
    user.write32(PAGE_DIRECTORY + (LARGE >>> 22) * 4, 0x400000 | 0x80 | 7 | RESERVED_BIT);
    user.op.writeControl(4, 0x10);
    user.setLevel(3);
    assert.equal(access(user, true, LARGE), '#PF(0xf)');
  });

  it('drops every cached 4 KiB of a large page with one INVLPG', () => {
    const bench = large(7);
    for (const offset of [0, 0x1000, 0x3ff000]) bench.cpu.mmu.slowRead(LARGE + offset, 4);
    bench.cpu.mmu.slowRead(PAGE, 4);
    assert.equal(tlb(bench, LARGE + 0x3ff000), 5);
    bench.cpu.mmu.invalidate(LARGE + 0x1234);
    for (const offset of [0, 0x1000, 0x3ff000]) assert.equal(tlb(bench, LARGE + offset), 0);
    assert.equal(tlb(bench, PAGE) & 1, 1, 'other pages stay');
  });

  it('keeps global pages over a CR3 write with CR4.PGE, and drops them otherwise', () => {
    for (const pge of [true, false]) {
      const bench = paged(0);
      bench.op.writeControl(4, pge ? 0x80 : 0);
      bench.setPage(PAGE, 0x107);
      bench.cpu.mmu.slowRead(PAGE, 4);
      bench.cpu.mmu.slowRead(PAGE + 0x1000, 4);
      bench.op.writeControl(3, PAGE_DIRECTORY);
      assert.equal(tlb(bench) & 1, pge ? 1 : 0);
      assert.equal(tlb(bench, PAGE + 0x1000), 0);
      bench.cpu.mmu.invalidate(PAGE);
      assert.equal(tlb(bench), 0);
    }
  });

  it('drops global pages when CR4.PGE, CR0.PG or CR0.WP changes', () => {
    for (const change of [
      (bench: Bench) => bench.op.writeControl(4, 0),
      (bench: Bench) => bench.op.writeControl(0, bench.state.cr(0) ^ CR0_WP),
      (bench: Bench) => bench.op.writeControl(0, bench.state.cr(0) & 0x7fffffff),
    ]) {
      const bench = paged(0);
      bench.op.writeControl(4, 0x80);
      bench.setPage(PAGE, 0x107);
      bench.cpu.mmu.slowRead(PAGE, 4);
      assert.equal(tlb(bench) & 1, 1);
      change(bench);
      assert.equal(tlb(bench), 0);
    }
  });

  it('survives a page that is filled and invalidated over and over', () => {
    const bench = paged(0);
    for (let i = 0; i < 5000; i++) {
      bench.cpu.mmu.slowRead(PAGE, 4);
      bench.cpu.mmu.invalidate(PAGE);
    }
    bench.cpu.mmu.slowRead(PAGE, 4);
    bench.cpu.mmu.flush();
    assert.equal(tlb(bench), 0);
  });
});

describe('TLB: what may take the fast path', () => {
  it('points at the host bytes of the page', () => {
    const bench = paged(0);
    bench.write32(bench.pte(PAGE), 0x600007);
    bench.cpu.mmu.flush();
    bench.write32(0x600123, 0x0badf00d);
    bench.cpu.mmu.slowRead(PAGE, 1);
    const entry = bench.state.u32[(layout.TLB >>> 2) + (PAGE >>> 12)];
    const host = ((entry & ~0xfff) + PAGE + 0x123) >>> 0;
    assert.equal(new DataView(bench.memory.memory.buffer).getUint32(host, true), 0x0badf00d);
  });

  it('caches ROM for reads only, and loses writes to it', () => {
    const bench = Bench.real();
    bench.memory.mapRom(new Uint8Array(4096).fill(0x77), [0xf0000]);
    bench.cpu.mmu.slowWrite(0xf0010, 4, 0);
    assert.equal(bench.cpu.mmu.slowRead(0xf0010, 4), 0x77777777);
    assert.equal(tlb(bench, 0xf0000), 5);
  });

  it('never caches devices, unassigned or watched pages', () => {
    const bench = Bench.real();
    const seen: string[] = [];
    bench.memory.mapMmio(0xa0000, 0x1000, {
      name: 'test device',
      read: (address, width) => {
        seen.push(`read ${address.toString(16)} ${width}`);
        return 0x42;
      },
      write: (address, width, value) => seen.push(`write ${address.toString(16)} ${width} ${value.toString(16)}`),
    });
    assert.equal(bench.cpu.mmu.slowRead(0xa0004, 1), 0x42);
    bench.cpu.mmu.slowWrite(0xa0008, 2, 0x12345);
    assert.deepEqual(seen, ['read a0004 1', 'write a0008 2 2345']);
    assert.equal(bench.cpu.mmu.slowRead(0xb0000, 4), 0xffffffff);
    bench.memory.setWatched(0x50000, true);
    bench.cpu.mmu.slowWrite(0x50000, 4, 0x1234);
    assert.equal(bench.cpu.mmu.slowRead(0x50000, 4), 0x1234);
    for (const page of [0xa0000, 0xb0000, 0x50000]) assert.equal(tlb(bench, page), 0);
    bench.memory.setWatched(0x50000, false);
    bench.cpu.mmu.slowRead(0x50000, 4);
    assert.equal(tlb(bench, 0x50000), 15);
    bench.memory.setWatched(0x50000, true);
    assert.equal(tlb(bench, 0x50000), 0, 'watching a page drops its translation');
  });

  it("sends each byte of a write across a device's edge where it belongs", () => {
    const bench = Bench.real();
    const writes: string[] = [];
    bench.memory.mapMmio(0xa0000, 0x1000, {
      name: 'edge',
      read: (address) => address & 0xff,
      write: (address, width, value) => writes.push(`${address.toString(16)}/${width}=${value.toString(16)}`),
    });
    bench.write32(0x9fffc, 0x99887766);
    assert.equal(bench.cpu.mmu.slowRead(0x9fffe, 4), 0x01009988);
    bench.cpu.mmu.slowWrite(0x9fffe, 4, 0xddccbbaa);
    assert.deepEqual(writes, ['a0000/1=cc', 'a0001/1=dd']);
    assert.equal(bench.read32(0x9fffc), 0xbbaa7766);
  });

  it('masks bit 20 while A20 is closed, for data and for page tables', () => {
    const bench = Bench.real();
    bench.write32(0x500, 0x11111111);
    bench.write32(0x100500, 0x22222222);
    assert.equal(bench.cpu.mmu.slowRead(0x100500, 4), 0x22222222);
    bench.cpu.mmu.setA20(false);
    assert.equal(bench.cpu.mmu.slowRead(0x100500, 4), 0x11111111);
    assert.equal(bench.cpu.mmu.peek(0x100500), 0x500);
    bench.cpu.mmu.setA20(true);
    assert.equal(bench.cpu.mmu.slowRead(0x100500, 4), 0x22222222);

    const tables = paged(0);
    tables.cpu.mmu.setA20(false);
    assert.equal(access(tables, false), '#PF(0x0)', 'the directory at 1 MiB is seen at 0');
  });

  it('makes execution look its page up again after every flush', () => {
    const bench = paged(0);
    const window = (): boolean => bench.state.get(layout.CODE_START) <= bench.state.get(layout.CODE_END);
    for (const flush of [
      () => bench.cpu.mmu.flush(),
      () => bench.cpu.mmu.invalidate(0),
      () => bench.cpu.segmentation.setCpl(0),
    ]) {
      bench.state.set(layout.CODE_START, 0x900000);
      bench.state.set(layout.CODE_END, 0x900fff);
      assert.ok(window());
      flush();
      assert.ok(!window());
      assert.equal(bench.state.eip, 0x105);
      assert.equal(bench.state.eipStart, 0x100);
    }
  });
});

describe('Mmu: fetch, translate, peek and walk', () => {
  it('gives host pointers for instruction fetches from RAM and ROM', () => {
    const bench = paged(3);
    assert.equal(bench.cpu.mmu.fetchPage(PAGE + 5), bench.memory.hostPointer(PAGE + 5));
    assert.equal(bench.cpu.mmu.fetchPage(PAGE + 6), bench.memory.hostPointer(PAGE + 6), 'from the TLB');
    bench.setPage(PAGE, 3);
    assert.equal(
      bench.fault(() => bench.cpu.mmu.fetchPage(PAGE)),
      '#PF(0x5)',
    );
    bench.setPage(PAGE, 0);
    assert.equal(
      bench.fault(() => bench.cpu.mmu.fetchPage(PAGE + 1)),
      '#PF(0x4)',
    );
    assert.equal(bench.state.cr(2), PAGE + 1);
  });

  it('raises #UD for fetches where neither RAM nor ROM is, and reports the address', () => {
    const bench = Bench.real();
    const reported: number[] = [];
    bench.memory.onUnassigned = (address) => reported.push(address);
    assert.equal(
      bench.fault(() => bench.cpu.mmu.fetchPage(0xb0010)),
      '#UD',
    );
    assert.deepEqual(reported, [0xb0010]);
  });

  it("translates with the guest's rules", () => {
    const bench = paged(0);
    bench.write32(bench.pte(PAGE), 0x600001);
    bench.cpu.mmu.flush();
    assert.equal(bench.cpu.mmu.translate(PAGE + 0x18), 0x600018);
    assert.equal(
      bench.fault(() => bench.cpu.mmu.translate(PAGE, { user: true })),
      '#PF(0x5)',
    );
    assert.equal(bench.cpu.mmu.translate(PAGE, { write: true }), 0x600000);
  });

  it('peeks and walks without a trace', () => {
    const bench = paged(3);
    bench.setPage(PAGE, 1);
    const before = bench.read32(bench.pte(PAGE));
    assert.equal(bench.cpu.mmu.peek(PAGE + 7), PAGE + 7, 'whatever the rights are');
    const walk = bench.cpu.mmu.walk(PAGE + 7);
    assert.deepEqual(
      walk.steps.map((step) => [step.name, step.address, step.present, step.writable, step.user, step.accessed]),
      [
        ['PDE', PAGE_DIRECTORY, true, true, true, false],
        ['PTE', bench.pte(PAGE), true, false, false, false],
      ],
    );
    assert.equal(walk.physical, PAGE + 7);
    assert.equal(bench.read32(bench.pte(PAGE)), before);
    assert.equal(tlb(bench), 0);
    bench.setPage(PAGE, 0);
    assert.equal(bench.cpu.mmu.peek(PAGE), undefined);
    assert.equal(bench.cpu.mmu.walk(PAGE).steps.length, 2);
    assert.equal(bench.state.cr(2), 0);
    bench.write32(PAGE_DIRECTORY + 0xffc, 0);
    assert.equal(bench.cpu.mmu.walk(0xffffffff).steps.length, 1);
  });

  it('shows a large page as one step', () => {
    const bench = paged(0);
    bench.write32(PAGE_DIRECTORY + 8 * 4, 0x4001e7);
    bench.op.writeControl(4, 0x90);
    const walk = bench.cpu.mmu.walk(0x2012345);
    assert.equal(walk.physical, 0x412345);
    assert.deepEqual(
      walk.steps.map((step) => [step.large, step.dirty, step.global, step.entry]),
      [[true, true, true, 0x4001e7]],
    );
  });

  it('is transparent while paging is off', () => {
    const bench = Bench.real();
    assert.deepEqual(bench.cpu.mmu.walk(0x12345), { paging: false, steps: [], physical: 0x12345 });
  });
});
