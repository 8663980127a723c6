import assert from 'node:assert/strict';
import { FLAG_IF, FLAG_IOPL, FLAG_VM } from '../../../src/machine/layout';
import {
  CODE,
  DeprivilegedGuest,
  FAULT_TSS,
  FAULT_TSS_BASE,
  GDT_BASE,
  HANDLERS,
  IDT_BASE,
  KERNEL_CODE,
  KERNEL_DATA,
  KERNEL_STACK,
  segment,
  STACK,
  TSS_BASE,
  USER,
  USER_CODE,
  USER_DATA,
} from './deprivileged-guest';

const USER_STACK = 0x48000;
const handlerOf = (vector: number): number => HANDLERS + 16 * vector;

describe('VMI: IRET', () => {
  it('returns within the kernel, with IF from the frame and without IOPL', () => {
    for (const eflags of [0x3246, 0x3046]) {
      const guest = new DeprivilegedGuest();
      guest.jumpTo('IRET', [CODE, KERNEL_CODE | 1, eflags]);
      assert.equal(guest.state.eip, CODE);
      assert.equal(guest.selector('CS'), KERNEL_CODE | 1);
      assert.equal(guest.reg('ESP'), STACK);
      assert.equal(guest.state.eflags & FLAG_IF, eflags & FLAG_IF);
      assert.equal(guest.state.eflags & FLAG_IOPL, 0);
      assert.equal(guest.state.eflags & 0xd5, 0x44, 'the other flags');
    }
  });

  it('takes a selector of level 0 for the kernel', () => {
    const guest = new DeprivilegedGuest();
    guest.jumpTo('IRET', [CODE, KERNEL_CODE, 2]);
    assert.equal(guest.selector('CS'), KERNEL_CODE | 1);
    assert.equal(guest.state.cpl, 1);
  });

  it('returns to user mode, and clears what user mode may not have', () => {
    const guest = new DeprivilegedGuest();
    guest.machine.cpu.segmentation.load(4, KERNEL_DATA); // FS
    guest.enterUser(USER, USER_STACK, 0x3202);
    assert.equal(guest.state.cpl, 3);
    assert.deepEqual([guest.selector('CS'), guest.selector('SS')], [USER_CODE, USER_DATA]);
    assert.deepEqual([guest.state.eip, guest.reg('ESP')], [USER, USER_STACK]);
    assert.deepEqual([guest.selector('DS'), guest.selector('FS')], [USER_DATA, 0]);
    assert.equal(guest.state.eflags & FLAG_IOPL, 0);
  });

  it('lets user mode run with interrupts on, whatever the frame says', () => {
    const guest = new DeprivilegedGuest();
    guest.enterUser(USER, USER_STACK, 0x2);
    assert.ok(guest.state.eflags & FLAG_IF);
    assert.match(guest.reports.join(), /user mode goes on with interrupts on/);
  });

  it('returns to V86 mode, which the instruction cannot do at level 1', () => {
    const guest = new DeprivilegedGuest();
    guest.jumpTo('IRET', [0x10, 0x3800, 0x23202, 0x100, 0x4800, 0x1111, 0x2222, 0x3333, 0x4444]);
    assert.ok(guest.state.eflags & FLAG_VM);
    assert.equal(guest.state.cpl, 3);
    assert.equal(guest.state.eflags & FLAG_IOPL, 0);
    assert.deepEqual(
      (['CS', 'SS', 'ES', 'DS', 'FS', 'GS'] as const).map((name) => guest.selector(name)),
      [0x3800, 0x4800, 0x1111, 0x2222, 0x3333, 0x4444],
    );
    assert.deepEqual([guest.state.eip, guest.reg('ESP')], [0x10, 0x100]);
  });

  it('drops the return address where the session has it entered by a call', () => {
    for (const privilege of [1, 0] as const) {
      const guest = new DeprivilegedGuest({ vmi: { privilege, answers: { IRET: 'call' } } });
      assert.equal(guest.relocation('IRET').type, 1);
      const cs = KERNEL_CODE | privilege;
      guest.call('IRET', {}, [CODE, cs, 0x202], privilege === 1 ? 1 : 2);
      assert.equal(guest.state.eip, CODE, `level ${privilege}`);
      assert.ok(guest.state.eflags & FLAG_IF);
    }
  });

  it('raises the faults of the instruction, and leaves everything as it was', () => {
    for (const [frame, vector, errorCode] of [
      [[USER, 0x1f3, 0x202, USER_STACK, USER_DATA], 13, 0x1f0],
      [[USER, USER_CODE, 0x202, USER_STACK, 0x1fb], 13, 0x1f8],
      [[USER, USER_CODE, 0x202, USER_STACK, KERNEL_DATA | 3], 13, KERNEL_DATA],
      [[USER, 0, 0x202, USER_STACK, USER_DATA], 13, 0],
    ] as const) {
      const guest = new DeprivilegedGuest();
      guest.forget();
      guest.stopAtFaults = true;
      const before = [guest.selector('CS'), guest.selector('SS'), guest.state.eflags, STACK - 4 * frame.length];
      guest.jumpTo('IRET', frame);
      assert.deepEqual(
        guest.faults.map((fault) => [fault.vector, fault.errorCode]),
        [[vector, errorCode]],
      );
      assert.deepEqual(
        [guest.selector('CS'), guest.selector('SS'), guest.state.eflags & ~0x10000, guest.reg('ESP')],
        before,
      );
    }
  });

  it('is left to the processor by a kernel at level 0', () => {
    const guest = new DeprivilegedGuest({ vmi: { privilege: 0 } });
    guest.jumpTo('IRET', [CODE, KERNEL_CODE, 0x3202]);
    assert.equal(guest.state.eip, CODE);
    assert.equal(guest.state.eflags & FLAG_IOPL, 0x3000, 'IOPL comes from the frame');
    assert.deepEqual(
      guest.exits.filter(({ hypercall }) => hypercall === 'IRET'),
      [],
    );
  });
});

