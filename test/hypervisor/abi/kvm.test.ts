import assert from 'node:assert/strict';
import { Register } from '../../../src/machine/layout';
import type { LocalApic } from '../../../src/machine/devices/apic/local-apic';
import type { GuestMachine } from '../../../src/hypervisor/guest-machine';
import type { TestGuest } from '../support';
import { changes, CONVENTIONS, faultOf, make, offered, status } from './support';

const KVM = CONVENTIONS.kvm;
const EPERM = -1;
const EFAULT = -14;
const EINVAL = -22;
const EOPNOTSUPP = -95;
const ENOSYS = -1000;
const RAM = 4 << 20;

/** A board with a local APIC that keeps the commands that the hypervisor gives it. */
function withApic(): { commands: number[]; board: Pick<GuestMachine, 'pc'> } {
  const commands: number[] = [];
  const localApic = { interruptSelf: (command: number) => commands.push(command) } as unknown as LocalApic;
  return { commands, board: { pc: { localApic } as GuestMachine['pc'] } };
}

function signed(value: number): number {
  return value >>> 0;
}

function dword(guest: TestGuest, address: number): number {
  return guest.memory.read(address, 4);
}

function qword(guest: TestGuest, address: number): number {
  return dword(guest, address) + dword(guest, address + 4) * 2 ** 32;
}

/** WRMSR of a register; tells whether it faulted. */
function writeMsr(guest: TestGuest, index: number, low: number, high = 0): number | undefined {
  let fault: number | undefined;
  guest.cpu.hooks.exception = (vector) => {
    fault = vector;
    return true;
  };
  guest.load([0x0f, 0x30, 0xf4]);
  guest.setRegisters({ EAX: low, EDX: high, ECX: index });
  guest.run(1);
  guest.cpu.hooks.exception = undefined;
  guest.loop.cancelFault();
  return fault;
}

function readMsr(guest: TestGuest, index: number): [number, number] {
  guest.load([0x0f, 0x32, 0xf4]);
  guest.setRegisters({ ECX: index });
  guest.run(1);
  return [guest.state.reg(Register.EAX), guest.state.reg(Register.EDX)];
}

function cpuid(guest: TestGuest, leaf: number): number[] {
  guest.load([0x0f, 0xa2, 0xf4]);
  guest.setRegisters({ EAX: leaf, ECX: 0 });
  guest.run(1);
  return [Register.EAX, Register.EBX, Register.ECX, Register.EDX].map((register) => guest.state.reg(register));
}

