import assert from 'node:assert/strict';
import type { CpuModelName } from '../../../src/machine/cpu/models';
import * as layout from '../../../src/machine/layout';
import { Bench, PAGE_DIRECTORY, TSS_NEW, TSS_NEW_SELECTOR } from './bench';

/** PAE tables: four directories behind the pointer table, one page table for the first 2 MiB. */
const POINTERS = 0x180020;
const DIRECTORIES = 0x181000;
const TABLE = 0x185000;
const PAGE = 0x45000;
/** Mapped by an entry of 2 MiB to physical 0x400000. */
const LARGE = 0x40200000;
const PSE = 0x10;
const PAE = 0x20;

const pointer = (index: number): number => POINTERS + index * 8;
const directory = (linear: number): number => DIRECTORIES + (linear >>> 30) * 0x1000 + ((linear >>> 21) & 0x1ff) * 8;
const pte = (linear: number): number => TABLE + ((linear >>> 12) & 0x1ff) * 8;

/** Paging with PAE: the first 2 MiB one to one in pages of 4 KiB, the next 6 MiB in large ones. */
function pae(level = 0, model: CpuModelName = 'pentium3'): Bench {
  const bench = Bench.protected(level, model);
  for (let i = 0; i < 4; i++) bench.put(pointer(i), [DIRECTORIES + i * 0x1000 + 1, 0]);
  bench.put(directory(0), [TABLE | 7, 0]);
  for (let i = 1; i < 4; i++) bench.put(directory(i << 21), [((i << 21) | 0x87) >>> 0, 0]);
  for (let i = 0; i < 512; i++) bench.put(TABLE + i * 8, [(i << 12) | 7, 0]);
  bench.put(directory(LARGE), [0x400087, 0]);
  const cpl = bench.state.cpl;
  bench.cpu.segmentation.setCpl(0);
  bench.op.writeControl(4, PAE);
  bench.op.writeControl(3, POINTERS);
  bench.op.writeControl(0, bench.state.cr(0) | 0x80000000);
  bench.cpu.segmentation.setCpl(cpl);
  return bench;
}

function access(bench: Bench, linear: number, write = false): string {
  return bench.outcome(() => {
    if (write) bench.cpu.mmu.slowWrite(linear, 4, 0x12345678);
    else bench.cpu.mmu.slowRead(linear, 4);
  });
}

