import assert from 'node:assert/strict';
import { totalCycles } from '../../../src/hypervisor/exits/exit-table';
import { START_TIME, VmiBench } from './bench';
import { APIC_LINEAR, InterruptedGuest } from './interrupted-guest';

const REAL = 0;
const AVAILABLE = 1;
const STOLEN = 2;
const PERIODIC = 0x100;
const LVTT = 0x10000;

/** Vector of IRQ0, and of the alarm on the local APIC. */
const IRQ0 = 0x20;
const LVTT_VECTOR = 0x41;
/** Registers of the local APIC. */
const SPURIOUS = 0xf0;
const LVT_TIMER = 0x320;

const long = ({ eax, edx }: { eax: number; edx: number }): bigint => (BigInt(edx) << 32n) | BigInt(eax);
const halves = (value: number): [number, number] => [value % 2 ** 32, Math.floor(value / 2 ** 32)];

function counter(bench: VmiBench, number: number): number {
  return Number(long(bench.call('GetCycleCounter', [number])));
}

function setAlarm(bench: VmiBench, flags: number, expiry: number, period: number): void {
  const [low, high] = halves(expiry);
  bench.call('SetAlarm', [flags, low, high], halves(period));
}

/** A guest and a moment a little ahead of its real counter. */
function guestAndMoment(options?: ConstructorParameters<typeof VmiBench>[0]): [InterruptedGuest, number] {
  const guest = new InterruptedGuest(new VmiBench(options));
  return [guest, Math.ceil(guest.bench.machine.clock.now) + 100_000];
}

describe('VMI time', () => {
  it('runs at the rate of the TSC, from power on, whatever the guest writes to the TSC', () => {
    const bench = new VmiBench();
    const frequency = Number(long(bench.call('GetCycleFrequency')));
    assert.equal(frequency, 1_000_000_000);
    // xor edx, edx; xor eax, eax; mov ecx, 10h; wrmsr
    bench.execute([0x31, 0xd2, 0x31, 0xc0, 0xb9, 0x10, 0, 0, 0, 0x0f, 0x30]);
    const before = counter(bench, REAL);
    bench.machine.clock.charge(3 * frequency);
    const passed = counter(bench, REAL) - before;
    assert.ok(passed > 3 * frequency && passed < 3 * frequency + 20_000, String(passed));
  });

  it('is real = available + stolen, where the cycles of exits are stolen', () => {
    const bench = new VmiBench();
    const { clock } = bench.machine;
    const modelled = (): number =>
      bench.hypervisor.log.records(0, 100).reduce((sum, { cost }) => sum + totalCycles(cost), 0);
    clock.charge(1_000_000);
    bench.call('FlushTLB', [1]);
    for (let i = 0; i < 3; i++) {
      // A call's own cost is charged when it is done: the counter shows it from the next one on.
      const before = modelled();
      assert.ok(before > 0);
      assert.equal(counter(bench, STOLEN), Math.floor(before));
    }
    const stolen = Math.floor(modelled());
    const start = Math.floor(clock.now);
    const available = counter(bench, AVAILABLE);
    // The call into the ROM is an instruction or two ahead of the answer.
    assert.ok(Math.abs(available - (start - stolen)) < 10);
    assert.ok(available > 1_000_000);
  });

  it('has no counter but these three', () => {
    const bench = new VmiBench();
    for (const number of [3, 255, 0xffffffff]) assert.equal(counter(bench, number), 0);
  });

  it('tells the wall clock in nanoseconds, and once that it was set', () => {
    const bench = new VmiBench();
    assert.equal(bench.call('WallclockUpdated').eax, 1);
    assert.equal(bench.call('WallclockUpdated').eax, 0);
    bench.machine.clock.charge(5_000_000_000);
    const passed = long(bench.call('GetWallclockTime')) - BigInt(START_TIME) * 1_000_000n;
    assert.ok(passed > 5_000_000_000n && passed < 5_000_100_000n, String(passed));
    const other = new VmiBench();
    other.call('GetWallclockTime');
    assert.equal(other.call('WallclockUpdated').eax, 0);
    other.hypervisor.reset();
    other.hypervisor.load({ ...bench.hypervisor.save() });
    assert.equal(other.call('WallclockUpdated').eax, 0);
  });
});

