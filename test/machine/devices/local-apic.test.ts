import assert from 'node:assert/strict';
import { DEFAULT_BASE, LocalApic } from '../../../src/machine/devices/apic/local-apic';
import { FakeClock } from '../support/fake-clock';

const ID = 0x20;
const VERSION = 0x30;
const TPR = 0x80;
const PPR = 0xa0;
const EOI = 0xb0;
const LDR = 0xd0;
const DFR = 0xe0;
const SVR = 0xf0;
const ISR = 0x100;
const IRR = 0x200;
const ESR = 0x280;
const ICR = 0x300;
const ICR_HIGH = 0x310;
const TIMER = 0x320;
const LINT0 = 0x350;
const ERROR = 0x370;
const INITIAL = 0x380;
const CURRENT = 0x390;
const DIVIDE = 0x3e0;
const SELF = 0x40000;

class Bench {
  readonly clock = new FakeClock();
  readonly external = { pending: false, acknowledge: () => 0x20, lineOf: (vector: number) => vector - 0x20 };
  base: number | undefined;
  nmis = 0;
  readonly apic = new LocalApic({
    clock: this.clock,
    external: this.external,
    requestChanged: () => undefined,
    nmi: () => this.nmis++,
    place: (_, base) => (this.base = base),
  });

  constructor(enabled = true) {
    if (enabled) this.write(SVR, 0x1ff);
  }

  read(register: number): number {
    return this.apic.read(DEFAULT_BASE + register, 4);
  }

  write(register: number, value: number): void {
    this.apic.write(DEFAULT_BASE + register, 4, value);
  }

  send(vector: number): void {
    this.write(ICR, SELF | vector);
  }
}

