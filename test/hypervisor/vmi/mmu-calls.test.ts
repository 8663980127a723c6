import assert from 'node:assert/strict';
import { DIRECTORY, FREE, PAGE_OFFSET, TABLE, VmiBench } from './bench';

/** A linear page that `TABLE` maps and nothing needs, and two frames with different contents. */
const VICTIM = 0x200000 - 0x1000;
const FRAME_A = FREE;
const FRAME_B = FREE + 0x1000;

const CURRENT_AS = 0x10;
const DEFER = 0x20;
const PT = 1;
const PD = 2;
const PDP = 4;

/** Where the entry of a linear page is, physically. */
function entryOf(bench: VmiBench, linear: number): number {
  const index = (linear >>> 12) & (bench.pae ? 0x1ff : 0x3ff);
  return TABLE + index * bench.entryBytes;
}

/** SetPxE or SetPxELong, as the mode wants it. */
function setEntry(bench: VmiBench, address: number, value: number, flags: number): ReturnType<VmiBench['call']> {
  return bench.pae
    ? bench.call('SetPxELong', [value, 0, address], [flags])
    : bench.call('SetPxE', [value, address, flags]);
}

function updateEntry(bench: VmiBench, address: number, flags: number): ReturnType<VmiBench['call']> {
  return bench.call(bench.pae ? 'UpdatePxELong' : 'UpdatePxE', [address, flags]);
}

function prepared(pae: boolean): VmiBench {
  const bench = new VmiBench({ pae });
  bench.write(FRAME_A, 0xaaaa);
  bench.write(FRAME_B, 0xbbbb);
  return bench;
}

