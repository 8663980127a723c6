import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import {
  CODE,
  DATA,
  DeprivilegedGuest,
  type Entry,
  GDT_BASE,
  IDT_BASE,
  KERNEL_CODE,
  KERNEL_DATA,
  LDT,
  LDT_BASE,
  segment,
  STACK,
  system,
  TLS,
  TSS,
  TSS_BASE,
} from './deprivileged-guest';

const NEW_GDT = 0x15000;

/** {u16 limit, u32 base} at DATA. */
function pseudoDescriptor(guest: DeprivilegedGuest, base: number, limit: number): void {
  guest.machine.memory.poke(DATA, Uint8Array.of(limit & 0xff, limit >>> 8, base & 0xff, base >>> 8, base >>> 16, 0));
}

function writeEntry(guest: DeprivilegedGuest, call: string, table: number, index: number, [low, high]: Entry): void {
  guest.call(call, { EAX: table, EDX: index, ECX: low }, [high]);
}

function fault(guest: DeprivilegedGuest, work: () => void): [number, number] | undefined {
  guest.forget();
  guest.stopAtFaults = true;
  work();
  return guest.faults.length > 0 ? [guest.faults[0].vector, guest.faults[0].errorCode] : undefined;
}

describe('VMI: SetGDT', () => {
  it('loads the table, raises its entries and loads the segment registers from it', () => {
    const guest = new DeprivilegedGuest();
    guest.machine.memory.poke(NEW_GDT, guest.machine.memory.peek(GDT_BASE, 0x100));
    // What the kernel builds by itself is at level 0; and its data segment is another one.
    guest.setEntry(NEW_GDT, KERNEL_CODE >>> 3, segment(0, 0xfffff, 0x9b));
    guest.setEntry(NEW_GDT, KERNEL_DATA >>> 3, segment(0, 0x7ffff, 0x93));
    guest.setEntry(NEW_GDT, 0x7b >>> 3, segment(0x1000, 0xffffe, 0xf3));
    pseudoDescriptor(guest, NEW_GDT, 0xff);
    guest.call('SetGDT', { EAX: DATA });
    assert.deepEqual([guest.state.get(layout.GDTR_BASE), guest.state.get(layout.GDTR_LIMIT)], [NEW_GDT, 0xff]);
    assert.deepEqual([guest.dpl(NEW_GDT, KERNEL_CODE >>> 3), guest.dpl(NEW_GDT, KERNEL_DATA >>> 3)], [1, 1]);
    assert.equal(guest.state.segmentLimit(2), 0x7fffffff, 'SS is the new one');
    assert.equal(guest.state.segmentBase(3), 0x1000, 'DS is the new one');
    assert.deepEqual(guest.faults, []);
  });

  it('clears data segments that the new table does not have, and keeps CS and SS with a report', () => {
    const guest = new DeprivilegedGuest();
    pseudoDescriptor(guest, NEW_GDT, 0x3f);
    guest.call('SetGDT', { EAX: DATA });
    assert.deepEqual([guest.selector('DS'), guest.selector('ES')], [0, 0]);
    assert.deepEqual([guest.selector('CS'), guest.selector('SS')], [0x61, 0x69]);
    assert.equal(guest.reports.filter((report) => report.includes('keeps the old one')).length, 2);
    assert.ok(guest.returned);
  });

  it('faults where its argument is not to be read', () => {
    const guest = new DeprivilegedGuest();
    guest.setEntry(GDT_BASE, 0x7b >>> 3, segment(0, 0xff, 0xf3));
    guest.machine.cpu.segmentation.load(3, 0x7b);
    assert.deepEqual(
      fault(guest, () => guest.call('SetGDT', { EAX: 0x100000 }, [], 1)),
      [13, 0],
    );
    assert.equal(guest.state.get(layout.GDTR_BASE), GDT_BASE);
  });
});

