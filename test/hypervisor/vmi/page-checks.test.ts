import assert from 'node:assert/strict';
import { DIRECTORY, FREE, PAGE_OFFSET, TABLE, VmiBench } from './bench';

const PT = 0x01;
const PD = 0x02;
const PDP = 0x04;
const CURRENT_AS = 0x10;
const CLONE = 0x20;
const ZEROED = 0x40;

/** A page for tables, the same for directories, and a linear address that the kernel does not use. */
const NEW_TABLE = FREE + 0x4000;
const NEW_DIRECTORY = FREE + 0x5000;
const USER = 0x08048000;
const USER_PDE = 4 * (USER >>> 22);
const USER_PTE = 4 * ((USER >>> 12) & 0x3ff);

/** A kernel that leaves its page tables to VMI: it has made its first call for them. */
function kernel(options: ConstructorParameters<typeof VmiBench>[0] = {}): VmiBench {
  const bench = new VmiBench(options);
  const unused = PAGE_OFFSET + TABLE + 0xff8;
  if (bench.pae) bench.call('SetPxELong', [0, 0, unused], [PT]);
  else bench.call('SetPxE', [0, unused, PT]);
  return bench;
}

/** Flags of AllocatePage and ReleasePage as Linux gives them (2.6.32, VMI_PAGE_L1 and VMI_PAGE_L2). */
function typed(bench: VmiBench, level: number): number {
  return level | ZEROED | (bench.pae ? 0x10 : 0);
}

function allocate(bench: VmiBench, page: number, level: number): void {
  assert.equal(bench.call('AllocatePage', [page >>> 12, typed(bench, level)]).fault, undefined);
}

function release(bench: VmiBench, page: number, level: number): void {
  assert.equal(bench.call('ReleasePage', [page >>> 12, typed(bench, level)]).fault, undefined);
}

/** A directory of a new process, as pgd_alloc makes it, and a table for `USER` in it. */
function newProcess(bench: VmiBench): void {
  const kernel = 4 * (PAGE_OFFSET >>> 22);
  bench.store(PAGE_OFFSET + NEW_DIRECTORY + kernel, bench.read(DIRECTORY + kernel));
  bench.call('AllocatePage', [NEW_DIRECTORY >>> 12, PD | ZEROED | CLONE, DIRECTORY >>> 12], [768, 256]);
  allocate(bench, NEW_TABLE, PT);
  bench.call('SetPxE', [NEW_TABLE | 0x67, PAGE_OFFSET + NEW_DIRECTORY + USER_PDE, PD]);
}

const setCr3 = (bench: VmiBench, value: number): void => {
  // mov eax, value; mov cr3, eax
  bench.execute([0xb8, value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24, 0x0f, 0x22, 0xd8]);
};