for (const pae of [false, true]) {
  describe(`VMI MMU calls, ${pae ? 'PAE' : 'two levels'}`, () => {
    it('SetPxE stores the entry and drops the translation of the address that it names', () => {
      const bench = prepared(pae);
      const entry = PAGE_OFFSET + entryOf(bench, VICTIM);
      setEntry(bench, entry, FRAME_A | 3, PT | CURRENT_AS | VICTIM);
      assert.equal(bench.fetch(VICTIM), 0xaaaa);
      setEntry(bench, entry, FRAME_B | 3, PT | CURRENT_AS | VICTIM);
      assert.equal(bench.fetch(VICTIM), 0xbbbb);
      assert.equal(bench.read(entryOf(bench, VICTIM)), FRAME_B | 0x23, 'with the accessed bit of the access');
      assert.deepEqual(bench.reports, []);
    });

    it('SetPxE without CURRENT_AS leaves cached translations, as a store on hardware, up to the flush', () => {
      const bench = prepared(pae);
      const entry = PAGE_OFFSET + entryOf(bench, VICTIM);
      setEntry(bench, entry, FRAME_A | 3, PT);
      assert.equal(bench.fetch(VICTIM), 0xaaaa);
      setEntry(bench, entry, FRAME_B | 3, PT);
      assert.equal(bench.fetch(VICTIM), 0xaaaa);
      bench.call('InvalPage', [VICTIM]);
      assert.equal(bench.fetch(VICTIM), 0xbbbb);
    });

    it('UpdatePxE drops the translation of an entry that the guest wrote itself', () => {
      const bench = prepared(pae);
      const at = entryOf(bench, VICTIM);
      setEntry(bench, PAGE_OFFSET + at, FRAME_A | 3, PT | CURRENT_AS | VICTIM);
      assert.equal(bench.fetch(VICTIM), 0xaaaa);
      bench.store(PAGE_OFFSET + at, FRAME_B | 3);
      assert.equal(bench.fetch(VICTIM), 0xaaaa);
      updateEntry(bench, PAGE_OFFSET + at, PT | CURRENT_AS | VICTIM);
      assert.equal(bench.fetch(VICTIM), 0xbbbb);
      bench.call('FlushTLB', [3]);
      assert.deepEqual(bench.reports, []);
    });

    it('make a dirty page dirty again after its bit was cleared', () => {
      const bench = prepared(pae);
      const at = entryOf(bench, VICTIM);
      setEntry(bench, PAGE_OFFSET + at, FRAME_A | 3, PT | CURRENT_AS | VICTIM);
      bench.store(VICTIM, 1);
      assert.equal(bench.read(at), FRAME_A | 0x63);
      setEntry(bench, PAGE_OFFSET + at, FRAME_A | 3, PT | CURRENT_AS | VICTIM);
      assert.equal(bench.read(at), FRAME_A | 3);
      bench.store(VICTIM, 2);
      assert.equal(bench.read(at), FRAME_A | 0x63);
    });

    it('FlushTLB drops all translations, and global ones with 3 only', () => {
      const bench = prepared(pae);
      bench.state.setCr(4, bench.state.cr(4) | 0x80);
      const at = entryOf(bench, VICTIM);
      bench.mapQuietly(TABLE, VICTIM, FRAME_A | 0x103);
      assert.equal(bench.fetch(VICTIM), 0xaaaa);
      bench.mapQuietly(TABLE, VICTIM, FRAME_B | 0x103);
      bench.call('FlushTLB', [1]);
      assert.equal(bench.fetch(VICTIM), 0xaaaa);
      bench.call('FlushTLB', [3]);
      assert.equal(bench.fetch(VICTIM), 0xbbbb);
      bench.mapQuietly(TABLE, VICTIM, FRAME_A | 3);
      bench.call('FlushTLB', [3]);
      bench.fetch(VICTIM);
      bench.write(at, FRAME_B | 3);
      bench.call('FlushTLB', [1]);
      assert.equal(bench.fetch(VICTIM), 0xbbbb);
      bench.call('FlushTLB', [0]);
      assert.match(bench.reports.join('\n'), /FlushTLB with 0x0 called before 0xc0103000/);
    });

    describe('lazy mode 1', () => {
      /** A deferred store to the entry of VICTIM, which is mapped to A and cached. */
      function deferred(): { bench: VmiBench; at: number } {
        const bench = prepared(pae);
        const at = entryOf(bench, VICTIM);
        setEntry(bench, PAGE_OFFSET + at, FRAME_A | 3, PT | CURRENT_AS | VICTIM);
        assert.equal(bench.fetch(VICTIM), 0xaaaa);
        bench.call('SetLazyMode', [1]);
        setEntry(bench, PAGE_OFFSET + at, FRAME_B | 3, PT | CURRENT_AS | DEFER | VICTIM);
        return { bench, at };
      }

      it('lets a store with DEFER wait', () => {
        const { bench, at } = deferred();
        assert.equal(bench.read(at), FRAME_A | 0x23);
        assert.equal(bench.fetch(VICTIM), 0xaaaa);
      });

      const ends: Readonly<Record<string, (bench: VmiBench) => void>> = {
        'SetLazyMode(0)': (bench) => bench.call('SetLazyMode', [0]),
        'SetLazyMode(2)': (bench) => bench.call('SetLazyMode', [2]),
        FlushTLB: (bench) => bench.call('FlushTLB', [1]),
        InvalPage: (bench) => bench.call('InvalPage', [0x1000]),
        'MOV CR3': (bench) => bench.execute([0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8]),
      };
      for (const [name, end] of Object.entries(ends)) {
        it(`ends the wait with ${name}`, () => {
          const { bench } = deferred();
          end(bench);
          assert.equal(bench.fetch(VICTIM), 0xbbbb);
          assert.deepEqual(bench.reports, []);
        });
      }

      it('ends the wait of the store with a page fault, which the guest never sees', () => {
        const bench = prepared(pae);
        const at = entryOf(bench, VICTIM);
        setEntry(bench, PAGE_OFFSET + at, 0, PT | CURRENT_AS | VICTIM);
        bench.state.setCr(2, 0x77);
        bench.call('SetLazyMode', [1]);
        setEntry(bench, PAGE_OFFSET + at, FRAME_B | 3, PT | CURRENT_AS | DEFER | VICTIM);
        assert.equal(bench.read(at), 0);
        assert.equal(bench.fetch(VICTIM), 0xbbbb);
        assert.equal(bench.state.cr(2), 0x77);
      });

      it('keeps the order of a store that waits and one that does not', () => {
        const { bench, at } = deferred();
        setEntry(bench, PAGE_OFFSET + at, FRAME_A | 3, PT | CURRENT_AS | VICTIM);
        bench.call('SetLazyMode', [0]);
        assert.equal(bench.fetch(VICTIM), 0xaaaa);
      });

      it('keeps the marks that the processor has set while a store waited', () => {
        const bench = prepared(pae);
        const at = entryOf(bench, VICTIM);
        setEntry(bench, PAGE_OFFSET + at, FRAME_A | 3, PT | CURRENT_AS | VICTIM);
        bench.fetch(VICTIM);
        bench.call('SetLazyMode', [1]);
        setEntry(bench, PAGE_OFFSET + at, FRAME_A | 0x203, PT | CURRENT_AS | DEFER | VICTIM);
        bench.store(VICTIM, 5);
        bench.call('SetLazyMode', [0]);
        assert.equal(bench.read(at), FRAME_A | 0x243, 'dirty, but accessed was there before and is cleared');
      });

      it('holds so many and no more', () => {
        const bench = prepared(pae);
        bench.call('SetLazyMode', [1]);
        for (let i = 0; i < 64; i++) {
          setEntry(bench, PAGE_OFFSET + TABLE + i * bench.entryBytes, (i << 12) | 0x203, PT | DEFER);
        }
        assert.equal(bench.read(TABLE) & 0x200, 0);
        setEntry(bench, PAGE_OFFSET + TABLE + 64 * bench.entryBytes, (64 << 12) | 0x203, PT | DEFER);
        for (let i = 0; i <= 64; i++) assert.equal(bench.read(TABLE + i * bench.entryBytes) & 0x200, 0x200);
      });

      it('is in snapshots, and forgotten at power on', () => {
        const { bench, at } = deferred();
        const saved = bench.hypervisor.save();
        bench.hypervisor.reset();
        bench.call('SetLazyMode', [0]);
        bench.hypervisor.load(saved);
        assert.equal(bench.read(at) & ~0x60, FRAME_A | 3);
        bench.call('SetLazyMode', [0]);
        assert.equal(bench.fetch(VICTIM), 0xbbbb);
      });
    });

    it('let UpdatePxE with DEFER wait with the invalidation in every mode', () => {
      const bench = prepared(pae);
      const at = entryOf(bench, VICTIM);
      setEntry(bench, PAGE_OFFSET + at, FRAME_A | 3, PT | CURRENT_AS | VICTIM);
      bench.fetch(VICTIM);
      bench.store(PAGE_OFFSET + at, FRAME_B | 3);
      updateEntry(bench, PAGE_OFFSET + at, PT | CURRENT_AS | DEFER | VICTIM);
      assert.equal(bench.fetch(VICTIM), 0xaaaa);
      bench.call('InvalPage', [0x5000]);
      assert.equal(bench.fetch(VICTIM), 0xbbbb);
    });

    it('SetLinearMapping helps where the guest has no mapping of its own', () => {
      const bench = prepared(pae);
      const hole = 0xfff00000;
      assert.equal(setEntry(bench, hole, 0, PT).fault?.vector, 14);
      bench.call('SetLinearMapping', [1, hole, 1], [TABLE >>> 12]);
      const offset = entryOf(bench, VICTIM) - TABLE;
      assert.equal(setEntry(bench, hole + offset, FRAME_B | 3, PT | CURRENT_AS | VICTIM).fault, undefined);
      assert.equal(bench.fetch(VICTIM), 0xbbbb);
      bench.call('SetLinearMapping', [1, hole, 0], [0]);
      assert.equal(setEntry(bench, hole + offset, 0, PT).fault?.vector, 14);
    });

    it('SetLinearMapping does not overrule the page tables', () => {
      const bench = prepared(pae);
      bench.call('SetLinearMapping', [0, PAGE_OFFSET, 0x38000], [1]);
      assert.deepEqual(bench.reports, [], 'Linux names more frames than there are');
      setEntry(bench, PAGE_OFFSET + entryOf(bench, VICTIM), FRAME_B | 3, PT | CURRENT_AS | VICTIM);
      assert.equal(bench.fetch(VICTIM), 0xbbbb);
      assert.match(bench.reports.join('\n'), /SetLinearMapping says 0x102.*the page tables say 0x101/);
    });

    it('AllocatePage takes over the entries that the guest has not copied', () => {
      const bench = prepared(pae);
      const page = FREE + 0x8000;
      const size = bench.entryBytes;
      bench.write(page + 5 * size, (5 << 12) | 0x63);
      bench.write(page + 6 * size, (9 << 12) | 3);
      const flags = PD | 0x20 | 0x40 | (pae ? 0x10 : 0);
      bench.call('AllocatePage', [page >>> 12, flags, TABLE >>> 12], [4, 4]);
      const low = (index: number): number => bench.read(page + index * size);
      assert.deepEqual([3, 4, 5, 6, 7, 8].map(low), [
        0,
        (4 << 12) | 3,
        (5 << 12) | 0x63,
        (9 << 12) | 3,
        (7 << 12) | 3,
        0,
      ]);
      assert.equal(bench.reports.length, 1);
      assert.match(bench.reports[0], /disagree in entry 6, which stays/);
    });
  });
}