describe('VMI: SYSENTER and SYSEXIT', () => {
  function withSysenter(): DeprivilegedGuest {
    const guest = new DeprivilegedGuest();
    for (const [msr, value] of [
      [0x174, KERNEL_CODE],
      [0x175, KERNEL_STACK],
      [0x176, CODE],
    ]) {
      guest.call('WRMSR', { ECX: msr, EAX: value, EDX: 0 });
    }
    return guest;
  }

  it('SYSEXIT goes to user mode with interrupts on', () => {
    const guest = withSysenter();
    guest.setRegisters({ EDX: USER, ECX: USER_STACK });
    guest.jumpTo('SYSEXIT', []);
    assert.deepEqual([guest.selector('CS'), guest.selector('SS'), guest.state.cpl], [USER_CODE, USER_DATA, 3]);
    assert.deepEqual([guest.state.eip, guest.reg('ESP')], [USER, USER_STACK]);
    assert.ok(guest.state.eflags & FLAG_IF);
  });

  it('SYSENTER enters the kernel at its level', () => {
    const guest = withSysenter();
    guest.enterUser();
    guest.forget();
    guest.run([0x0f, 0x34], 1, USER);
    assert.deepEqual([guest.selector('CS'), guest.selector('SS')], [KERNEL_CODE | 1, KERNEL_DATA | 1]);
    assert.deepEqual([guest.state.cpl, guest.state.eip, guest.reg('ESP')], [1, CODE, KERNEL_STACK]);
    assert.equal(guest.state.eflags & FLAG_IF, 0);
    assert.deepEqual(guest.faults, []);
  });

  it('SYSEXIT without the registers set up is #GP(0)', () => {
    const guest = new DeprivilegedGuest();
    guest.forget();
    guest.stopAtFaults = true;
    guest.jumpTo('SYSEXIT', []);
    assert.deepEqual(
      guest.faults.map(({ vector, errorCode }) => [vector, errorCode]),
      [[13, 0]],
    );
    assert.equal(guest.state.cpl, 1);
  });
});