describe('paging with PAE', () => {
  it('goes through pointer, directory and table, and sets accessed and dirty bits in the last two', () => {
    const bench = pae();
    bench.put(pte(PAGE), [0x123003, 0]);
    bench.write32(0x123abc, 0xcafe);
    assert.equal(bench.cpu.mmu.slowRead(PAGE + 0xabc, 4), 0xcafe);
    assert.deepEqual([bench.read32(directory(PAGE)) & 0x60, bench.read32(pte(PAGE)) & 0x60], [0x20, 0x20]);
    bench.cpu.mmu.slowWrite(PAGE, 4, 1);
    assert.deepEqual([bench.read32(directory(PAGE)) & 0x60, bench.read32(pte(PAGE)) & 0x60], [0x20, 0x60]);
    assert.equal(bench.read32(pointer(0)), DIRECTORIES + 1, 'pointer entries have no accessed bit');
  });

  it('maps 2 MiB by one entry, whatever CR4.PSE says', () => {
    for (const pse of [0, PSE]) {
      const bench = pae();
      bench.op.writeControl(4, PAE | pse);
      bench.write32(0x5ffffc, 0xbeef);
      assert.equal(bench.cpu.mmu.slowRead(LARGE + 0x1ffffc, 4), 0xbeef);
      bench.cpu.mmu.slowWrite(LARGE, 4, 1);
      assert.equal(bench.read32(directory(LARGE)) & 0x60, 0x60);
    }
  });

  it('combines the rights of directory and table; the pointer entry restricts nothing', () => {
    for (const [upper, lower, write, expected] of [
      [7, 7, true, 'ok'],
      [3, 7, false, '#PF(0x5)'],
      [7, 3, false, '#PF(0x5)'],
      [5, 7, true, '#PF(0x7)'],
      [7, 5, true, '#PF(0x7)'],
      [7, 5, false, 'ok'],
      [7, 0, false, '#PF(0x4)'],
      [0, 7, true, '#PF(0x6)'],
    ] as const) {
      const bench = pae(3);
      bench.put(directory(PAGE), [TABLE | upper, 0]);
      bench.put(pte(PAGE), [PAGE | lower, 0]);
      bench.cpu.mmu.flush();
      assert.equal(access(bench, PAGE, write), expected, `${upper} ${lower}`);
    }
  });

  it('reports reserved bits of directory and table entries with RSVD, a set bit 63 included', () => {
    for (const [address, low, high, linear, expected] of [
      [pte(PAGE), PAGE | 7, 0x10, PAGE, '#PF(0x9)'],
      [pte(PAGE), PAGE | 7, 0x80000000, PAGE, '#PF(0x9)'],
      [directory(PAGE), TABLE | 7, 0x00100000, PAGE, '#PF(0x9)'],
      [directory(LARGE), 0x402087, 0, LARGE, '#PF(0x9)'],
      [directory(LARGE), 0x500087, 0, LARGE, '#PF(0x9)'],
      [directory(LARGE), 0x401087, 0, LARGE, 'ok'],
      [pte(PAGE), PAGE | 0x87, 0, PAGE, 'ok'],
      [pte(PAGE), PAGE | 6, 0x10, PAGE, '#PF(0x0)'],
    ] as const) {
      const bench = pae();
      bench.put(address, [low, high]);
      bench.cpu.mmu.flush();
      assert.equal(access(bench, linear), expected, `${low.toString(16)} ${high.toString(16)}`);
    }
  });

  it('reads the pointer entries when CR3 is loaded, and only then', () => {
    const bench = pae();
    bench.put(pointer(1), [0, 0]);
    bench.cpu.mmu.flush();
    assert.equal(access(bench, LARGE), 'ok', 'the old entry is in force');
    bench.op.writeControl(3, POINTERS);
    assert.equal(access(bench, LARGE), '#PF(0x0)');
    assert.equal(bench.state.cr(2), LARGE);
    bench.put(pointer(1), [DIRECTORIES + 0x1001, 0]);
    assert.equal(access(bench, LARGE), '#PF(0x0)');
    bench.op.writeControl(4, PAE | PSE);
    assert.equal(access(bench, LARGE), 'ok', 'a change of CR4.PSE loads them, too');
  });

  it('refuses pointer entries with reserved bits: #GP(0), and nothing is loaded', () => {
    for (const bits of [2, 4, 0x20, 0x40, 0x80, 0x100]) {
      const bench = pae();
      bench.put(pointer(2), [(DIRECTORIES + 0x2001) | bits, 0]);
      assert.equal(
        bench.fault(() => bench.op.writeControl(3, POINTERS)),
        '#GP(0x0)',
      );
      assert.equal(
        bench.fault(() => bench.op.writeControl(4, PAE | PSE)),
        '#GP(0x0)',
      );
      assert.equal(access(bench, 0x80000000), '#PF(0x0)', 'the old directory is empty there');
      bench.put(pointer(2), [bits, 0]);
      assert.equal(
        bench.outcome(() => bench.op.writeControl(3, POINTERS)),
        'ok',
        'absent entries may hold anything',
      );
    }
    const bench = pae();
    bench.op.writeControl(0, bench.state.cr(0) & 0x7fffffff);
    bench.put(pointer(3), [1, 0x10]);
    assert.equal(
      bench.fault(() => bench.op.writeControl(0, bench.state.cr(0) | 0x80000000)),
      '#GP(0x0)',
      'turning paging on',
    );
  });

  it('goes on with the same tables in the other format when CR4.PAE changes', () => {
    const bench = Bench.protected(0);
    bench.enablePaging();
    bench.cpu.mmu.slowRead(PAGE, 4);
    bench.put(PAGE_DIRECTORY, [DIRECTORIES | 1, 0]);
    for (let i = 1; i < 4; i++) bench.put(PAGE_DIRECTORY + i * 8, [0, 0]);
    bench.put(DIRECTORIES, [0x600087, 0]);
    bench.op.writeControl(4, PAE);
    bench.write32(0x600000 + PAGE, 0x1234);
    assert.equal(bench.cpu.mmu.slowRead(PAGE, 4), 0x1234);
  });

  it('reaches nobody above 4 GiB: reads give ones, tables there are full of reserved bits', () => {
    const bench = pae();
    bench.put(pte(PAGE), [PAGE | 7, 1]);
    bench.put(pte(PAGE + 0x1000), [0x123007, 0]);
    bench.put(directory(LARGE), [TABLE | 7, 0xf]);
    bench.cpu.mmu.flush();
    bench.write32(PAGE, 0);
    assert.equal(bench.cpu.mmu.slowRead(PAGE, 4), 0xffffffff);
    bench.cpu.mmu.slowWrite(PAGE, 4, 0x55);
    assert.equal(bench.read32(PAGE), 0);
    bench.write16(0x123000, 0x3412);
    assert.equal(bench.cpu.mmu.slowRead(PAGE + 0xffe, 4), 0x3412ffff);
    assert.equal(bench.cpu.mmu.translate(PAGE + 4), 2 ** 32 + PAGE + 4);
    assert.equal(access(bench, LARGE), '#PF(0x9)');
    assert.equal(
      bench.faultInNewContext(() => bench.cpu.mmu.fetchPage(PAGE)),
      '#UD',
    );
  });

  it('drops a large page with one INVLPG, and keeps global pages over CR3', () => {
    const bench = pae();
    const cached = (linear: number): boolean => (bench.state.u32[(layout.TLB >>> 2) + (linear >>> 12)] & 15) !== 0;
    for (const offset of [0, 0x1ff000]) bench.cpu.mmu.slowRead(LARGE + offset, 4);
    bench.cpu.mmu.invalidate(LARGE + 0x5000);
    assert.deepEqual([cached(LARGE), cached(LARGE + 0x1ff000)], [false, false]);
    bench.op.writeControl(4, PAE | 0x80);
    bench.put(directory(LARGE), [0x400187, 0]);
    bench.cpu.mmu.slowRead(LARGE, 4);
    bench.cpu.mmu.slowRead(PAGE, 4);
    bench.op.writeControl(3, POINTERS);
    assert.deepEqual([cached(LARGE), cached(PAGE)], [true, false]);
    bench.op.writeControl(4, 0x80 | PAE | PSE);
    assert.equal(cached(LARGE), false, 'a change of CR4.PSE drops all');
  });

  it('shows three levels to the debugger', () => {
    const bench = pae();
    bench.put(pte(PAGE), [0x123007, 2]);
    const walk = bench.cpu.mmu.walk(PAGE + 5);
    assert.deepEqual(
      walk.steps.map(({ name, address, entry, span }) => [name, address, entry, span]),
      [
        ['PDPTE', POINTERS, DIRECTORIES + 1, 0x40000000],
        ['PDE', DIRECTORIES, TABLE | 7, 0x200000],
        ['PTE', pte(PAGE), 2 ** 33 + 0x123007, 0x1000],
      ],
    );
    assert.equal(walk.physical, 2 ** 33 + 0x123005);
    bench.op.writeControl(3, POINTERS + 0x20);
    assert.deepEqual(
      bench.cpu.mmu.walk(0).steps.map(({ name, present }) => [name, present]),
      [['PDPTE', false]],
    );
  });

  it('loads the pointer entries in a task switch', () => {
    const bench = pae();
    const other = 0x190000;
    for (let i = 0; i < 4; i++) bench.put(other + i * 8, [DIRECTORIES + (i === 1 ? 0x0001 : i * 0x1000 + 1), 0]);
    bench.write32(TSS_NEW + 0x1c, other);
    bench.write32(TSS_NEW + 0x20, 0x100);
    bench.write32(TSS_NEW + 0x4c, 0x08);
    bench.write32(TSS_NEW + 0x50, 0x10);
    bench.op.farJump(TSS_NEW_SELECTOR, 0, 4);
    assert.equal(bench.state.cr(3), other);
    assert.equal(bench.cpu.mmu.translate(0x40000000 + PAGE), PAGE, 'the second GiB is the first one now');
  });
});