describe('VMI MMU calls', () => {
  it('SetPxELong with level PDP on the table that CR3 names takes effect without a load of CR3', () => {
    const bench = new VmiBench({ pae: true });
    const page = 0x40000000 + VICTIM;
    assert.equal(bench.machine.cpu.mmu.peek(page), undefined);
    bench.call('SetPxELong', [DIRECTORY | 1, 0, PAGE_OFFSET + 0x102008], [PDP]);
    assert.equal(bench.machine.cpu.mmu.peek(page), VICTIM);
    const bad = bench.call('SetPxELong', [DIRECTORY | 7, 0, PAGE_OFFSET + 0x102008], [PDP]);
    assert.deepEqual(bad.fault, { vector: 13, errorCode: 0, cr2: 0 });
    assert.equal(bench.read(0x102008), DIRECTORY | 1, 'nothing was stored');
    assert.match(bench.reports.join('\n'), /PAE pointer with reserved bits/);
  });

  it('SetPxELong is allowed while PAE is still off: Linux builds its tables before', () => {
    const bench = new VmiBench();
    bench.call('AllocatePage', [FREE >>> 12, PT | 0x10 | 0x40]);
    bench.call('SetPxELong', [0x5003, 0x1, PAGE_OFFSET + FREE + 8], [PT]);
    assert.deepEqual([bench.read(FREE + 8), bench.read(FREE + 12)], [0x5003, 1]);
    assert.deepEqual(bench.reports, []);
  });

  it('SetPxE with level PD and CURRENT_AS drops what the directory entry mapped', () => {
    const bench = new VmiBench();
    const table = FREE + 0x4000;
    const linear = 0x10003000;
    bench.write(table + 4 * 3, FRAME_A | 3);
    bench.write(table + 0x1000 + 4 * 3, FRAME_B | 3);
    bench.write(FRAME_A, 0xaaaa);
    bench.write(FRAME_B, 0xbbbb);
    for (const page of [table, table + 0x1000]) bench.call('AllocatePage', [page >>> 12, PT | 0x40]);
    const entry = PAGE_OFFSET + DIRECTORY + 4 * (linear >>> 22);
    bench.call('SetPxE', [table | 3, entry, PD | CURRENT_AS | (linear & 0xffc00000)]);
    assert.equal(bench.fetch(linear), 0xaaaa);
    bench.call('SetPxE', [(table + 0x1000) | 3, entry, PD | CURRENT_AS | (linear & 0xffc00000)]);
    assert.equal(bench.fetch(linear), 0xbbbb);
    assert.deepEqual(bench.reports, []);
  });

  it('SetLazyMode with a mode that there is not means 0', () => {
    const bench = new VmiBench();
    bench.call('SetLazyMode', [7]);
    assert.match(bench.reports[0], /SetLazyMode 7 called before 0xc0103000/);
    bench.call('SetPxE', [0, PAGE_OFFSET + TABLE, PT | DEFER]);
    assert.equal(bench.read(TABLE), 0);
  });
});