describe('VMI: entries of the kernel', () => {
  it('from user mode begin on the stack of SetTR, then of UpdateKernelStack', () => {
    const guest = new DeprivilegedGuest();
    guest.enterUser();
    guest.run([0xcd, 0x80], 1, USER);
    assert.deepEqual([guest.state.cpl, guest.selector('CS'), guest.selector('SS')], [1, 0x61, 0x69]);
    assert.equal(guest.state.eip, handlerOf(0x80));
    assert.equal(guest.reg('ESP'), KERNEL_STACK - 20);
    assert.deepEqual(guest.stack(5), [USER + 2, USER_CODE, 0x202, USER_STACK, USER_DATA]);
    guest.call('UpdateKernelStack', { EAX: KERNEL_DATA, EDX: 0x57000 });
    guest.enterUser();
    guest.run([0xcd, 0x80], 1, USER);
    assert.equal(guest.reg('ESP'), 0x57000 - 20);
  });

  it('take the selector from a TSS, where UpdateKernelStack names one', () => {
    const guest = new DeprivilegedGuest();
    guest.setEntry(GDT_BASE, 3, segment(0x1000, 0xfffff, 0x93));
    guest.write(TSS_BASE + 8, 0x18);
    guest.call('UpdateKernelStack', { EAX: TSS_BASE, EDX: 0x56000 });
    guest.enterUser();
    guest.run([0xcd, 0x80], 1, USER);
    assert.deepEqual([guest.selector('SS'), guest.reg('ESP')], [0x19, 0x56000 - 20]);
    assert.equal(guest.state.segmentBase(2), 0x1000);
  });

  it('from the kernel itself push no stack pointer, by exceptions and by INT n', () => {
    const guest = new DeprivilegedGuest();
    guest.run([0xcd, 0x30], 1);
    assert.deepEqual([guest.state.eip, guest.reg('ESP')], [handlerOf(0x30), STACK - 12]);
    assert.deepEqual(guest.stack(3), [CODE + 2, 0x61, 0x2]);
    guest.setRegisters({ ESP: STACK });
    guest.run([0x0f, 0x0b], 1); // UD2
    assert.equal(guest.faults.at(-1)?.vector, 6);
  });

  it('from V86 mode begin there, too, with the data segments pushed', () => {
    const guest = new DeprivilegedGuest();
    guest.jumpTo('IRET', [0x10, 0x3800, 0x20202, 0x100, 0x4800, 0x1111, 0x2222, 0x3333, 0x4444]);
    // INT3: the gate is of the kernel's level, which V86 mode may not use.
    guest.machine.memory.poke(0x38010, Uint8Array.of(0xcc));
    guest.machine.run(1);
    assert.equal(guest.faults.at(-1)?.vector, 13);
    const frame = guest.stack(10);
    assert.equal(guest.state.cpl, 1);
    assert.deepEqual(frame.slice(1, 3), [0x10, 0x3800]);
    assert.deepEqual(frame.slice(4), [0x100, 0x4800, 0x1111, 0x2222, 0x3333, 0x4444]);
    assert.ok(frame[3] & FLAG_VM);
  });

  it('find a code segment of level 0 that was written raw, at their own level', () => {
    const guest = new DeprivilegedGuest();
    guest.setEntry(GDT_BASE, KERNEL_CODE >>> 3, segment(0, 0xfffff, 0x9b));
    guest.setEntry(GDT_BASE, KERNEL_DATA >>> 3, segment(0, 0xfffff, 0x93));
    guest.enterUser();
    guest.run([0xcd, 0x80], 1, USER);
    assert.deepEqual([guest.state.cpl, guest.selector('CS'), guest.selector('SS')], [1, 0x61, 0x69]);
  });

  it('by a task gate, as of #DF, find selectors of level 0 in the TSS', () => {
    const guest = new DeprivilegedGuest();
    const { machine } = guest;
    guest.setEntry(IDT_BASE, 8, [FAULT_TSS << 16, 0x8500]);
    for (const [at, value] of [
      [0x20, CODE],
      [0x24, 0x3082],
      [0x38, 0x55000],
      [0x48, USER_DATA],
      [0x4c, KERNEL_CODE],
      [0x50, KERNEL_DATA],
      [0x54, USER_DATA],
    ]) {
      guest.write(FAULT_TSS_BASE + at, value);
    }
    // #GP whose handler is not there: #NP while it is delivered, which makes #DF.
    guest.setEntry(IDT_BASE, 13, [0, 0]);
    guest.setEntry(IDT_BASE, 11, [0, 0]);
    guest.enterUser();
    guest.forget();
    machine.memory.poke(CODE, Uint8Array.of(0xf4));
    guest.run([0xf4], 1, USER);
    assert.deepEqual(
      guest.faults.map(({ vector }) => vector),
      [13, 8],
    );
    assert.deepEqual(
      [guest.state.cpl, guest.selector('CS'), guest.selector('SS'), guest.selector('TR')],
      [1, 0x61, 0x69, FAULT_TSS],
    );
    assert.equal(guest.state.eflags & FLAG_IOPL, 0);
    assert.deepEqual(guest.stack(1), [0], 'the error code');
  });
});

describe('VMI: ports', () => {
  it('of the kernel take the trap path, whatever the I/O map says', () => {
    const guest = new DeprivilegedGuest();
    guest.forget();
    guest.run([0xb0, 0x5a, 0xe6, 0x80], 2);
    assert.deepEqual(
      guest.exits.map(({ reason, channel, port, value, cpl }) => [reason, channel, port, value, cpl]),
      [['IO', 'trap', 0x80, 0x5a, 1]],
    );
    assert.deepEqual(guest.faults, []);
  });

  it('of user mode obey SetIOPLMask and the I/O map', () => {
    const faultsOf = (prepare: (guest: DeprivilegedGuest) => void): number => {
      const guest = new DeprivilegedGuest();
      prepare(guest);
      guest.enterUser();
      guest.forget();
      guest.run([0xe6, 0x80], 1, USER);
      if (guest.faults.length === 0) assert.equal(guest.exits[0].port, 0x80);
      return guest.faults.length;
    };
    assert.equal(
      faultsOf(() => undefined),
      1,
    );
    assert.equal(
      faultsOf((guest) => guest.call('SetIOPLMask', { EAX: 0x3000 })),
      0,
    );
    assert.equal(
      faultsOf((guest) => guest.call('SetIOPLMask', { EAX: 0x2000 })),
      1,
    );
    assert.equal(
      faultsOf((guest) => guest.write(TSS_BASE + 0x68 + 0x10, 0xfffffffe)),
      0,
    );
  });

  it('of V86 mode obey the map alone', () => {
    const guest = new DeprivilegedGuest();
    guest.call('SetIOPLMask', { EAX: 0x3000 });
    guest.jumpTo('IRET', [0x10, 0x3800, 0x20202, 0x100, 0x4800, 0, 0, 0, 0]);
    guest.forget();
    guest.machine.memory.poke(0x38010, Uint8Array.of(0xe6, 0x80));
    guest.machine.run(1);
    assert.equal(guest.faults[0]?.vector, 13);
  });
});
