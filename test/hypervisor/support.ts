import { PortBus } from '../../src/machine/bus/port-bus';
import { Cpu } from '../../src/machine/cpu/cpu';
import { CpuState } from '../../src/machine/cpu/state';
import type { Device, DeviceState, PortDirection, PortWidth } from '../../src/machine/devices/device';
import * as layout from '../../src/machine/layout';
import { Register, SegmentIndex } from '../../src/machine/layout';
import { PhysicalMemory } from '../../src/machine/memory/physical';
import type { RunEnd } from '../../src/machine/run';
import { RunLoop } from '../../src/machine/run-loop';
import { VirtualClock } from '../../src/machine/virtual-clock';
import type { GuestMachine } from '../../src/hypervisor/guest-machine';
import { Hypervisor, type HypervisorOptions } from '../../src/hypervisor/hypervisor';

/** Ports that the recorder owns. */
const FIRST_PORT = 0x40;
const LAST_PORT = 0x4f;

interface RecordedAccess {
  port: number;
  direction: PortDirection;
  width: PortWidth;
  value: number;
}

/** Remembers what is written, and gives a different value at every read. */
class Recorder implements Device {
  readonly name = 'REC';
  readonly registers = Array.from({ length: LAST_PORT - FIRST_PORT + 1 }, (_, i) => ({
    port: FIRST_PORT + i,
    name: `R${i}`,
    width: 4 as const,
    doc: 'recorded',
  }));
  readonly accesses: RecordedAccess[] = [];
  private reads = 0;

  readPort(port: number, width: PortWidth): number {
    const full = (0x81828384 + 0x01010101 * this.reads++) >>> 0;
    const value = width === 4 ? full : full & (2 ** (8 * width) - 1);
    this.accesses.push({ port, direction: 'in', width, value });
    return value;
  }

  writePort(port: number, width: PortWidth, value: number): void {
    this.accesses.push({ port, direction: 'out', width, value });
  }

  reset(): void {
    this.accesses.length = 0;
    this.reads = 0;
  }

  save(): DeviceState {
    return { version: 1, reads: this.reads };
  }

  load(state: DeviceState): void {
    this.reads = state.reads as number;
  }
}

export type CodeKind = 'flat32' | 'flat16' | 'real' | 'v86';

/** A guest with code at CODE, data segments with different bases, and a recording device. */
export class TestGuest {
  readonly memory = new PhysicalMemory(4 << 20);
  readonly recorder = new Recorder();
  readonly clock: VirtualClock;
  readonly bus: PortBus;
  readonly cpu: Cpu;
  readonly loop: RunLoop;
  readonly hypervisor: Hypervisor;
  readonly reports: string[] = [];
  /** Host time: every question takes 100 ns. */
  private hostNow = 0;

  /** @param board further parts of the machine that the hypervisor may reach */
  constructor(options: HypervisorOptions, board: Pick<GuestMachine, 'pc'> = {}) {
    const state = new CpuState(this.memory.memory);
    this.clock = new VirtualClock(state, 0);
    this.bus = new PortBus(() => state.requestExit(layout.EXIT_STOP));
    this.bus.register(this.recorder);
    this.cpu = new Cpu({ memory: this.memory, bus: this.bus, clock: this.clock, model: 'pentium' });
    this.loop = new RunLoop(this.cpu, this.clock, { pending: false, acknowledge: () => 0, lineOf: () => 0 });
    this.hypervisor = new Hypervisor(
      { cpu: this.cpu, memory: this.memory, bus: this.bus, clock: this.clock, ...board },
      {
        nanoseconds: () => (this.hostNow += 100),
        onReport: (message) => this.reports.push(message),
        ...options,
      },
    );
    this.cpu.intercepts = this.hypervisor;
  }

  get state(): CpuState {
    return this.cpu.state;
  }

  /** Puts the CPU into a mode with CS base `codeBase`, and DS, ES, SS, FS, GS at bases of their own. */
  enter(kind: CodeKind, codeBase = 0): void {
    const { state, cpu } = this;
    const real = kind === 'real' || kind === 'v86';
    state.setCr(0, kind === 'real' ? 0 : 1);
    const limit = real ? 0xffff : 0xffffffff;
    const attributes = real ? 0x93 : kind === 'flat32' ? 0xc093 : 0x8093;
    for (const [segment, base] of Object.entries(SEGMENT_BASES)) {
      cpu.segmentation.setHidden(Number(segment), base >>> 4, base, limit, attributes);
    }
    cpu.segmentation.setHidden(SegmentIndex.CS, codeBase >>> 4, codeBase, limit, attributes | 0x0b);
    state.eflags = kind === 'v86' ? 0x23002 : 0x2;
    cpu.segmentation.setCpl(kind === 'v86' ? 3 : 0);
    state.setReg(Register.ESP, 0x800);
    if (kind === 'v86') this.openPorts();
    cpu.mmu.flush();
  }

  /** A TSS whose I/O map allows every port, as V86 code needs it. */
  private openPorts(): void {
    const { state } = this;
    const tr = SegmentIndex.TR;
    state.u32[(layout.SEG_BASE >>> 2) + tr] = TSS_BASE;
    state.u32[(layout.SEG_LIMIT >>> 2) + tr] = 0x68 + 0x2000;
    state.u32[(layout.SEG_ATTRIBUTES >>> 2) + tr] = 0x8b;
    this.memory.poke(TSS_BASE + 0x66, Uint8Array.of(0x68, 0));
  }

  /** Stores code at an offset in CS and sends execution there. */
  load(bytes: readonly number[], offset = 0x1000): void {
    this.memory.poke(this.state.segmentBase(SegmentIndex.CS) + offset, Uint8Array.from(bytes));
    this.jump(offset);
  }

  jump(offset: number): void {
    this.state.eip = offset;
    this.state.set(layout.IP_START, offset);
  }

  /** Forgets what happened; the CPU stays as it is. */
  forget(): void {
    this.recorder.reset();
    this.hypervisor.reset();
    this.reports.length = 0;
  }

  /** Runs so many instructions; a repeated string instruction counts one per element. */
  run(instructions = 1): RunEnd {
    return this.loop.run(instructions);
  }

  /** EAX, ECX, EDX, EBX, ESP, EBP, ESI, EDI. */
  registers(): number[] {
    return Array.from({ length: 8 }, (_, i) => this.state.reg(i));
  }

  setRegisters(values: Partial<Record<keyof typeof Register, number>>): void {
    for (const [name, value] of Object.entries(values)) {
      this.state.setReg(Register[name as keyof typeof Register], value >>> 0);
    }
  }
}

const TSS_BASE = 0x70000;

/** Where each data segment of the test guest starts. */
export const SEGMENT_BASES: Readonly<Record<number, number>> = {
  [SegmentIndex.ES]: 0x20000,
  [SegmentIndex.SS]: 0x30000,
  [SegmentIndex.DS]: 0x40000,
  [SegmentIndex.FS]: 0x50000,
  [SegmentIndex.GS]: 0x60000,
};