describe('VMI page checks: what Linux does raises no alarm', () => {
  it('a process from fork to exit, in its own address space and in another', () => {
    const bench = kernel();
    newProcess(bench);
    setCr3(bench, NEW_DIRECTORY);
    const pte = PAGE_OFFSET + NEW_TABLE + USER_PTE;
    const here = PT | CURRENT_AS | USER;
    bench.call('SetPxE', [FREE | 0x67, pte, here]);
    assert.equal(bench.fetch(USER), 0);
    // ptep_set_wrprotect: the bit is cleared, then the entry announced.
    bench.store(pte, FREE | 0x65);
    bench.call('UpdatePxE', [pte, here]);
    // ptep_get_and_clear, and the flush that follows.
    bench.store(pte, 0);
    bench.call('UpdatePxE', [pte, here]);
    bench.call('InvalPage', [USER]);
    // A swap entry: not present, and nobody is told.
    bench.store(pte, 0x12345600);
    bench.store(pte, 0);
    bench.call('SetPxE', [0, PAGE_OFFSET + NEW_DIRECTORY + USER_PDE, PD]);
    release(bench, NEW_TABLE, PT);
    setCr3(bench, DIRECTORY);
    bench.call('FlushTLB', [1]);
    release(bench, NEW_DIRECTORY, PD);
    // Ordinary memory again: anything may be written there.
    bench.store(PAGE_OFFSET + NEW_TABLE, 0xffffffff);
    bench.store(PAGE_OFFSET + NEW_DIRECTORY + 8, 0x00345067);
    bench.call('FlushTLB', [3]);
    assert.deepEqual(bench.reports, []);
  });

  it('a process that dies: its mappings are taken away without a word (ptep_get_and_clear_full)', () => {
    const bench = kernel();
    newProcess(bench);
    setCr3(bench, NEW_DIRECTORY);
    for (let i = 0; i < 4; i++) {
      const pte = PAGE_OFFSET + NEW_TABLE + USER_PTE + 4 * i;
      bench.call('SetPxE', [(FREE + i * 0x1000) | 0x67, pte, PT | CURRENT_AS | (USER + i * 0x1000)]);
    }
    for (let i = 0; i < 4; i++) {
      bench.store(PAGE_OFFSET + NEW_TABLE + USER_PTE + 4 * i, 0);
      bench.call('FlushTLB', [1]);
    }
    bench.call('SetPxE', [0, PAGE_OFFSET + NEW_DIRECTORY + USER_PDE, PD]);
    release(bench, NEW_TABLE, PT);
    bench.call('FlushTLB', [1]);
    allocate(bench, NEW_TABLE, PT);
    bench.call('SetPxE', [FREE | 3, PAGE_OFFSET + NEW_TABLE, PT]);
    bench.call('FlushTLB', [1]);
    assert.deepEqual(bench.reports, []);
  });

  it('pages that are zeroed and filled before they are announced', () => {
    const bench = kernel();
    for (let i = 0; i < 16; i++) bench.store(PAGE_OFFSET + NEW_TABLE + 4 * i, 0);
    bench.store(PAGE_OFFSET + NEW_TABLE + 8, FREE | 3);
    allocate(bench, NEW_TABLE, PT);
    bench.call('FlushTLB', [1]);
    assert.deepEqual(bench.reports, []);
  });

  it("the boot's own tables, which are never announced or only later", () => {
    const bench = kernel();
    bench.call('SetPxE', [FREE | 3, PAGE_OFFSET + TABLE + 4 * 0x1ff, PT]);
    // swapper_pg_dir is announced as zeroed, with data on it (2.6.32).
    allocate(bench, DIRECTORY, PD);
    assert.notEqual(bench.read(DIRECTORY), 0);
    // early_ioremap's table is given back.
    allocate(bench, NEW_TABLE, PT);
    bench.call('SetPxE', [NEW_TABLE | 3, PAGE_OFFSET + DIRECTORY + USER_PDE, PD]);
    bench.call('SetPxE', [0, PAGE_OFFSET + DIRECTORY + USER_PDE, PD]);
    release(bench, NEW_TABLE, PT);
    assert.deepEqual(bench.reports, []);
  });

  it('a free list threaded through a cached directory (2.6.22, quicklists)', () => {
    const bench = kernel();
    newProcess(bench);
    bench.store(PAGE_OFFSET + NEW_DIRECTORY, 0xc1234000);
    bench.call('FlushTLB', [1]);
    bench.store(PAGE_OFFSET + NEW_DIRECTORY, 0);
    setCr3(bench, NEW_DIRECTORY);
    assert.deepEqual(bench.reports, []);
  });

  it('directory entries set with level PT (set_pte from the page attribute code)', () => {
    const bench = kernel();
    allocate(bench, NEW_TABLE, PT);
    bench.call('SetPxE', [NEW_TABLE | 3, PAGE_OFFSET + DIRECTORY + USER_PDE, PT]);
    assert.deepEqual(bench.reports, []);
  });

  it('a directory that is freed without ReleasePage and used for something else (2.6.25)', () => {
    const bench = kernel();
    newProcess(bench);
    for (let i = 0; i < 8; i++) {
      bench.store(PAGE_OFFSET + NEW_DIRECTORY + 4 * i, (NEW_TABLE | 1) + i);
      bench.call('FlushTLB', [1]);
    }
    bench.call('SetPxE', [0, PAGE_OFFSET + NEW_DIRECTORY + USER_PDE, PD]);
    release(bench, NEW_TABLE, PT);
    assert.deepEqual(bench.reports, []);
  });

  it('accessed and dirty bits that the processor sets', () => {
    const bench = kernel();
    bench.store(0x1f0000, 1);
    bench.fetch(0x1f1000);
    bench.call('FlushTLB', [3]);
    assert.deepEqual(bench.reports, []);
  });

  describe('with PAE', () => {
    it('pointer tables that share a page and are never announced (2.6.22)', () => {
      const bench = kernel({ pae: true });
      const pointers = FREE + 0x60;
      bench.store(PAGE_OFFSET + pointers + 24, DIRECTORY | 1);
      bench.call('SetPxELong', [DIRECTORY | 1, 0, PAGE_OFFSET + pointers], [PDP]);
      setCr3(bench, pointers);
      bench.store(PAGE_OFFSET + FREE + 0x100, 0x12345067);
      bench.call('FlushTLB', [1]);
      assert.deepEqual(bench.reports, []);
    });

    it('a pointer table that is announced as a directory (2.6.32)', () => {
      const bench = kernel({ pae: true });
      bench.store(PAGE_OFFSET + NEW_DIRECTORY + 24, DIRECTORY | 1);
      const flags = typed(bench, PD) | CLONE;
      bench.call('AllocatePage', [NEW_DIRECTORY >>> 12, flags, 0x102], [3, 1]);
      bench.call('SetPxELong', [DIRECTORY | 1, 0, PAGE_OFFSET + NEW_DIRECTORY], [PDP]);
      setCr3(bench, NEW_DIRECTORY);
      setCr3(bench, 0x102000);
      release(bench, NEW_DIRECTORY, PD);
      assert.deepEqual(bench.reports, []);
    });

    it('a directory entry stored with CMPXCHG8B and announced with level PT (2.6.32, set_pte_atomic)', () => {
      const bench = kernel({ pae: true });
      allocate(bench, NEW_TABLE, PT);
      const at = PAGE_OFFSET + DIRECTORY + 8;
      const dword = (value: number): number[] => [
        value & 0xff,
        (value >>> 8) & 0xff,
        (value >>> 16) & 0xff,
        value >>> 24,
      ];
      // xor eax, eax; xor edx, edx; mov ebx, entry; xor ecx, ecx; cmpxchg8b [at]
      bench.execute([
        0x31,
        0xc0,
        0x31,
        0xd2,
        0xbb,
        ...dword(NEW_TABLE | 3),
        0x31,
        0xc9,
        0x0f,
        0xc7,
        0x0d,
        ...dword(at),
      ]);
      bench.call('UpdatePxELong', [at, PT]);
      bench.call('FlushTLB', [3]);
      assert.equal(bench.read(DIRECTORY + 8), NEW_TABLE | 3);
      assert.deepEqual(bench.reports, []);
    });
  });
});

