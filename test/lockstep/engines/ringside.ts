import type { PortAccess } from '../../../src/machine/bus/port-access';
import { Cpu } from '../../../src/machine/cpu/cpu';
import { CpuState } from '../../../src/machine/cpu/state';
import type { CpuModel } from '../../../src/machine/isa/form';
import * as layout from '../../../src/machine/layout';
import { PhysicalMemory } from '../../../src/machine/memory/physical';
import { RunEnd } from '../../../src/machine/run';
import { RunLoop } from '../../../src/machine/run-loop';
import { VirtualClock } from '../../../src/machine/virtual-clock';
import { encodeBatch } from '../recorder/batch';
import type { LockstepCase } from '../recorder/case';
import { BATCH, BATCH_NEXT, BATCH_OUTPUT, MEMORY_MB, RECORDS } from '../recorder/layout';
import { type CaseRecord, type Outcome, parseRecords } from '../recorder/record';
import { template } from '../recorder/window';
import { type Engine, runAll, type Stretch } from './engine';

const DEBUG_EXIT = 0xf4;
/** More than the recorder needs for one case with all its events. */
const INSTRUCTIONS_PER_CASE = 400_000;
/** Progress is looked at so often. */
const SLICE = 10_000;

/** Our own processor: memory and ROM around it, no devices. */
export class Ringside implements Engine {
  readonly name = 'ringside';
  private readonly memory = new PhysicalMemory(MEMORY_MB << 20);
  private readonly cpu: Cpu;
  private readonly clock: VirtualClock;
  private readonly loop: RunLoop;
  private readonly template = template();
  private ended = false;
  /** Cases with a fault for a segment's limit or type. */
  private readonly segmentFaults = new Set<number>();

  constructor(model: CpuModel, rom: Uint8Array) {
    this.memory.mapRom(rom, [0x100000 - rom.length, 2 ** 32 - rom.length]);
    this.clock = new VirtualClock(new CpuState(this.memory.memory), 0);
    const bus = {
      access: (access: PortAccess): void => {
        if (access.direction === 'in') access.value = access.width === 4 ? 0xffffffff : (1 << (access.width * 8)) - 1;
        else if (access.port === DEBUG_EXIT) {
          this.ended = true;
          this.cpu.state.requestExit(layout.EXIT_STOP);
        }
      },
    };
    this.cpu = new Cpu({ memory: this.memory, bus, clock: this.clock, model });
    this.watchSegments();
    const interrupts = { pending: false, acknowledge: () => 0, lineOf: () => -1 };
    this.loop = new RunLoop(this.cpu, this.clock, interrupts);
  }

  run(cases: readonly LockstepCase[], dump: boolean): Promise<Outcome[]> {
    return runAll(cases.length, (first) => Promise.resolve(this.stretch(cases, first, dump)));
  }

  private stretch(cases: readonly LockstepCase[], first: number, dump: boolean): Stretch {
    this.powerOn();
    this.segmentFaults.clear();
    for (const { address, bytes } of encodeBatch(cases, this.template, { first, dump, console: false })) {
      this.memory.poke(address, bytes);
    }
    const broken = this.runCases();
    const host = this.memory.hostPointer(RECORDS);
    const end = this.read(BATCH_OUTPUT) - RECORDS;
    const records = new Map<number, CaseRecord>();
    for (const [index, record] of parseRecords(this.memory.u8.subarray(host), end, dump)) {
      records.set(index, { ...record, segmentFault: this.segmentFaults.has(index) });
    }
    return { records, broken };
  }

  /** Notes which cases have an access refused by its segment: other emulators do not check that. */
  private watchSegments(): void {
    const { segmentation } = this.cpu;
    const original = segmentation.checkSegment.bind(segmentation);
    segmentation.checkSegment = (...access: Parameters<typeof original>): number => {
      try {
        return original(...access);
      } catch (fault) {
        this.segmentFaults.add(this.read(BATCH_NEXT));
        throw fault;
      }
    };
  }

  private runCases(): Stretch['broken'] {
    let index = this.read(BATCH_NEXT);
    let since = this.clock.instructions;
    for (;;) {
      const end = this.loop.run(SLICE);
      if (this.ended) return undefined;
      const next = this.read(BATCH_NEXT);
      if (end !== RunEnd.Budget) return { index: next, how: end === RunEnd.TripleFault ? 'shutdown' : 'hang' };
      if (next === index && this.clock.instructions - since >= INSTRUCTIONS_PER_CASE) return { index, how: 'hang' };
      if (next !== index) {
        index = next;
        since = this.clock.instructions;
      }
    }
  }

  private powerOn(): void {
    this.memory.u8.fill(0, layout.RAM_BASE, layout.RAM_BASE + this.memory.ramBytes);
    this.ended = false;
    this.cpu.reset();
    this.cpu.mmu.flush();
    this.loop.reset();
    for (const field of [layout.EXIT, layout.FAULT, layout.PENDING_DEBUG]) this.cpu.state.set(field, 0);
  }

  private read(field: number): number {
    return this.memory.read(BATCH + field, 4) >>> 0;
  }
}