describe('hypercalls of KVM', () => {
  for (const mode of KVM.modes) {
    describe(`in mode ${mode}`, () => {
      for (const [number, name, result] of [
        [1, 'VAPIC_POLL_IRQ', 0],
        [2, 'MMU_OP', ENOSYS],
        [3, 'FEATURES', ENOSYS],
        [4, 'PPC_MAP_MAGIC_PAGE', ENOSYS],
        [5, 'KICK_CPU', 0],
        [6, 'MIPS_GET_CLOCK_FREQ', ENOSYS],
        [7, 'MIPS_EXIT_VM', ENOSYS],
        [8, 'MIPS_CONSOLE_OUTPUT', ENOSYS],
        [11, 'SCHED_YIELD', 0],
        [12, 'MAP_GPA_RANGE', ENOSYS],
        [77, 'unknown', ENOSYS],
      ] as const) {
        it(`${number} ${name}: ${result}, and no other register changes`, () => {
          const guest = offered(KVM, { mode });
          assert.deepEqual(changes(guest, KVM, { EAX: number }), { EAX: signed(result) });
          const [record] = guest.hypervisor.log.records(0, 9);
          assert.deepEqual(
            [record.reason, record.channel, record.abi, record.hypercall, record.port],
            ['VMCALL', 'hypercall', 'kvm', name, -1],
          );
          assert.equal(Array.from(record.values).at(-1), signed(result), 'the record has the result');
          assert.deepEqual([...record.bytes], mode === 'vtx' ? [] : [0x0f, 0x01, 0xc1], 'a software VMM had to look');
        });
      }

      it('VMMCALL is the same call', () => {
        const guest = offered(KVM, { mode });
        assert.deepEqual(changes(guest, { ...KVM, code: [0x0f, 0x01, 0xd9] }, { EAX: 2 }), { EAX: signed(ENOSYS) });
      });

      it('user mode and V86 mode get EPERM, even for what there is not', () => {
        for (const number of [1, 5, 77, KVM.firstPortCall, KVM.firstPortCall + 9]) {
          for (const user of ['user', 'v86'] as const) {
            const guest = offered(KVM, { mode });
            if (user === 'v86') guest.enter('v86');
            else guest.cpu.segmentation.setCpl(3);
            make(guest, KVM, { EAX: number, EBX: 0x44 });
            assert.equal(status(guest), EPERM, `${number} from ${user}`);
            assert.equal(guest.recorder.accesses.length, 0);
          }
        }
      });

      it('level 1 is not the kernel', () => {
        const guest = offered(KVM, { mode });
        guest.cpu.segmentation.setCpl(1);
        make(guest, KVM, { EAX: 1 });
        assert.equal(status(guest), EPERM);
      });

      it('is there in real mode', () => {
        const guest = offered(KVM, { mode });
        guest.enter('real');
        make(guest, KVM, { EAX: KVM.firstPortCall, EBX: 0x44 });
        assert.equal(guest.recorder.accesses.length, 1);
      });
    });
  }

  it('is #UD where it is not offered', () => {
    for (const mode of ['none', 'trap', 'vtx', 'vmi'] as const) {
      assert.equal(faultOf(offered(KVM, { mode, abis: [] }), KVM, { EAX: 1 })?.vector, 6, mode);
    }
  });

  describe('9 CLOCK_PAIRING', () => {
    it('stores wall clock and time-stamp counter of one moment', () => {
      const guest = offered(KVM);
      guest.clock.charge(2_500_000_000);
      guest.memory.poke(0x5000, new Uint8Array(64).fill(0xee));
      const before = guest.clock.now;
      assert.deepEqual(changes(guest, KVM, { EAX: 9, EBX: 0x5000, ECX: 0 }), { EAX: 0 });
      const nanoseconds = qword(guest, 0x5000) * 1e9 + qword(guest, 0x5008);
      assert.equal(nanoseconds, Math.floor(before), 'the wall clock began at 0, one cycle is one nanosecond');
      assert.equal(qword(guest, 0x5010), Math.floor(before));
      assert.deepEqual([...guest.memory.peek(0x5018, 40)], new Array(40).fill(0), 'flags and padding');
    });

    it('refuses other clocks, and places outside RAM', () => {
      const guest = offered(KVM);
      assert.deepEqual(changes(guest, KVM, { EAX: 9, EBX: 0x5000, ECX: 1 }), { EAX: signed(EOPNOTSUPP) });
      for (const address of [RAM - 63, 0xfffffff0]) {
        assert.deepEqual(changes(guest, KVM, { EAX: 9, EBX: address, ECX: 0 }), { EAX: signed(EFAULT) });
      }
      assert.deepEqual(changes(guest, KVM, { EAX: 9, EBX: RAM - 64, ECX: 0 }), { EAX: 0 });
    });
  });

  describe('10 SEND_IPI', () => {
    const VECTOR = 0x31;

    it('reaches the one processor and counts it', () => {
      const { commands, board } = withApic();
      const guest = offered(KVM, {}, board);
      assert.deepEqual(changes(guest, KVM, { EAX: 10, EBX: 1, ECX: 0, EDX: 0, ESI: VECTOR }), { EAX: 1 });
      assert.deepEqual(commands, [VECTOR]);
    });

    it('reaches nobody else', () => {
      const { commands, board } = withApic();
      const guest = offered(KVM, {}, board);
      for (const [low, high, first] of [
        [0xfffffffe, 0xffffffff, 0],
        [0xffffffff, 0xffffffff, 1],
        [0, 0, 0],
      ]) {
        const registers = { EAX: 10, EBX: low, ECX: high, EDX: first, ESI: VECTOR };
        assert.deepEqual(changes(guest, KVM, registers), { EAX: 0 });
      }
      assert.deepEqual(commands, []);
    });

    it('refuses destinations and shorthands in the command, and boards without an APIC', () => {
      const { commands, board } = withApic();
      const guest = offered(KVM, {}, board);
      for (const bad of [0x800, 0x40000, 0x80000]) {
        assert.deepEqual(changes(guest, KVM, { EAX: 10, EBX: 1, EDX: 0, ESI: bad | VECTOR }), { EAX: signed(EINVAL) });
      }
      assert.deepEqual(commands, []);
      const bare = offered(KVM);
      assert.deepEqual(changes(bare, KVM, { EAX: 10, EBX: 1, EDX: 0, ESI: VECTOR }), { EAX: signed(EOPNOTSUPP) });
    });
  });

  describe('CPUID', () => {
    it('says that there is a hypervisor, which one, and what it can do', () => {
      const guest = offered(KVM);
      assert.ok(cpuid(guest, 1)[2] & 0x80000000);
      assert.deepEqual(cpuid(guest, 0x40000000), [0x40000001, 0x4b4d564b, 0x564b4d56, 0x4d]);
      assert.deepEqual(cpuid(guest, 0x40000001), [0x0100000b, 0, 0, 0]);
      assert.deepEqual(cpuid(guest, 0x40000002), [0, 0, 0, 0]);
    });

    it('tells of our own calls in the block behind', () => {
      const guest = offered(KVM);
      const text = (registers: number[]): string =>
        String.fromCharCode(...new Uint8Array(Uint32Array.from(registers.slice(1)).buffer)).replace(/\0+$/, '');
      assert.equal(text(cpuid(guest, 0x40000100)), 'RingsideIO');
      assert.equal(cpuid(guest, 0x40000100)[0], 0x40000101);
      const leaf = cpuid(guest, 0x40000101);
      assert.equal(leaf[0], KVM.firstPortCall);
      assert.equal(text(leaf), 'kvm');
    });

    it('answers as the processor does where nothing is offered', () => {
      const [native, bare] = [offered(KVM, { mode: 'none', abis: [] }), offered(KVM, { abis: [] })];
      for (const leaf of [0, 1, 2, 0x40000000, 0x40000100, 0x80000000]) {
        assert.deepEqual(cpuid(bare, leaf), cpuid(native, leaf));
      }
      assert.equal(cpuid(bare, 1)[2] & 0x80000000, 0);
      const guest = offered(KVM);
      for (const leaf of [0, 2, 0x3fffffff, 0x40000200, 0x80000000]) {
        assert.deepEqual(cpuid(guest, leaf), cpuid(native, leaf), leaf.toString(16));
      }
    });
  });

  describe('the clock', () => {
    const PAGE = 0x6000;

    /** Nanoseconds as a guest works them out of the page and its time-stamp counter (pvclock-abi.h), and as they are. */
    function times(guest: TestGuest): { worked: number; real: number } {
      guest.load([0x0f, 0x31, 0xf4]);
      const real = Math.floor(guest.clock.now);
      guest.run(1);
      const delta = guest.state.reg(Register.EAX) + guest.state.reg(Register.EDX) * 2 ** 32 - qword(guest, PAGE + 8);
      const shift = (guest.memory.read(PAGE + 28, 1) << 24) >> 24;
      const worked = qword(guest, PAGE + 16) + Math.floor((delta * 2 ** shift * dword(guest, PAGE + 24)) / 2 ** 32);
      return { worked, real };
    }

    for (const [wall, system] of [
      [0x11, 0x12],
      [0x4b564d00, 0x4b564d01],
    ]) {
      it(`registers ${wall.toString(16)} and ${system.toString(16)}: the guest can work the time out`, () => {
        const guest = offered(KVM);
        guest.clock.charge(123_456_789);
        assert.equal(writeMsr(guest, system, PAGE | 1), undefined);
        assert.deepEqual(readMsr(guest, system), [PAGE | 1, 0]);
        assert.equal(dword(guest, PAGE) % 2, 0, 'the version is even');
        assert.ok(dword(guest, PAGE) > 0);
        assert.equal(guest.memory.read(PAGE + 29, 1), 1, 'the counter is stable');
        guest.clock.charge(5_000_000_000);
        const { worked, real } = times(guest);
        assert.equal(worked, real);
        assert.equal(writeMsr(guest, wall, PAGE + 0x100), undefined);
        assert.deepEqual([dword(guest, PAGE + 0x104), dword(guest, PAGE + 0x108)], [0, 0], 'power on was at 0');
      });
    }

    it('holds after the guest has set its time-stamp counter', () => {
      const guest = offered(KVM);
      writeMsr(guest, 0x4b564d01, PAGE | 1);
      const version = dword(guest, PAGE);
      guest.clock.charge(1_000_000);
      writeMsr(guest, 0x10, 0x1000);
      assert.equal(dword(guest, PAGE), version + 2);
      guest.clock.charge(777);
      const { worked, real } = times(guest);
      assert.equal(worked, real);
    });

    it('stands still once it is switched off', () => {
      const guest = offered(KVM);
      writeMsr(guest, 0x4b564d01, PAGE | 1);
      writeMsr(guest, 0x4b564d01, 0);
      const version = dword(guest, PAGE);
      writeMsr(guest, 0x10, 0x1000);
      assert.equal(dword(guest, PAGE), version);
    });

    it('refuses places outside RAM with #GP(0), and user mode', () => {
      const guest = offered(KVM);
      for (const index of [0x4b564d00, 0x4b564d01]) {
        assert.equal(writeMsr(guest, index, (RAM - 8) | 1), 13);
        assert.equal(writeMsr(guest, index, PAGE | 1, 1), 13);
        assert.deepEqual(readMsr(guest, index), [0, 0]);
      }
      guest.cpu.segmentation.setCpl(3);
      assert.equal(writeMsr(guest, 0x4b564d01, PAGE | 1), 13);
    });

    it('is part of the saved state', () => {
      const guest = offered(KVM);
      writeMsr(guest, 0x4b564d01, PAGE | 1);
      const saved = JSON.parse(JSON.stringify(guest.hypervisor.save())) as ReturnType<typeof guest.hypervisor.save>;
      writeMsr(guest, 0x4b564d01, 0);
      guest.hypervisor.load(saved);
      assert.deepEqual(readMsr(guest, 0x4b564d01), [PAGE | 1, 0]);
      guest.hypervisor.reset();
      assert.deepEqual(readMsr(guest, 0x4b564d01), [0, 0]);
    });

    it('leaves these registers to the processor where KVM is not offered', () => {
      const guest = offered(KVM, { abis: [] });
      assert.equal(writeMsr(guest, 0x4b564d01, PAGE | 1), 13);
    });
  });
});