describe('VMI page checks: violations', () => {
  /** The one report that an action causes. */
  function complaint(bench: VmiBench, action: () => void): string {
    const before = bench.reports.length;
    action();
    assert.equal(bench.reports.length, before + 1, bench.reports.join('\n'));
    return bench.reports[before];
  }

  const flushes: Readonly<Record<string, (bench: VmiBench) => void>> = {
    FlushTLB: (bench) => bench.call('FlushTLB', [1]),
    InvalPage: (bench) => bench.call('InvalPage', [USER]),
    'SetLazyMode(0)': (bench) => bench.call('SetLazyMode', [0]),
    'a load of CR3': (bench) => setCr3(bench, DIRECTORY),
  };
  for (const [name, flush] of Object.entries(flushes)) {
    it(`a table written without UpdatePxE is found by ${name}`, () => {
      const bench = kernel();
      allocate(bench, NEW_TABLE, PT);
      bench.store(PAGE_OFFSET + NEW_TABLE + 0x30, FREE | 3);
      assert.deepEqual(bench.reports, []);
      const report = complaint(bench, () => flush(bench));
      assert.match(report, /page 0x114000, a page table \(PT\), was written at 0xc0103000/);
      assert.match(
        report,
        /\(entry 0x114030 became 0x110003 from 0x0\) without UpdatePxE; found (called before|at) 0xc01030/,
      );
    });
  }

  it('a mapping that is changed, but not marks and the bits of the guest', () => {
    const bench = kernel();
    const at = PAGE_OFFSET + TABLE + 4 * 0x1f0;
    for (const entry of [0x1f0e63, 0x1f0003, 0x1f0e43]) bench.store(at, entry);
    bench.call('FlushTLB', [1]);
    assert.deepEqual(bench.reports, []);
    assert.match(
      complaint(bench, () => {
        bench.store(at, 0x1f1003);
        bench.call('FlushTLB', [1]);
      }),
      /became 0x1f1003 from 0x1f0e43/,
    );
    bench.store(at, 0x1f0003);
    bench.call('FlushTLB', [1]);
    assert.equal(bench.reports.length, 1, 'each kind is told once');
  });

  it('a mapping that is taken away, once its table turns out to live on', () => {
    const bench = kernel();
    const at = PAGE_OFFSET + TABLE + 4 * 0x1f0;
    bench.store(at, 0);
    bench.call('FlushTLB', [1]);
    const saved = bench.hypervisor.save();
    bench.hypervisor.load(structuredClone(saved));
    bench.call('SetPxE', [0x1f1003, at + 4, PT]);
    assert.deepEqual(bench.reports, []);
    assert.match(
      complaint(bench, () => bench.call('FlushTLB', [1])),
      /entry 0x1017c0 became 0x0 from 0x1f0003/,
    );
  });

  it('a byte of an entry counts as much as the whole', () => {
    const bench = kernel();
    // mov byte [entry], 1: the low byte alone makes it not writable
    const at = PAGE_OFFSET + TABLE + 4 * 0x1f0;
    const report = complaint(bench, () => {
      bench.execute([0xc6, 0x05, at & 0xff, (at >>> 8) & 0xff, (at >>> 16) & 0xff, at >>> 24, 0x01]);
      bench.call('FlushTLB', [1]);
    });
    assert.match(report, /became 0x1f0001 from 0x1f0003/);
  });

  it('the directory in use written without UpdatePxE; another one when CR3 comes to it', () => {
    const used = kernel();
    assert.match(
      complaint(used, () => {
        used.store(PAGE_OFFSET + DIRECTORY + USER_PDE, TABLE | 3);
        used.call('FlushTLB', [1]);
      }),
      /page 0x100000, a page directory \(PD\)/,
    );
    const other = kernel();
    newProcess(other);
    other.store(PAGE_OFFSET + NEW_DIRECTORY + USER_PDE + 4, TABLE | 3);
    other.call('FlushTLB', [1]);
    assert.deepEqual(other.reports, []);
    assert.match(
      complaint(other, () => setCr3(other, NEW_DIRECTORY)),
      /page 0x115000, a page directory \(PD\), was written at 0xc0103000 without UpdatePxE; found at 0xc0103005/,
    );
  });

  const direct: Readonly<Record<string, [RegExp, (bench: VmiBench) => void]>> = {
    'an entry set in a page that was never allocated': [
      /entry 0x110003 is set in page 0x114000, which was never allocated/,
      (bench) => bench.call('SetPxE', [FREE | 3, PAGE_OFFSET + NEW_TABLE, PT]),
    ],
    'an update of an entry in a page that was never allocated': [
      /entry 0x110003 is set in page 0x114000, which was never allocated/,
      (bench) => {
        bench.store(PAGE_OFFSET + NEW_TABLE, FREE | 3);
        bench.call('UpdatePxE', [PAGE_OFFSET + NEW_TABLE, PT]);
      },
    ],
    'a table linked that was never allocated': [
      /the directory 0x100000 is given the page table 0x114000, which was never allocated/,
      (bench) => bench.call('SetPxE', [NEW_TABLE | 3, PAGE_OFFSET + DIRECTORY + USER_PDE, PD]),
    ],
    'a table released while the directory leads to it': [
      /page 0x114000, a page table \(PT\), is released while the directory 0x100000 still leads to it/,
      (bench) => {
        allocate(bench, NEW_TABLE, PT);
        bench.call('SetPxE', [NEW_TABLE | 3, PAGE_OFFSET + DIRECTORY + USER_PDE, PD]);
        release(bench, NEW_TABLE, PT);
      },
    ],
    'the directory released while CR3 names it': [
      /page 0x100000, a page directory \(PD\), is released while CR3 still leads to it/,
      (bench) => release(bench, DIRECTORY, PD),
    ],
    'a page allocated twice with other types': [
      /page 0x114000 was allocated as page table \(PT\) and now as page directory \(PD\), without ReleasePage/,
      (bench) => {
        allocate(bench, NEW_TABLE, PT);
        allocate(bench, NEW_TABLE, PD);
      },
    ],
    'the directory in use allocated as a table': [
      /page 0x100000 is used as page table \(PT\) and page directory \(PD\) at once/,
      (bench) => allocate(bench, DIRECTORY, PT),
    ],
    'a directory that leads to itself': [
      /page 0x100000 is used as page table \(PT\) and page directory \(PD\) at once/,
      (bench) => bench.call('SetPxE', [DIRECTORY | 3, PAGE_OFFSET + DIRECTORY + 4 * 0x3ff, PD]),
    ],
    'a release of what was not allocated': [
      /page 0x114000 is released but was never allocated called before 0xc0103000/,
      (bench) => release(bench, NEW_TABLE, PT),
    ],
    'a release with another type': [
      /page 0x114000 is released as page directory \(PD\) but was allocated as page table \(PT\)/,
      (bench) => {
        allocate(bench, NEW_TABLE, PT);
        release(bench, NEW_TABLE, PD);
      },
    ],
    'flags without a level': [
      /AllocatePage with flags 0x43, which name no one level/,
      (bench) => allocate(bench, NEW_TABLE, PT | PD),
    ],
    'CR3 loaded with a page table': [
      /CR3 is loaded with page 0x115000, a page table \(PT\) at 0xc0103005/,
      (bench) => {
        for (let i = 0; i < 0x1000; i += 4) bench.write(NEW_DIRECTORY + i, bench.read(DIRECTORY + i));
        allocate(bench, NEW_DIRECTORY, PT);
        setCr3(bench, NEW_DIRECTORY);
      },
    ],
    'CR3 loaded with a page that is nothing': [
      /CR3 is loaded with page 0x115000, which was never allocated as a page directory/,
      (bench) => {
        for (let i = 0; i < 0x1000; i += 4) bench.write(NEW_DIRECTORY + i, bench.read(DIRECTORY + i));
        setCr3(bench, NEW_DIRECTORY);
      },
    ],
  };
  for (const [name, [message, action]] of Object.entries(direct)) {
    it(name, () => {
      const bench = kernel();
      assert.match(
        complaint(bench, () => action(bench)),
        message,
      );
    });
  }

  describe('are not looked for', () => {
    /** Breaks three rules. */
    function breakRules(bench: VmiBench): void {
      bench.store(PAGE_OFFSET + TABLE + 4 * 0x1f0, 0);
      for (let i = 0; i < 0x1000; i += 4) bench.write(NEW_DIRECTORY + i, bench.read(DIRECTORY + i));
      setCr3(bench, NEW_DIRECTORY);
      bench.store(PAGE_OFFSET + TABLE + 4 * 0x1f1, 0);
      bench.execute([0x0f, 0x20, 0xd8, 0x0f, 0x22, 0xd8]);
    }

    it('before VMI_Init', () => {
      const bench = new VmiBench({ init: false });
      breakRules(bench);
      assert.deepEqual(bench.reports, []);
    });

    it('in a guest that looks after its page tables without any call', () => {
      const bench = new VmiBench();
      breakRules(bench);
      bench.call('FlushTLB', [1]);
      assert.deepEqual(bench.reports, []);
    });

    it('with checkPages off, or where a call that a guest needs to tell is withheld', () => {
      for (const vmi of [{ checkPages: 'off' }, { answers: { ReleasePage: 'none' } }] as const) {
        const bench = kernel({ vmi });
        breakRules(bench);
        assert.deepEqual(bench.reports, []);
      }
    });
  });

  it('are found after a snapshot is loaded, and forgotten at power on', () => {
    const bench = kernel({ vmi: { privilege: 0 } });
    allocate(bench, NEW_TABLE, PT);
    bench.store(PAGE_OFFSET + NEW_TABLE, FREE | 3);
    const saved = bench.hypervisor.save();
    bench.hypervisor.reset();
    bench.store(PAGE_OFFSET + NEW_TABLE + 4, FREE | 3);
    bench.hypervisor.load(saved);
    const report = complaint(bench, () => bench.call('FlushTLB', [1]));
    assert.match(report, /entry 0x114000 became 0x110003 from 0x0/);
  });

  it('find a write after a snapshot is loaded into a machine whose translations are warm', () => {
    const bench = kernel({ vmi: { privilege: 0 } });
    allocate(bench, NEW_TABLE, PT);
    const saved = bench.hypervisor.save();
    bench.hypervisor.reset();
    bench.store(PAGE_OFFSET + NEW_TABLE, 0);
    bench.hypervisor.load(saved);
    bench.store(PAGE_OFFSET + NEW_TABLE, FREE | 3);
    assert.equal(bench.reports.length, 0);
    complaint(bench, () => bench.call('FlushTLB', [1]));
  });
});