describe('VMI: SetIDT, GetGDT, GetIDT', () => {
  it('load and store what the guest sees; gates of level 0 are raised', () => {
    const guest = new DeprivilegedGuest();
    guest.setEntry(NEW_GDT, 3, [0x600000, 0x8e00]);
    guest.setEntry(NEW_GDT, 4, [0x600000, 0xee00]);
    guest.setEntry(NEW_GDT, 5, [0xf80000, 0x8500]);
    pseudoDescriptor(guest, NEW_GDT, 0x2f);
    guest.call('SetIDT', { EAX: DATA });
    assert.deepEqual(
      [3, 4, 5].map((index) => guest.dpl(NEW_GDT, index)),
      [1, 3, 1],
    );
    guest.call('GetIDT', { EAX: DATA + 0x10 });
    guest.call('GetGDT', { EAX: DATA + 0x20 });
    const stored = (at: number): number[] => [guest.machine.memory.read(at, 2), guest.machine.memory.read(at + 2, 4)];
    assert.deepEqual(stored(DATA + 0x10), [0x2f, NEW_GDT]);
    assert.deepEqual(stored(DATA + 0x20), [0xff, GDT_BASE]);
  });
});

describe('VMI: WriteGDTEntry', () => {
  it('stores a descriptor at the level that the kernel may have', () => {
    const guest = new DeprivilegedGuest();
    writeEntry(guest, 'WriteGDTEntry', GDT_BASE, 2, segment(0x1234, 0xfffff, 0x93));
    assert.deepEqual(guest.entry(GDT_BASE, 2), segment(0x1234, 0xfffff, 0xb3));
    writeEntry(guest, 'WriteGDTEntry', GDT_BASE, TLS >>> 3, segment(0x1234, 0xfffff, 0xf3));
    assert.deepEqual(guest.entry(GDT_BASE, TLS >>> 3), segment(0x1234, 0xfffff, 0xf3));
    writeEntry(guest, 'WriteGDTEntry', GDT_BASE, TSS >>> 3, system(TSS_BASE, 0x2073, 0x89));
    assert.deepEqual(guest.entry(GDT_BASE, TSS >>> 3), system(TSS_BASE, 0x2073, 0x89));
  });

  it('gives a segment register that uses the entry the new one, and only that', () => {
    const guest = new DeprivilegedGuest();
    writeEntry(guest, 'WriteGDTEntry', GDT_BASE, TLS >>> 3, segment(0x1000, 0xfffff, 0xf3));
    guest.machine.cpu.segmentation.load(5, TLS); // GS
    writeEntry(guest, 'WriteGDTEntry', GDT_BASE, TLS >>> 3, segment(0x2000, 0xfffff, 0xf3));
    assert.equal(guest.state.segmentBase(5), 0x2000);
    writeEntry(guest, 'WriteGDTEntry', NEW_GDT, TLS >>> 3, segment(0x3000, 0xfffff, 0xf3));
    assert.equal(guest.state.segmentBase(5), 0x2000, 'another table');
    writeEntry(guest, 'WriteGDTEntry', GDT_BASE, TLS >>> 3, [0, 0]);
    assert.equal(guest.selector('GS'), 0, 'not there any more');
  });

  it('refuses an index that no table has', () => {
    for (const [call, index] of [
      ['WriteGDTEntry', 0x2000],
      ['WriteLDTEntry', 0x2000],
      ['WriteIDTEntry', 0x100],
      ['WriteGDTEntry', 0xffffffff],
    ] as const) {
      const guest = new DeprivilegedGuest();
      assert.deepEqual(
        fault(guest, () => guest.call(call, { EAX: DATA, EDX: index, ECX: 0 }, [0], 1)),
        [13, 0],
      );
      assert.match(guest.reports.join(), new RegExp(`${call} of entry ${index}`));
    }
  });
});