describe('the local APIC', () => {
  it('starts as a BIOS leaves it: disabled by software, the 8259 wired through LINT0', () => {
    const { apic, external, base } = new Bench(false);
    assert.equal(base, DEFAULT_BASE);
    assert.equal(apic.pending, false);
    external.pending = true;
    assert.equal(apic.pending, true);
    assert.equal(apic.acknowledge(), 0x20);
    assert.equal(apic.lineOf(0x20), 0);
  });

  it('says what it is', () => {
    const bench = new Bench();
    assert.equal(bench.read(VERSION), 0x00040011);
    bench.write(ID, 0x05000000);
    assert.equal(bench.read(ID), 0x05000000);
    assert.equal(bench.apic.read(DEFAULT_BASE + ID + 3, 1), 5);
    bench.write(VERSION, 0);
    assert.equal(bench.read(VERSION), 0x00040011);
  });

  it('keeps the 8259 out where LINT0 is masked', () => {
    const bench = new Bench();
    bench.external.pending = true;
    bench.write(LINT0, 0x10700);
    assert.equal(bench.apic.pending, false);
    bench.write(LINT0, 0x700);
    assert.equal(bench.apic.pending, true);
  });

  it('delivers interrupts to itself by priority and nests them', () => {
    const bench = new Bench();
    bench.send(0x41);
    bench.send(0x62);
    assert.equal(bench.read(IRR + 0x20), 1 << 1);
    assert.equal(bench.read(IRR + 0x30), 1 << 2);
    assert.equal(bench.apic.acknowledge(), 0x62);
    assert.equal(bench.apic.lineOf(0x62), -1);
    assert.equal(bench.read(ISR + 0x30), 1 << 2);
    assert.equal(bench.read(PPR), 0x60);
    assert.equal(bench.apic.pending, false, 'a lower class waits');
    bench.send(0x6f);
    assert.equal(bench.apic.pending, false, 'so does one of the same class');
    bench.send(0x70);
    assert.equal(bench.apic.acknowledge(), 0x70);
    bench.write(EOI, 0);
    bench.write(EOI, 0);
    assert.equal(bench.apic.acknowledge(), 0x6f);
    bench.write(EOI, 0);
    assert.equal(bench.apic.acknowledge(), 0x41);
  });

  it('holds back what the task priority does not let in', () => {
    const bench = new Bench();
    bench.write(TPR, 0x50);
    bench.send(0x51);
    assert.equal(bench.apic.pending, false);
    assert.equal(bench.read(PPR), 0x50);
    bench.write(TPR, 0x40);
    assert.equal(bench.apic.pending, true);
  });

  it('reaches itself by id, by broadcast and by logical destination, and nobody else', () => {
    const bench = new Bench();
    const sent = (high: number, low: number): boolean => {
      bench.write(ICR_HIGH, high << 24);
      bench.write(ICR, low);
      const reached = bench.apic.pending;
      if (reached) {
        bench.apic.acknowledge();
        bench.write(EOI, 0);
      }
      return reached;
    };
    assert.equal(sent(0, 0x44), true);
    assert.equal(sent(1, 0x44), false);
    assert.equal(sent(0xff, 0x44), true);
    assert.equal(sent(0, 0x80044), true, 'all including self');
    assert.equal(sent(0, 0xc0044), false, 'all excluding self');
    bench.write(LDR, 0x12000000);
    assert.equal(sent(0x02, 0x844), true, 'flat');
    assert.equal(sent(0x04, 0x844), false);
    bench.write(DFR, 0x0fffffff);
    assert.equal(sent(0x13, 0x844), true, 'cluster 1, member 2');
    assert.equal(sent(0x23, 0x844), false);
    assert.equal(bench.read(ICR) & 0x1000, 0, 'delivery is done at once');
  });

  it('sends itself an NMI', () => {
    const bench = new Bench();
    bench.write(ICR, SELF | 0x400);
    assert.equal(bench.nmis, 1);
    assert.equal(bench.apic.pending, false);
  });

  it('reports illegal vectors and registers', () => {
    const bench = new Bench();
    bench.write(ERROR, 0x55);
    bench.send(0x0f);
    assert.equal(bench.apic.acknowledge(), 0x55);
    bench.read(0x40);
    bench.write(ESR, 0);
    assert.equal(bench.read(ESR), 0xa0);
    bench.write(ESR, 0);
    assert.equal(bench.read(ESR), 0);
  });

  it('counts down once', () => {
    const bench = new Bench();
    bench.write(DIVIDE, 0xb);
    bench.write(TIMER, 0x60);
    bench.write(INITIAL, 1000);
    bench.clock.advance(2500);
    assert.equal(bench.read(CURRENT), 750);
    assert.equal(bench.apic.pending, false);
    bench.clock.advance(7500);
    assert.equal(bench.read(CURRENT), 0);
    assert.equal(bench.apic.acknowledge(), 0x60);
    bench.clock.advance(1e6);
    assert.equal(bench.read(IRR + 0x30), 0);
  });

  it('counts down over and over, divided, until it is stopped', () => {
    const bench = new Bench();
    // By 16.
    bench.write(DIVIDE, 3);
    bench.write(TIMER, 0x20060);
    bench.write(INITIAL, 100);
    let fired = 0;
    for (let i = 0; i < 10; i++) {
      bench.clock.advance(16_000);
      if (!bench.apic.pending) continue;
      assert.equal(bench.apic.acknowledge(), 0x60);
      bench.write(EOI, 0);
      fired++;
    }
    assert.equal(fired, 10);
    assert.equal(bench.read(CURRENT), 100);
    bench.write(INITIAL, 0);
    bench.clock.advance(1e6);
    assert.equal(bench.apic.pending, false);
  });

  it('masks its entries while software has it disabled', () => {
    const bench = new Bench();
    bench.write(TIMER, 0x60);
    bench.write(SVR, 0xff);
    assert.equal(bench.read(TIMER), 0x10060);
    bench.write(TIMER, 0x61);
    assert.equal(bench.read(TIMER), 0x10061);
    bench.send(0x44);
    assert.equal(bench.apic.pending, false);
  });

  it('moves and goes away by its base register', () => {
    const bench = new Bench();
    bench.send(0x44);
    bench.apic.setBase(0xfec10900);
    assert.equal(bench.base, 0xfec10000);
    bench.apic.setBase(0xfee00000);
    assert.equal(bench.base, undefined);
    assert.equal(bench.apic.pending, false);
    bench.external.pending = true;
    assert.equal(bench.apic.acknowledge(), 0x20);
  });

  it('comes back from a snapshot', () => {
    const bench = new Bench();
    bench.write(DIVIDE, 0xb);
    bench.write(TIMER, 0x20060);
    bench.write(INITIAL, 1000);
    bench.write(TPR, 0x20);
    bench.send(0x71);
    const other = new Bench(false);
    other.apic.load(structuredClone(bench.apic.save()));
    for (const register of [ID, TPR, PPR, SVR, TIMER, INITIAL, CURRENT, DIVIDE, IRR + 0x30]) {
      assert.equal(other.read(register), bench.read(register));
    }
    assert.equal(other.apic.acknowledge(), 0x71);
    assert.throws(() => other.apic.load({ version: 2 }), /LAPIC: saved state has version 2/);
  });
});
