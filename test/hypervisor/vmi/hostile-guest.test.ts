import assert from 'node:assert/strict';
import { VMI_ABI } from '../../../src/hypervisor/abi/vmi/abi';
import { stubOffset, VMI_INIT_OFFSET, VMI_ROM_ADDRESS } from '../../../src/hypervisor/abi/vmi/rom';
import * as layout from '../../../src/machine/layout';
import { SegmentIndex } from '../../../src/machine/layout';
import { CODE, DeprivilegedGuest, GDT_BASE, IDT_BASE, LDT, segment, STACK, system, USER } from './deprivileged-guest';

const NONSENSE = [0, 1, 0xfff, 0x1ffff8, 0x200000, 0x7fffffff, 0xbfffffff, 0xfffffff0, 0xffffffff];

describe('VMI: a hostile guest', () => {
  it('gets no further than a fault with nonsense for arguments', () => {
    const guest = new DeprivilegedGuest();
    const restore = guest.checkpoint();
    for (const { name, number } of VMI_ABI.calls) {
      if (number > 37 && number !== 61) continue;
      for (const value of NONSENSE) {
        restore();
        guest.setRegisters({ EAX: value, EDX: value, ECX: value, EBX: value });
        guest.call(name, {}, [value, value], 3);
        // Whatever it did: the level is the guest's, and the ROM is what it was.
        assert.notEqual(guest.state.cpl, 0, `${name} 0x${value.toString(16)}`);
        assert.equal(guest.machine.memory.peek(VMI_ROM_ADDRESS + VMI_INIT_OFFSET, 1)[0], 0x0f);
      }
    }
  });

  it('may claim an LDT of 4 GiB, and a GDT at the end of memory', () => {
    const guest = new DeprivilegedGuest();
    const [low, high] = system(0x13000, 0xffff, 0x82);
    guest.setEntry(GDT_BASE, LDT >>> 3, [low, high | 0x8f0000]);
    guest.call('SetLDT', { EAX: LDT });
    assert.ok(guest.returned);
    guest.machine.memory.poke(0x60000, Uint8Array.of(0xff, 0xff, 0xf8, 0xff, 0xff, 0xff));
    guest.call('SetGDT', { EAX: 0x60000 });
    guest.machine.memory.poke(0x60000, Uint8Array.of(0xff, 0xff, 0xf8, 0xff, 0xff, 0xff));
    guest.call('SetIDT', { EAX: 0x60000 });
    assert.notEqual(guest.state.cpl, 0);
  });

  it('cannot call from user mode, by whatever door', () => {
    const guest = new DeprivilegedGuest();
    guest.enterUser();
    const restore = guest.checkpoint();
    for (const { number, name } of VMI_ABI.calls) {
      if (number > 37) continue;
      restore();
      guest.forget();
      guest.stopAtFaults = true;
      guest.jump(VMI_ROM_ADDRESS + stubOffset(number));
      guest.machine.run(1);
      assert.deepEqual(
        guest.faults.map(({ vector }) => vector),
        [13],
        name,
      );
      assert.deepEqual(guest.exits, []);
    }
  });

  it('cannot get to level 0 by segments, gates, tasks or returns', () => {
    const attempts: readonly ((guest: DeprivilegedGuest) => void)[] = [
      // A far jump, a far return, an interrupt return and a call gate to code of level 0.
      (guest) => guest.run([0xea, 0, 0, 3, 0, 0x10, 0], 3),
      (guest) => guest.run([0x68, 0x10, 0, 0, 0, 0x68, 0, 0, 3, 0, 0xcb], 5),
      (guest) => guest.run([0x6a, 2, 0x68, 0x10, 0, 0, 0, 0x68, 0, 0, 3, 0, 0xcf], 6),
      (guest) => {
        guest.setEntry(GDT_BASE, 3, [(0x10 << 16) | 0x0000, 0x00038c00]);
        guest.run([0x9a, 0, 0, 0, 0, 0x18, 0], 3);
      },
      (guest) => guest.run([0xcd, 0x21], 2),
      // An interrupt whose gate leads to it.
      (guest) => {
        guest.setEntry(IDT_BASE, 0x21, [(0x10 << 16) | 0x0000, 0x00038e00]);
        guest.run([0xcd, 0x21], 2);
      },
      // SYSENTER to it.
      (guest) => {
        guest.call('WRMSR', { ECX: 0x174, EAX: 0x10, EDX: 0 });
        guest.call('WRMSR', { ECX: 0x176, EAX: CODE, EDX: 0 });
        guest.run([0x0f, 0x34], 1);
      },
    ];
    for (const [index, attempt] of attempts.entries()) {
      const guest = new DeprivilegedGuest();
      guest.setEntry(GDT_BASE, 2, segment(0, 0xfffff, 0x9b));
      attempt(guest);
      assert.notEqual(guest.state.cpl, 0, `attempt ${index}`);
      assert.notEqual(guest.selector('CS') & 3, 0, `attempt ${index}`);
    }
  });

  it('cannot overwrite the ROM, and a copy of it is dead', () => {
    const guest = new DeprivilegedGuest();
    const at = VMI_ROM_ADDRESS + stubOffset(30);
    guest.run([0xc6, 0x05, at & 0xff, (at >>> 8) & 0xff, at >>> 16, 0, 0xc3], 1);
    assert.equal(guest.machine.memory.peek(at, 1)[0], 0x0f);
    guest.machine.memory.poke(0x70000, guest.machine.memory.peek(VMI_ROM_ADDRESS, 0x400));
    guest.forget();
    guest.stopAtFaults = true;
    guest.jump(0x70000 + stubOffset(30));
    guest.machine.run(1);
    assert.equal(guest.faults[0].vector, 6);
  });

  it('may call from an interrupt handler that a call has let in, and deeper', () => {
    const guest = new DeprivilegedGuest();
    // The handler of vector 0x21 raises it again, by way of a call, until the stack is used up.
    const enable = VMI_ROM_ADDRESS + stubOffset(29) - (0x20210 + 5);
    const bytes = [0, 8, 16, 24].map((shift) => (enable >>> shift) & 0xff);
    guest.machine.memory.poke(0x20210, Uint8Array.of(0xe8, ...bytes, 0xcd, 0x21));
    guest.setEntry(GDT_BASE, 0x68 >>> 3, segment(0x40000, 0xff, 0xb3));
    guest.machine.cpu.segmentation.loadProtected(SegmentIndex.SS, 0x69, { vector: 13, ext: 0 });
    guest.setRegisters({ ESP: 0xfff00 });
    assert.notEqual(guest.run([0xcd, 0x21], 200_000), undefined);
    assert.notEqual(guest.state.cpl, 0);
  });

  it('ends in a triple fault, not in an error of ours, where no stack is left', () => {
    const guest = new DeprivilegedGuest();
    guest.call('UpdateKernelStack', { EAX: 0x1f8, EDX: 0xffffffff });
    guest.enterUser();
    assert.equal(guest.run([0xcd, 0x80], 10, USER), 'triple-fault');
  });

  it('has its level in the saved state, so that a snapshot cannot be talked out of it', () => {
    const guest = new DeprivilegedGuest();
    const saved = structuredClone(guest.hypervisor.save());
    const cpu = guest.state.u8.slice(layout.CPU_BASE, layout.CPU_END);
    const other = new DeprivilegedGuest({ init: false });
    other.hypervisor.load(saved);
    other.state.u8.set(cpu, layout.CPU_BASE);
    other.machine.memory.poke(GDT_BASE, guest.machine.memory.peek(GDT_BASE, 0x2000));
    other.machine.cpu.stateReplaced();
    other.forget();
    other.setRegisters({ ESP: STACK });
    other.run([0xfa], 1);
    assert.deepEqual(
      other.exits.map(({ reason }) => reason),
      ['CLI'],
    );
    assert.deepEqual(other.faults, []);
  });
});