describe('VMI: WriteLDTEntry and SetLDT', () => {
  it('store and load, and live segments follow', () => {
    const guest = new DeprivilegedGuest();
    guest.call('SetLDT', { EAX: LDT });
    writeEntry(guest, 'WriteLDTEntry', LDT_BASE, 1, segment(0x1000, 0xfffff, 0xf3));
    guest.machine.cpu.segmentation.load(5, 0xf);
    writeEntry(guest, 'WriteLDTEntry', LDT_BASE, 1, segment(0x2000, 0xfffff, 0x93));
    assert.equal(guest.dpl(LDT_BASE, 1), 1);
    assert.equal(guest.selector('GS'), 0, 'RPL 3 may not use level 1');
    writeEntry(guest, 'WriteLDTEntry', LDT_BASE, 2, segment(0x3000, 0xfffff, 0xf3));
    guest.machine.cpu.segmentation.load(5, 0x17);
    guest.call('SetLDT', { EAX: 0 });
    assert.equal(guest.selector('GS'), 0, 'no table any more');
    assert.equal(guest.selector('LDTR'), 0);
  });

  it('SetLDT refuses what is no LDT', () => {
    const guest = new DeprivilegedGuest();
    assert.deepEqual(
      fault(guest, () => guest.call('SetLDT', { EAX: KERNEL_DATA }, [], 1)),
      [13, KERNEL_DATA],
    );
  });

  it('SetLDT raises what the kernel has put into the table by itself', () => {
    const guest = new DeprivilegedGuest();
    guest.setEntry(LDT_BASE, 3, segment(0, 0xfffff, 0x93));
    guest.call('SetLDT', { EAX: LDT });
    assert.equal(guest.dpl(LDT_BASE, 3), 1);
  });
});

describe('VMI: WriteIDTEntry', () => {
  it('stores gates that INT n of the kernel reaches', () => {
    const guest = new DeprivilegedGuest();
    writeEntry(guest, 'WriteIDTEntry', IDT_BASE, 0x44, [(KERNEL_CODE << 16) | 0x0080, 0x00030000 | 0x8e00]);
    assert.deepEqual(guest.entry(IDT_BASE, 0x44), [(KERNEL_CODE << 16) | 0x0080, 0x00030000 | 0xae00]);
    guest.run([0xcd, 0x44], 1);
    assert.deepEqual(guest.faults, []);
    assert.deepEqual([guest.state.eip, guest.reg('ESP')], [CODE + 0x80, STACK - 12]);
  });
});

describe('VMI: SetTR', () => {
  it('loads the task register, marks the TSS busy and takes its stack', () => {
    const guest = new DeprivilegedGuest();
    writeEntry(guest, 'WriteGDTEntry', GDT_BASE, TSS >>> 3, system(TSS_BASE, 0x2073, 0x89));
    guest.write(TSS_BASE + 4, 0x54000);
    guest.call('SetTR', { EAX: TSS });
    assert.equal((guest.entry(GDT_BASE, TSS >>> 3)[1] >>> 8) & 0xff, 0x8b);
    assert.equal(guest.hypervisor.rings?.stackPointer, 0x54000);
  });

  it('leaves the stack to the TSS, whatever it says later, until UpdateKernelStack names one', () => {
    const guest = new DeprivilegedGuest();
    writeEntry(guest, 'WriteGDTEntry', GDT_BASE, TSS >>> 3, system(TSS_BASE, 0x2073, 0x89));
    guest.write(TSS_BASE + 4, 0x54000);
    guest.write(TSS_BASE + 8, KERNEL_DATA);
    guest.call('SetTR', { EAX: TSS });
    guest.write(TSS_BASE + 4, 0x55000);
    guest.enterUser();
    guest.run([0xcd, 0x80], 1, 0x38000);
    assert.equal(guest.reg('ESP'), 0x55000 - 20);
    guest.call('UpdateKernelStack', { EAX: KERNEL_DATA, EDX: 0x57000 });
    guest.enterUser();
    guest.run([0xcd, 0x80], 1, 0x38000);
    assert.equal(guest.reg('ESP'), 0x57000 - 20);
  });

  it('refuses a TSS that is busy, and what is none', () => {
    for (const selector of [TSS, KERNEL_DATA, 0x1f8]) {
      const guest = new DeprivilegedGuest();
      assert.deepEqual(
        fault(guest, () => guest.call('SetTR', { EAX: selector }, [], 1)),
        [13, selector],
      );
    }
  });
});