describe('VMI alarms', () => {
  it('fire once, at the expiry, out of HLT', () => {
    const [guest, moment] = guestAndMoment();
    setAlarm(guest.bench, REAL, moment, 0);
    guest.sleep(1_000_000);
    assert.deepEqual(guest.moments(IRQ0), [moment]);
    assert.equal(guest.count(IRQ0), 1);
    assert.equal(guest.bench.call('CancelAlarm', [REAL]).eax, 0, 'it is armed no more');
  });

  it('fire at expiry + n * period, without drift', () => {
    const [guest, moment] = guestAndMoment();
    setAlarm(guest.bench, REAL | PERIODIC, moment, 250_000);
    guest.sleep(1_200_000);
    assert.deepEqual(guest.moments(IRQ0), [0, 1, 2, 3, 4].map((i) => moment + i * 250_000).slice(0, guest.count(IRQ0)));
    assert.ok(guest.count(IRQ0) >= 4);
    assert.equal(guest.bench.call('CancelAlarm', [REAL]).eax, 1);
    const count = guest.count(IRQ0);
    guest.sleep(1_000_000);
    assert.equal(guest.count(IRQ0), count, 'cancelled');
  });

  it('with period 0 fire once, whatever the flag', () => {
    const [guest, moment] = guestAndMoment();
    setAlarm(guest.bench, REAL | PERIODIC, moment, 0);
    guest.sleep(1_000_000);
    assert.equal(guest.count(IRQ0), 1);
  });

  it('without the flag fire once, whatever the period', () => {
    const [guest, moment] = guestAndMoment();
    setAlarm(guest.bench, REAL, moment, 100_000);
    guest.sleep(1_000_000);
    assert.equal(guest.count(IRQ0), 1);
  });

  it('with an expiry in the past fire at once', () => {
    const [guest] = guestAndMoment();
    const now = Math.floor(guest.bench.machine.clock.now);
    setAlarm(guest.bench, REAL, 1, 0);
    guest.work(100_000);
    assert.equal(guest.count(IRQ0), 1);
    assert.ok(guest.moments(IRQ0)[0] - now < 10_000);
  });

  it('collapse late ticks into one and keep the beat', () => {
    const [guest, moment] = guestAndMoment();
    setAlarm(guest.bench, REAL | PERIODIC, moment, 100_000);
    // Nobody runs the machine for 10 periods and a half.
    guest.bench.machine.clock.charge(moment + 1_050_000 - guest.bench.machine.clock.now);
    guest.sleep(200_000);
    assert.equal(guest.count(IRQ0), 3);
    const [late, ...rest] = guest.moments(IRQ0);
    assert.ok(late >= moment + 1_050_000);
    assert.deepEqual(rest, [moment + 1_100_000, moment + 1_200_000]);
  });

  it('when set again count from the new setting only', () => {
    const [guest, moment] = guestAndMoment();
    setAlarm(guest.bench, REAL | PERIODIC, moment, 20_000);
    setAlarm(guest.bench, REAL, moment + 300_000, 0);
    guest.sleep(1_000_000);
    assert.deepEqual(guest.moments(IRQ0), [moment + 300_000]);
  });

  it('are one per counter', () => {
    const [guest, moment] = guestAndMoment();
    setAlarm(guest.bench, REAL, moment + 200_000, 0);
    setAlarm(guest.bench, AVAILABLE, moment, 0);
    guest.sleep(1_000_000);
    assert.equal(guest.count(IRQ0), 2);
    setAlarm(guest.bench, STOLEN, 0, 0);
    assert.match(guest.bench.reports.join('\n'), /SetAlarm for counter 2, which has no alarm/);
    guest.sleep(100_000);
    assert.equal(guest.count(IRQ0), 2);
  });

  it('of the available counter wait for what is stolen', () => {
    const [guest] = guestAndMoment();
    const { machine } = guest.bench;
    const expiry = counter(guest.bench, AVAILABLE) + 200_000;
    setAlarm(guest.bench, AVAILABLE, expiry, 0);
    machine.clock.steal(500_000);
    guest.sleep(1_000_000);
    const [at] = guest.moments(IRQ0);
    assert.ok(at - Math.floor(machine.clock.stolen) <= expiry, 'not late');
    assert.ok(at >= expiry + 500_000, 'and not early');
  });

  it('wired to the local APIC raise the vector of its timer entry, or nothing while that is masked', () => {
    const [guest, moment] = guestAndMoment();
    const { bench } = guest;
    bench.call('APICWrite', [SPURIOUS, 0x1ff]);
    bench.call('APICWrite', [LVT_TIMER, LVTT_VECTOR]);
    setAlarm(bench, REAL | LVTT | PERIODIC, moment, 100_000);
    guest.sleep(1_000_000);
    const count = guest.count(LVTT_VECTOR);
    assert.ok(count >= 9, String(count));
    assert.equal(guest.count(IRQ0), 0);
    bench.call('APICWrite', [LVT_TIMER, LVTT_VECTOR | 0x10000]);
    guest.sleep(500_000);
    assert.equal(guest.count(LVTT_VECTOR), count);
  });

  it('make an edge on IRQ0 although the stopped 8254 holds the line high; a masked one waits', () => {
    const [guest, moment] = guestAndMoment();
    guest.out(0x21, 1);
    setAlarm(guest.bench, REAL, moment, 0);
    guest.sleep(500_000);
    assert.equal(guest.count(IRQ0), 0);
    guest.out(0x21, 0);
    guest.work(10_000);
    assert.equal(guest.count(IRQ0), 1);
  });

  it('leave IRQ0 to the 8254 again when they are done', () => {
    const [guest, moment] = guestAndMoment();
    setAlarm(guest.bench, REAL, moment, 0);
    guest.sleep(200_000);
    // 8254, channel 0, mode 2, 1193 ticks: a millisecond.
    for (const [port, value] of [
      [0x43, 0x34],
      [0x40, 1193 & 0xff],
      [0x40, 1193 >> 8],
    ]) {
      guest.out(port, value);
    }
    const before = guest.count(IRQ0);
    guest.sleep(10_500_000);
    assert.ok(Math.abs(guest.count(IRQ0) - before - 10) <= 1);
  });

  it('leave a guest its time although it asks for a tick every cycle', () => {
    const [guest, moment] = guestAndMoment();
    setAlarm(guest.bench, REAL | PERIODIC, moment, 1);
    const done = guest.work(5_000_000);
    assert.ok(done > 500_000, `${done} rounds of the guest's work`);
    assert.ok(guest.count(IRQ0) > 100 && guest.count(IRQ0) < 600, `${guest.count(IRQ0)} ticks`);
    assert.match(guest.bench.reports.join('\n'), /period of 1 cycles: ticks come no closer than 10000/);
  });

  it('of the far future do no harm', () => {
    const [guest] = guestAndMoment();
    guest.bench.call('SetAlarm', [REAL | PERIODIC, 0xffffffff, 0xffffffff], [0xffffffff, 0xffffffff]);
    guest.sleep(100_000);
    assert.equal(guest.count(IRQ0), 0);
    assert.equal(guest.bench.call('CancelAlarm', [REAL]).eax, 1);
  });

  it('are in snapshots', () => {
    const [guest, moment] = guestAndMoment();
    setAlarm(guest.bench, REAL | PERIODIC, moment, 100_000);
    const { machine, hypervisor } = guest.bench;
    const saved = [machine.clock.save(), hypervisor.save()] as const;
    hypervisor.reset();
    guest.sleep(50_000);
    machine.clock.load(saved[0]);
    hypervisor.load(saved[1]);
    guest.sleep(450_000);
    assert.deepEqual(guest.moments(IRQ0).slice(0, 3), [moment, moment + 100_000, moment + 200_000]);
  });

  it('wired to an APIC that the processor lacks are reported', () => {
    const [guest, moment] = guestAndMoment({ cpu: 'pentium' });
    setAlarm(guest.bench, REAL | LVTT, moment, 0);
    guest.sleep(500_000);
    assert.equal(guest.arrivals.length, 0);
    assert.match(guest.bench.reports.join('\n'), /wired to the local APIC, which this processor lacks/);
  });
});