describe('paging: reserved bits without PAE', () => {
  const LARGE_4M = 0x1c00000;

  function large(model: CpuModelName, bits: number): string {
    const bench = Bench.protected(0, model);
    bench.enablePaging();
    bench.write32(PAGE_DIRECTORY + (LARGE_4M >>> 22) * 4, 0x400087 | bits);
    bench.op.writeControl(4, PSE);
    return access(bench, LARGE_4M);
  }

  it('are address bits 12-21 of a large page; PAT takes bit 12, PSE-36 bits 13-16', () => {
    for (let bit = 12; bit < 22; bit++) {
      assert.equal(large('pentium', 1 << bit), '#PF(0x9)', `pentium ${bit}`);
      assert.equal(large('pentium3', 1 << bit), bit < 17 ? 'ok' : '#PF(0x9)', `pentium3 ${bit}`);
    }
  });

  it('put a large page above 4 GiB with PSE-36', () => {
    const bench = Bench.protected(0);
    bench.enablePaging();
    bench.write32(PAGE_DIRECTORY + (LARGE_4M >>> 22) * 4, 0x40a087);
    bench.op.writeControl(4, PSE);
    assert.equal(bench.cpu.mmu.translate(LARGE_4M + 5), 5 * 2 ** 32 + 0x400005);
    assert.equal(bench.cpu.mmu.walk(LARGE_4M + 5).physical, 5 * 2 ** 32 + 0x400005);
  });

  it('include bit 7 of a table entry where there is no PAT, but only with CR4.PSE', () => {
    for (const [model, cr4, expected] of [
      ['pentium', PSE, '#PF(0x9)'],
      ['pentium', 0, 'ok'],
      ['pentium3', PSE, 'ok'],
    ] as const) {
      const bench = Bench.protected(0, model);
      bench.enablePaging();
      bench.setPage(PAGE, 0x87);
      bench.op.writeControl(4, cr4);
      assert.equal(access(bench, PAGE), expected, `${model} ${cr4}`);
    }
  });

  it('mark the directory entry as accessed even if the table refuses', () => {
    const bench = Bench.protected(0);
    bench.enablePaging();
    bench.setPage(PAGE, 0);
    bench.write32(PAGE_DIRECTORY, bench.read32(PAGE_DIRECTORY) & ~0x20);
    assert.equal(access(bench, PAGE, true), '#PF(0x2)');
    assert.equal(bench.read32(PAGE_DIRECTORY) & 0x20, 0x20);
  });
});

describe('CR0 and paging', () => {
  it('takes every combination of CD and NW but NW alone', () => {
    for (const [cd, nw, expected] of [
      [0, 0, 'ok'],
      [1, 0, 'ok'],
      [1, 1, 'ok'],
      [0, 1, '#GP(0x0)'],
    ] as const) {
      for (const base of [1, 0x80000001]) {
        const bench = Bench.protected(0);
        bench.enablePaging();
        const value = (base | (cd << 30) | (nw << 29)) >>> 0;
        assert.equal(
          bench.outcome(() => bench.op.writeControl(0, value)),
          expected,
        );
      }
    }
  });

  it('leaves paging and protection only one after the other', () => {
    const bench = Bench.protected(0);
    bench.enablePaging();
    assert.equal(
      bench.fault(() => bench.op.writeControl(0, 0x80000000)),
      '#GP(0x0)',
      'PG stays, PE goes',
    );
    assert.equal(
      bench.outcome(() => bench.op.writeControl(0, 0)),
      'ok',
      'both go at once',
    );
  });
});
