import assert from 'node:assert/strict';
import type { GuestMachine } from '../../../src/hypervisor/guest-machine';
import type { HypervisorOptions } from '../../../src/hypervisor/hypervisor';
import * as layout from '../../../src/machine/layout';
import { FLAG_IF, SegmentIndex } from '../../../src/machine/layout';
import { RunEnd } from '../../../src/machine/run';
import type { TestGuest } from '../support';
import { changes, CONVENTIONS, faultOf, initialiseLguest, LGUEST_DATA, make, offered } from './support';

const LGUEST = CONVENTIONS.lguest;
const RAM = 4 << 20;
const STATUS = LGUEST_DATA + 20;
const RING = LGUEST_DATA + 84;
const KERNEL_ADDRESS = LGUEST_DATA + 1124;

interface Watched {
  readonly guest: TestGuest;
  /** Messages with which the hypervisor has ended the run. */
  readonly crashes: string[];
  readonly printed: () => string;
  /** Times that IRQ 0 was raised. */
  readonly strikes: () => number;
}

/** A guest that has made LGUEST_INIT. */
function ready(options: Partial<HypervisorOptions> = {}, initialised = true): Watched {
  const crashes: string[] = [];
  let printed = '';
  let strikes = 0;
  const pc = { timerLine: { strike: () => strikes++ } } as unknown as GuestMachine['pc'];
  const guest = offered(
    LGUEST,
    {
      onCrash: (message) => crashes.push(message),
      onPrint: (byte) => (printed += String.fromCharCode(byte)),
      ...options,
    },
    { pc },
  );
  if (initialised) initialiseLguest(guest);
  return { guest, crashes, printed: () => printed, strikes: () => strikes };
}

/** Makes a call, which must change no register. */
function call(guest: TestGuest, number: number, arg1 = 0, arg2 = 0, arg3 = 0): void {
  assert.deepEqual(changes(guest, LGUEST, { EAX: number, EDX: arg1, EBX: arg2, ECX: arg3 }), {});
}

function dword(guest: TestGuest, address: number): number {
  return guest.memory.read(address, 4);
}

function text(guest: TestGuest, address: number, string: string): number {
  guest.memory.poke(address, Uint8Array.from([...string].map((character) => character.charCodeAt(0)).concat(0)));
  return address;
}

/** Puts a call into the ring. */
function leave(guest: TestGuest, place: number, eax: number, edx = 0, ebx = 0, ecx = 0): void {
  for (const [i, value] of [eax, ebx, ecx, edx].entries()) guest.memory.write(RING + place * 16 + 4 * i, 4, value);
  guest.memory.write(STATUS + place, 1, 0);
}