describe('VMI APIC calls', () => {
  it('reach registers by offset, as Linux has it, and by address, as the text of 2006', () => {
    const { bench } = new InterruptedGuest(new VmiBench());
    bench.call('APICWrite', [SPURIOUS, 0x1ff]);
    bench.call('APICWrite', [APIC_LINEAR + 0x80, 0x55]);
    assert.equal(bench.call('APICRead', [0x80]).eax, 0x55);
    assert.equal(bench.call('APICRead', [APIC_LINEAR + SPURIOUS]).eax, 0x1ff);
    assert.equal(bench.fetch(APIC_LINEAR + 0x80), 0x55, 'the page shows the same');
    assert.equal(bench.call('APICRead', [0x30]).eax, 0x40011);
    assert.deepEqual(bench.reports, []);
  });

  it('ignore what is no register', () => {
    for (const register of [0x1000, 0x84, 0xc0100000, 0xfee00080, 0xffffffff]) {
      const { bench } = new InterruptedGuest(new VmiBench());
      bench.call('APICWrite', [register, 0x55]);
      assert.equal(bench.call('APICRead', [register]).eax, 0, register.toString(16));
      assert.equal(bench.call('APICRead', [0x80]).eax, 0);
      assert.match(bench.reports.join('\n'), /neither the offset nor the address of an APIC register, called before/);
    }
  });

  it('read 0 where there is no APIC', () => {
    const none = new VmiBench({ cpu: 'pentium' });
    assert.equal(none.call('APICRead', [0x30]).eax, 0);
    assert.match(none.reports[0], /APICRead, called before 0xc0103000, but this processor has no local APIC/);
    const off = new VmiBench();
    // xor edx, edx; mov eax, FEE00100h; mov ecx, 1Bh; wrmsr: the APIC is turned off
    off.execute([0x31, 0xd2, 0xb8, 0x00, 0x01, 0xe0, 0xfe, 0xb9, 0x1b, 0, 0, 0, 0x0f, 0x30]);
    assert.equal(off.call('APICRead', [0x30]).eax, 0);
    assert.equal(off.reports.length, 1);
  });
});

describe('VMI SetInitialAPState', () => {
  it('starts nothing: there is one processor', () => {
    const bench = new VmiBench();
    bench.write(0x110000 + 24, 0xc0123456);
    bench.call('SetInitialAPState', [0xc0110000, 1]);
    assert.match(bench.reports[0], /to start one at 0xc0123456: there is no processor with APIC id 1, and no other/);
    const own = new VmiBench();
    own.call('SetInitialAPState', [0xc0110000, 0]);
    assert.match(own.reports[0], /APIC id 0 is the processor that calls/);
  });

  it('faults where its structure is not mapped, at its end as at its start', () => {
    const bench = new VmiBench();
    assert.deepEqual(bench.call('SetInitialAPState', [0xd0000000, 1]).fault, {
      vector: 14,
      errorCode: 0,
      cr2: 0xd0000000,
    });
    assert.equal(bench.call('SetInitialAPState', [0xc0400000 - 64, 1]).fault?.cr2, 0xc0400000);
    assert.deepEqual(bench.reports, []);
  });
});
