import * as layout from '../../../src/machine/layout';
import { bytesOf, PAGE_OFFSET, VmiBench } from './bench';

const IDT = 0x107000;
const HANDLERS = 0x108000;
/** One counter for each vector. */
const COUNTS = 0x109000;
/** Where the guest sees the local APIC: a page of its own that `TABLE` maps. */
export const APIC_LINEAR = 0x1f5000;

const KERNEL_CODE = 0x60;
const HANDLER_BYTES = 0x40;
/** jmp $ */
const SPIN = [0xeb, 0xfe];

/** Master 8259 and slave at vectors 0x20 and 0x28, all lines open. */
const PIC_SETUP: readonly [port: number, value: number][] = [
  [0x20, 0x11],
  [0x21, 0x20],
  [0x21, 4],
  [0x21, 1],
  [0x21, 0],
  [0xa0, 0x11],
  [0xa1, 0x28],
  [0xa1, 2],
  [0xa1, 1],
  [0xa1, 0],
];

/** A machine that is used again has the timers of earlier tests. */
let runs = 0;

interface Arrival {
  readonly vector: number;
  /** Cycles of the clock. */
  readonly at: number;
}

/** A guest with handlers that count their interrupts and end them, at the 8259 and at the local APIC. */
export class InterruptedGuest {
  readonly arrivals: Arrival[] = [];

  constructor(readonly bench: VmiBench) {
    const { state, machine } = bench;
    state.set(layout.IDTR_BASE, PAGE_OFFSET + IDT);
    state.set(layout.IDTR_LIMIT, 0x7ff);
    for (let vector = 0x20; vector < 0x50; vector++) this.addHandler(vector);
    bench.mapQuietly(0x101000, APIC_LINEAR, 0xfee0001b);
    for (const [port, value] of PIC_SETUP) this.out(port, value);
    // As Linux stops the 8254: mode 5, whose output stays high.
    this.out(0x43, 0x3a);
    machine.cpu.mmu.flush();
    // The edge that its output makes.
    this.work(1000);
    this.arrivals.length = 0;
    for (let vector = 0; vector < 0x100; vector++) bench.write(COUNTS + 4 * vector, 0);
  }

  out(port: number, value: number): void {
    const access = { port, width: 1, direction: 'out', value, channel: 'direct', hypercall: '', count: 1 } as const;
    this.bench.machine.bus.access({ ...access });
  }

  /** How often a handler has run. */
  count(vector: number): number {
    return this.bench.read(COUNTS + 4 * vector);
  }

  /** Moments, rounded down, at which a vector was delivered. */
  moments(vector: number): number[] {
    return this.arrivals.filter((arrival) => arrival.vector === vector).map(({ at }) => Math.floor(at));
  }

  /** Sleeps in HLT, again and again, for so many cycles. */
  sleep(cycles: number): void {
    this.pass(cycles, [0xf4, 0xeb, 0xfd]);
  }

  /** `inc ebx` over and over, for so many cycles. @returns how often */
  work(cycles: number): number {
    this.bench.state.setReg(layout.Register.EBX, 0);
    this.pass(cycles, [0x43, 0xeb, 0xfd]);
    return this.bench.state.reg(layout.Register.EBX);
  }

  private pass(cycles: number, code: readonly number[]): void {
    const { bench } = this;
    const { machine, state } = bench;
    const start = bench.load([...code, ...SPIN]);
    const end = machine.clock.now + cycles;
    // Then the guest is made to spin, awake and undisturbed, up to the end of the run.
    const stop = machine.clock.timer(`test.${runs++}`, () => {
      state.set(layout.HALTED, 0);
      state.eflags &= ~layout.FLAG_IF;
      bench.jump(start + code.length);
    });
    stop.arm(end);
    state.eflags |= layout.FLAG_IF;
    machine.cpu.hooks.interrupt = (_irq, vector) => {
      this.arrivals.push({ vector, at: machine.clock.now });
      return false;
    };
    for (let i = 0; i < 100_000 && machine.clock.now < end; i++) machine.run(100);
    machine.cpu.hooks.interrupt = undefined;
  }

  private addHandler(vector: number): void {
    const { bench } = this;
    const at = HANDLERS + (vector - 0x20) * HANDLER_BYTES;
    const end =
      vector < 0x30
        ? [0x50, 0xb0, 0x20, 0xe6, 0x20, 0x58] // push eax; mov al, 20h; out 20h, al; pop eax
        : [0xc7, 0x05, ...bytesOf(APIC_LINEAR + 0xb0), 0, 0, 0, 0]; // mov dword [EOI], 0
    const code = [0xff, 0x05, ...bytesOf(PAGE_OFFSET + COUNTS + 4 * vector), ...end];
    code.push(...bench.jumpTo('IRET', PAGE_OFFSET + at + code.length));
    bench.machine.memory.poke(at, Uint8Array.from(code));
    this.setHandler(vector, PAGE_OFFSET + at);
  }

  /** Sends a vector elsewhere. */
  setHandler(vector: number, linear: number): void {
    const { bench } = this;
    bench.write(IDT + 8 * vector, ((KERNEL_CODE << 16) | (linear & 0xffff)) >>> 0);
    bench.write(IDT + 8 * vector + 4, ((linear & 0xffff0000) | 0x8e00) >>> 0);
  }
}