describe('hypercalls of lguest', () => {
  describe('the gate', () => {
    it('is INT 0x1f, with the reason INT and nothing fetched', () => {
      const { guest } = ready();
      call(guest, 0);
      const record = guest.hypervisor.log.records(1, 9)[0];
      assert.deepEqual(
        [record.reason, record.channel, record.abi, record.hypercall],
        ['INT', 'hypercall', 'lguest', 'FLUSH_ASYNC'],
      );
      assert.equal(record.bytes.length, 0);
      assert.equal(record.cost.decode, 0);
    });

    it('is #GP with the gate in the error code from user mode, said once', () => {
      const { guest } = ready();
      guest.cpu.segmentation.setCpl(3);
      for (const number of [0, 2, 77, LGUEST.firstPortCall]) {
        assert.deepEqual(faultOf(guest, LGUEST, { EAX: number, EDX: 0x44 }), { vector: 13, errorCode: 0x1f * 8 + 2 });
      }
      assert.equal(guest.recorder.accesses.length, 0);
      assert.deepEqual(guest.reports.filter((report) => /user mode/.test(report)).length, 1);
    });

    it('is open to levels 1 and 2', () => {
      for (const level of [1, 2]) {
        const { guest, crashes } = ready();
        guest.cpu.segmentation.setCpl(level);
        call(guest, 0);
        assert.deepEqual(crashes, []);
      }
    });

    it('leaves the vector to the guest in real and V86 mode, and other vectors alone', () => {
      const real = ready().guest;
      const calls = real.hypervisor.log.nextSequence;
      real.enter('real');
      real.state.set(layout.IDTR_BASE, 0);
      real.state.set(layout.IDTR_LIMIT, 0x3ff);
      real.memory.poke(0x1f * 4, Uint8Array.of(0x00, 0x20, 0x00, 0x00));
      make(real, LGUEST, { EAX: 0 });
      assert.equal(real.state.eip, 0x2000, 'through the table of real mode');
      assert.equal(real.hypervisor.log.nextSequence, calls);
      const v86 = ready().guest;
      v86.enter('v86');
      assert.equal(faultOf(v86, LGUEST, { EAX: 0 })?.vector, 13, 'there is no gate in the IDT');
      assert.equal(v86.hypervisor.log.nextSequence, calls);
      const other = ready().guest;
      assert.notEqual(faultOf(other, { ...LGUEST, code: [0xcd, 0x20] }, { EAX: 0 }), undefined);
      assert.equal(other.hypervisor.log.nextSequence, calls);
    });

    it('is not there where lguest is not offered', () => {
      const guest = offered(LGUEST, { abis: [] });
      assert.notEqual(faultOf(guest, LGUEST, { EAX: 1 }), undefined);
    });
  });

  describe('1 LGUEST_INIT', () => {
    it('gives the guest the time and the pace of the time-stamp counter, and takes no memory', () => {
      const { guest, crashes } = ready({}, false);
      guest.memory.poke(LGUEST_DATA, new Uint8Array(1132).fill(0xee));
      guest.memory.poke(STATUS, new Uint8Array(64).fill(0xff));
      guest.clock.charge(3_500_000_000);
      const now = Math.floor(guest.clock.now);
      call(guest, 1, LGUEST_DATA);
      assert.equal(dword(guest, LGUEST_DATA + 12) * 1e9 + dword(guest, LGUEST_DATA + 16), now);
      assert.equal(dword(guest, LGUEST_DATA + 1108), 0, 'reserve_mem');
      assert.equal(dword(guest, LGUEST_DATA + 1112), 1_000_000, 'tsc_khz');
      assert.equal(dword(guest, LGUEST_DATA), 0xeeeeeeee, 'what is the guest own stays');
      assert.equal(dword(guest, KERNEL_ADDRESS), 0xeeeeeeee);
      assert.deepEqual(crashes, []);
    });

    it('must come first, once, and name a place in RAM', () => {
      for (const number of [0, 2, 5, 14, LGUEST.firstPortCall]) {
        const { guest, crashes } = ready({}, false);
        make(guest, LGUEST, { EAX: number, EDX: 0x44 });
        assert.deepEqual(crashes, [`lguest: hypercall ${number} before INIT`]);
        assert.equal(guest.recorder.accesses.length, 0);
      }
      const twice = ready();
      call(twice.guest, 1, LGUEST_DATA);
      assert.deepEqual(twice.crashes, ['lguest: already have lguest_data']);
      for (const address of [RAM - 1131, 0xfffffff0]) {
        const { guest, crashes } = ready({}, false);
        call(guest, 1, address);
        assert.deepEqual(crashes, [`lguest: bad guest address 0x${address.toString(16)}`]);
      }
    });
  });

  describe('2 CRASH', () => {
    it("ends the run with the guest's message", () => {
      const { guest, crashes } = ready();
      call(guest, 2, text(guest, 0x5000, 'Kernel panic - not syncing'));
      assert.deepEqual(crashes, ['lguest: CRASH: Kernel panic - not syncing']);
    });

    it('takes 128 characters and no address outside RAM', () => {
      const { guest, crashes } = ready();
      call(guest, 2, text(guest, 0x5000, 'x'.repeat(500)));
      assert.equal(crashes[0], `lguest: CRASH: ${'x'.repeat(128)}`);
      call(guest, 2, 0xffff0000);
      assert.match(crashes[1], /bad guest address 0xffff0000/);
    });
  });

  it('3 LOAD_GDT: the table where the kernel has it mapped', () => {
    const { guest, crashes } = ready();
    call(guest, 3, 0x5000, 32);
    assert.deepEqual([guest.state.get(layout.GDTR_BASE), guest.state.get(layout.GDTR_LIMIT)], [0x5000, 255]);
    call(guest, 3, 0x5000, 33);
    call(guest, 3, 0x5000, 0);
    call(guest, 3, RAM - 8, 2);
    assert.equal(crashes.length, 3);
    assert.match(crashes[0], /too many gdt entries 33/);
    assert.deepEqual([guest.state.get(layout.GDTR_BASE), guest.state.get(layout.GDTR_LIMIT)], [0x5000, 255]);
  });

  it('3 LOAD_GDT with paging: at kernel_address, if it is really there', () => {
    const { guest, crashes } = ready();
    page(guest);
    guest.memory.write(KERNEL_ADDRESS, 4, 0xc0000000);
    call(guest, 3, 0x5000, 32);
    assert.deepEqual(crashes, []);
    assert.equal(guest.state.get(layout.GDTR_BASE), 0xc0005000);
    guest.memory.write(KERNEL_ADDRESS, 4, 0xd0000000);
    call(guest, 3, 0x5000, 32);
    assert.match(crashes[0], /gdt 0x5000 is not mapped at 0xd0005000/);
  });

  it('4 NEW_PGTABLE: CR3', () => {
    const { guest, crashes } = ready();
    call(guest, 4, 0x8000);
    assert.equal(guest.state.cr(3), 0x8000);
    call(guest, 4, RAM);
    assert.match(crashes[0], /bad guest address/);
    assert.equal(guest.state.cr(3), 0x8000);
  });

  it('5 FLUSH_TLB, 14 SET_PTE, 15 SET_PMD: a changed entry counts from then on', () => {
    for (const [number, args] of [
      [5, [0]],
      [5, [1]],
      [14, [0x8000, 0x3000, 0x5003]],
      [15, [0x8000, 0]],
    ] as const) {
      const { guest } = ready();
      page(guest);
      guest.memory.write(0x4000, 4, 0x11111111);
      guest.memory.write(0x5000, 4, 0x22222222);
      guest.memory.write(0x9000 + 3 * 4, 4, 0x4003);
      assert.equal(guest.cpu.mmu.read(0x3000, 4, false), 0x11111111);
      guest.memory.write(0x9000 + 3 * 4, 4, 0x5003);
      assert.equal(guest.cpu.mmu.read(0x3000, 4, false), 0x11111111, 'the old translation is in the TLB');
      call(guest, number, ...args);
      assert.equal(guest.cpu.mmu.read(0x3000, 4, false), 0x22222222, `${number}`);
    }
  });

  it('14 SET_PTE: tells of an entry that is not what the guest says', () => {
    const { guest } = ready();
    page(guest);
    guest.memory.write(0x9000 + 3 * 4, 4, 0x5063);
    call(guest, 14, 0x8000, 0x3000, 0x5003);
    assert.deepEqual(guest.reports, [], 'accessed and dirty are of the processor');
    call(guest, 14, 0x8000, 0x3000, 0x7003);
    assert.match(guest.reports[0], /SET_PTE says that the entry for 0x3000 is 0x7003, but the page table has 0x5063/);
  });

  it('6 LOAD_IDT_ENTRY: stores a gate, passes over those of the host, and stays inside the table', () => {
    const { guest, crashes } = ready();
    guest.state.set(layout.IDTR_BASE, 0x6000);
    guest.state.set(layout.IDTR_LIMIT, 0x80 * 8 + 7);
    call(guest, 6, 14, 0x00081234, 0x0010ee00);
    assert.deepEqual([dword(guest, 0x6000 + 14 * 8), dword(guest, 0x6004 + 14 * 8)], [0x00081234, 0x0010ee00]);
    for (const vector of [2, 8, 15, 0x1f]) {
      call(guest, 6, vector, 1, 2);
      assert.equal(dword(guest, 0x6000 + vector * 8), 0);
    }
    call(guest, 6, 0x81, 1, 2);
    assert.equal(dword(guest, 0x6000 + 0x81 * 8), 0);
    assert.match(guest.reports[0], /LOAD_IDT_ENTRY 129 is beyond the limit/);
    assert.deepEqual(crashes, []);
    call(guest, 6, 0x100, 1, 2);
    assert.match(crashes[0], /Setting idt entry 256/);
  });

  it('7 SET_STACK: ESP0 and SS0 of the TSS', () => {
    const { guest, crashes } = ready();
    call(guest, 7, 0x68, 0x12340, 1);
    assert.match(guest.reports[0], /SET_STACK without a TSS/);
    guest.cpu.segmentation.setHidden(SegmentIndex.TR, 0x80, 0x7000, 0x67, 0x8b);
    call(guest, 7, 0x68, 0x12340, 2);
    assert.deepEqual([dword(guest, 0x7004), dword(guest, 0x7008)], [0x12340, 0x68]);
    call(guest, 7, 0x69, 1, 1);
    call(guest, 7, 0x68, 1, 3);
    assert.deepEqual(crashes, ['lguest: bad stack segment 105', 'lguest: bad stack pages 3']);
    assert.equal(dword(guest, 0x7004), 0x12340);
  });

  it('8 TS: CR0.TS', () => {
    const { guest } = ready();
    call(guest, 8, 1);
    assert.equal(guest.state.cr(0) & 8, 8);
    call(guest, 8, 0);
    assert.equal(guest.state.cr(0) & 8, 0);
  });

  it('9 SET_CLOCKEVENT: IRQ 0 once after so many nanoseconds, or not at all', () => {
    const { guest, strikes } = ready();
    call(guest, 9, 50_000);
    guest.load([0xeb, 0xfe]);
    guest.run(40_000);
    assert.equal(strikes(), 0);
    guest.run(10_000);
    assert.equal(strikes(), 1);
    guest.run(100_000);
    assert.equal(strikes(), 1, 'once');
    call(guest, 9, 50_000);
    call(guest, 9, 0);
    guest.load([0xeb, 0xfe]);
    guest.run(100_000);
    assert.equal(strikes(), 1, 'taken back');
  });

  it('10 HALT: sleeps with interrupts on', () => {
    const { guest } = ready();
    make(guest, LGUEST, { EAX: 10 });
    assert.equal(guest.state.get(layout.HALTED), 1);
    assert.ok(guest.state.systemFlag(FLAG_IF));
    assert.equal(guest.run(10), RunEnd.Idle, 'nothing is armed');
  });

  it('16 LOAD_TLS: entries 6 to 8 of the GDT', () => {
    const { guest, crashes } = ready();
    const descriptors = Uint8Array.from({ length: 24 }, (_, i) => i + 1);
    guest.memory.poke(0x5000, descriptors);
    guest.state.set(layout.GDTR_BASE, 0x6000);
    guest.state.set(layout.GDTR_LIMIT, 255);
    call(guest, 16, 0x5000);
    assert.deepEqual(guest.memory.peek(0x6030, 24), descriptors);
    call(guest, 16, RAM - 23);
    guest.state.set(layout.GDTR_LIMIT, 0x46);
    call(guest, 16, 0x5000);
    assert.deepEqual(crashes, ['lguest: bad guest address 0x3fffe9', 'lguest: no room for tls in the gdt']);
  });

  it('17 NOTIFY: prints', () => {
    const { guest, crashes, printed } = ready();
    call(guest, 17, text(guest, 0x5000, 'early\n'));
    assert.equal(printed(), 'early\n');
    guest.memory.poke(RAM - 3, Uint8Array.from([0x61, 0x62, 0x63]));
    call(guest, 17, RAM - 3);
    assert.equal(printed(), 'early\nabc', 'up to the end of RAM');
    call(guest, 17, RAM);
    assert.match(crashes[0], /Bad NOTIFY 0x400000/);
  });

  describe('the ring', () => {
    it('is emptied, in order, before the next call', () => {
      const { guest, printed } = ready();
      leave(guest, 0, 17, text(guest, 0x5000, 'one '));
      leave(guest, 1, 17, text(guest, 0x5100, 'two '));
      call(guest, 17, text(guest, 0x5200, 'three'));
      assert.equal(printed(), 'one two three');
      assert.deepEqual([...guest.memory.peek(STATUS, 3)], [0xff, 0xff, 0xff]);
      leave(guest, 2, 8, 1);
      call(guest, 0);
      assert.equal(guest.state.cr(0) & 8, 8, 'goes on where it was');
    });

    it('has its arguments in the order of the registers of the host', () => {
      const { guest } = ready();
      guest.cpu.segmentation.setHidden(SegmentIndex.TR, 0x80, 0x7000, 0x67, 0x8b);
      leave(guest, 0, 7, 0x68, 0x4444, 1);
      call(guest, 0);
      assert.deepEqual([dword(guest, 0x7004), dword(guest, 0x7008)], [0x4444, 0x68]);
    });

    it('ends a guest that leaves nonsense in it, and a full ring ends once round', () => {
      const { guest, crashes } = ready();
      for (let place = 0; place < 64; place++) leave(guest, place, 0);
      call(guest, 0);
      assert.deepEqual(crashes, []);
      leave(guest, 0, 4711);
      call(guest, 0);
      assert.deepEqual(crashes, ['lguest: Bad hypercall 4711']);
      const ports = ready();
      leave(ports.guest, 0, LGUEST.firstPortCall, 0x44);
      call(ports.guest, 0);
      assert.match(ports.crashes[0], /Bad hypercall/);
      assert.equal(ports.guest.recorder.accesses.length, 0);
    });
  });

  it('an unknown number ends the run, counted and named', () => {
    const { guest, crashes } = ready();
    call(guest, 11, 1, 2, 3);
    assert.deepEqual(crashes, ['lguest: Bad hypercall 11']);
    assert.match(guest.reports[0], /lguest call 11 \(unknown\)/);
    const row = guest.hypervisor.hypercallStatistics()?.find(({ call: { number } }) => number === 11);
    assert.deepEqual([row?.count, row?.last], [1, 'number=11 arg1=0x1 arg2=0x2 arg3=0x3']);
  });

  it('what the guest has told is part of the saved state', () => {
    const { guest, crashes } = ready();
    const saved = JSON.parse(JSON.stringify(guest.hypervisor.save())) as ReturnType<typeof guest.hypervisor.save>;
    const other = ready({}, false);
    other.guest.memory.poke(STATUS, new Uint8Array(64).fill(0xff));
    other.guest.hypervisor.load(saved);
    call(other.guest, 0);
    assert.deepEqual([crashes, other.crashes], [[], []]);
    other.guest.hypervisor.reset();
    call(other.guest, 0);
    assert.match(other.crashes[0], /before INIT/);
  });
});

/** Paging with the first 4 MiB at 0 and at C0000000: directory at 8000, table at 9000. */
function page(guest: TestGuest): void {
  guest.memory.write(0x8000, 4, 0x9003);
  guest.memory.write(0x8000 + 0x300 * 4, 4, 0x9003);
  for (let i = 0; i < 1024; i++) guest.memory.write(0x9000 + i * 4, 4, (i << 12) | 3);
  guest.state.setCr(3, 0x8000);
  guest.state.setCr(0, 0x80000001);
  guest.cpu.mmu.flush();
}
