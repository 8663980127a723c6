import assert from 'node:assert/strict';
import * as layout from '../../../src/machine/layout';
import { FLAG_IOPL } from '../../../src/machine/layout';
import {
  DATA,
  DeprivilegedGuest,
  GDT_BASE,
  IDT_BASE,
  KERNEL_CODE,
  KERNEL_DATA,
  LDT_BASE,
  segment,
  STACK,
  TSS,
  USER_DATA,
} from './deprivileged-guest';

describe('VMI_Init', () => {
  it('lets the kernel go on at level 1, with its segments at that level', () => {
    const guest = new DeprivilegedGuest();
    assert.ok(guest.returned);
    assert.equal(guest.state.cpl, 1);
    assert.deepEqual([guest.selector('CS'), guest.selector('SS')], [KERNEL_CODE | 1, KERNEL_DATA | 1]);
    assert.deepEqual([guest.selector('DS'), guest.selector('ES')], [USER_DATA, USER_DATA]);
    assert.equal(guest.reg('ESP'), STACK);
  });

  it('preserves EBX, ESI, EDI and EBP', () => {
    const guest = new DeprivilegedGuest({ init: false });
    guest.setRegisters({ EBX: 1, ESI: 2, EDI: 3, EBP: 4 });
    guest.init();
    assert.deepEqual(
      (['EBX', 'ESI', 'EDI', 'EBP'] as const).map((name) => guest.reg(name)),
      [1, 2, 3, 4],
    );
  });

  it('lowers IOPL, so that CLI, STI, IN and OUT of the kernel fault', () => {
    const guest = new DeprivilegedGuest({ init: false });
    assert.equal(guest.state.eflags & FLAG_IOPL, 0x3000);
    guest.init();
    assert.equal(guest.state.eflags & FLAG_IOPL, 0);
  });

  it('raises code, data and gates of level 0 where the guest sees them, and nothing else', () => {
    const guest = new DeprivilegedGuest();
    assert.equal(guest.dpl(GDT_BASE, KERNEL_CODE >>> 3), 1);
    assert.equal(guest.dpl(GDT_BASE, KERNEL_DATA >>> 3), 1);
    assert.equal(guest.dpl(GDT_BASE, USER_DATA >>> 3), 3);
    assert.equal(guest.dpl(GDT_BASE, TSS >>> 3), 0);
    assert.deepEqual(guest.entry(GDT_BASE, 0), [0, 0]);
    assert.equal(guest.dpl(IDT_BASE, 0x20), 1);
    assert.equal(guest.dpl(IDT_BASE, 0x80), 3);
  });

  it('keeps segment registers that the new table allows, and clears those that it does not', () => {
    const guest = new DeprivilegedGuest({ init: false });
    guest.setEntry(GDT_BASE, 2, segment(DATA, 0xfffff, 0x93));
    guest.machine.cpu.segmentation.load(4, 0x10); // FS
    guest.machine.cpu.segmentation.load(5, KERNEL_DATA); // GS
    // The table has changed since: what FS was loaded from is no longer there.
    guest.setEntry(GDT_BASE, 2, [0, 0]);
    guest.init();
    assert.deepEqual([guest.selector('FS'), guest.selector('GS')], [0, KERNEL_DATA]);
    assert.equal(guest.run([0x64, 0xa1, 0, 0, 0, 0], 1), 'budget');
    assert.deepEqual(guest.faults.at(-1)?.vector, 13, 'FS is not usable');
  });

  it('takes an LDT into account', () => {
    const guest = new DeprivilegedGuest({ init: false });
    guest.setEntry(LDT_BASE, 1, segment(0, 0xfffff, 0x93));
    guest.setEntry(LDT_BASE, 2, segment(0, 0xfffff, 0xf3));
    guest.machine.cpu.operations.loadLdt(0x88);
    guest.init();
    assert.deepEqual([guest.dpl(LDT_BASE, 1), guest.dpl(LDT_BASE, 2)], [1, 3]);
  });

  it('leaves what is not mapped alone, however large the tables claim to be', () => {
    const guest = new DeprivilegedGuest({ init: false });
    const { state, machine } = guest;
    const { memory } = machine;
    // One to one for the 2 MiB of RAM; the table begins in the last page and claims 64 KiB.
    for (let page = 0; page < 512; page++) memory.write(0x81000 + 4 * page, 4, (page << 12) | 3);
    memory.write(0x80000, 4, 0x81003);
    memory.poke(0x1ff000, memory.peek(GDT_BASE, 0x100));
    state.set(layout.GDTR_BASE, 0x1ff000);
    state.set(layout.GDTR_LIMIT, 0xffff);
    state.setCr(3, 0x80000);
    state.setCr(0, 0x80000011);
    machine.cpu.mmu.flush();
    assert.equal(guest.init(), 0);
    assert.deepEqual(guest.faults, []);
    assert.equal(guest.dpl(0x1ff000, KERNEL_CODE >>> 3), 1);
  });

  it('leaves everything as it is with privilege 0', () => {
    const guest = new DeprivilegedGuest({ vmi: { privilege: 0 } });
    assert.equal(guest.state.cpl, 0);
    assert.deepEqual([guest.selector('CS'), guest.selector('SS')], [KERNEL_CODE, KERNEL_DATA]);
    assert.equal(guest.dpl(GDT_BASE, KERNEL_CODE >>> 3), 0);
    assert.equal(guest.dpl(IDT_BASE, 0x20), 0);
    assert.equal(guest.state.eflags & FLAG_IOPL, 0x3000);
  });

  it('may be made again, which is reported, and keeps the kernel stack', () => {
    const guest = new DeprivilegedGuest();
    guest.call('UpdateKernelStack', { EAX: KERNEL_DATA, EDX: 0x57000 });
    guest.setEntry(GDT_BASE, 2, segment(0, 0xfffff, 0x93));
    assert.equal(guest.init(), 0);
    assert.equal(guest.state.cpl, 1);
    assert.equal(guest.dpl(GDT_BASE, 2), 1);
    assert.equal(guest.reports.filter((report) => report.includes('VMI_Init once more')).length, 1);
    guest.enterUser();
    guest.run([0xcd, 0x80], 1, 0x38000);
    assert.equal(guest.reg('ESP'), 0x57000 - 20);
  });

  it('is undone by power on, and is in saved states', () => {
    const guest = new DeprivilegedGuest();
    guest.call('UpdateKernelStack', { EAX: KERNEL_DATA, EDX: 0x57000 });
    guest.call('SetIOPLMask', { EAX: 0x3000 });
    const saved = guest.hypervisor.save();
    const { rings } = guest.hypervisor;
    assert.deepEqual(
      [rings?.kernelLevel, rings?.stackSelector, rings?.stackPointer, rings?.portLevel],
      [1, KERNEL_DATA, 0x57000, 3],
    );
    guest.hypervisor.reset();
    assert.deepEqual([rings?.kernelLevel, rings?.stackPointer, rings?.portLevel], [0, 0, 0]);
    guest.hypervisor.load(saved);
    assert.deepEqual(
      [rings?.kernelLevel, rings?.stackSelector, rings?.stackPointer, rings?.portLevel],
      [1, KERNEL_DATA, 0x57000, 3],
    );
  });
});
