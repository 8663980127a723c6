import type { Clock } from '../../clock';
import type { MmioHandler } from '../../memory/physical';
import type { DeviceState, StatefulDevice } from '../device';
import { checkVersion } from '../device-state';
import { ApicTimer, type ApicTimerState } from './apic-timer';
import * as registers from './registers';
import { Delivery, deliveryOf, LVT_MASKED, LVT_PERIODIC, LVT_WRITABLE } from './registers';
import { VectorSet } from './vector-set';

/** The 8259 pair, whose request comes in through LINT0. */
export interface ExternalController {
  readonly pending: boolean;
  acknowledge(): number;
  lineOf(vector: number): number;
}

export interface LocalApicHost {
  readonly clock: Clock;
  readonly external: ExternalController;
  /** An interrupt may have become deliverable. */
  requestChanged(): void;
  /** The APIC's NMI output. */
  nmi(): void;
  /** Puts the registers at a physical address, or nowhere. */
  place(handler: MmioHandler, base: number | undefined): void;
}

/** Where the registers are after reset (Intel SDM vol. 3A, 10.4.4). */
export const DEFAULT_BASE = 0xfee00000;
/** IA32_APIC_BASE: global enable, and the bootstrap processor. */
const BASE_ENABLED = 0x800;

/** Version of the P6's APIC, with five entries in the local vector table. */
const VERSION_VALUE = 0x00040011;
const SOFTWARE_ENABLED = 0x100;
/** Virtual wire mode, as a BIOS leaves it: LINT0 passes the 8259's request on, LINT1 is NMI. */
const WIRED_LINT0 = Delivery.ExternalInterrupt << 8;
const WIRED_LINT1 = Delivery.Nmi << 8;

const SEND_ILLEGAL_VECTOR = 0x20;
const RECEIVE_ILLEGAL_VECTOR = 0x40;
const ILLEGAL_REGISTER = 0x80;

/** Bits of the low half of the interrupt command that can be written; the delivery status always reads idle. */
const COMMAND_WRITABLE = 0xccfff;
const COMMAND_LOGICAL = 0x800;

/**
 * The local APIC of the one processor (Intel SDM vol. 3A, chapter 10): task priorities, interrupts to itself, the timer,
 * and the 8259's interrupts through LINT0. Other processors that commands name do not exist: nothing answers.
 */
export class LocalApic implements StatefulDevice, MmioHandler {
  readonly name = 'LAPIC';
  private readonly timer: ApicTimer;
  private readonly requested = new VectorSet();
  private readonly inService = new VectorSet();
  private readonly lvt = new Map<number, number>();
  private base: number | undefined = DEFAULT_BASE;
  private id = 0;
  private taskPriority = 0;
  private logicalDestination = 0;
  private destinationFormat = 0xffffffff;
  private spuriousVector = 0xff;
  private command = 0;
  private commandHigh = 0;
  private errors = 0;
  private errorStatus = 0;

  constructor(private readonly host: LocalApicHost) {
    this.timer = new ApicTimer(host.clock, () => this.raiseLocal(registers.LVT_TIMER));
    this.reset();
  }

  // --- the processor's side ---

  /** A write of IA32_APIC_BASE: moves the registers, or turns the APIC off, so that INTR is the 8259's own. */
  setBase(value: number): void {
    const wanted = value & BASE_ENABLED ? (value & 0xfffff000) >>> 0 : undefined;
    if (wanted === this.base) return;
    this.base = wanted;
    this.host.place(this, wanted);
    this.host.requestChanged();
  }

  /** Physical address of the registers; undefined while IA32_APIC_BASE has the APIC turned off. */
  get registersAt(): number | undefined {
    return this.base;
  }

  /** The timer's interrupt, whatever the timer does: delivered or masked as its entry in the local vector table says. */
  raiseTimer(): void {
    if (this.base !== undefined) this.raiseLocal(registers.LVT_TIMER);
  }

  /** An interrupt to the processor itself, with vector and delivery mode as in the interrupt command register. */
  interruptSelf(command: number): void {
    this.accept(deliveryOf(command), command & 0xff);
  }

  /** INTR is asserted. */
  get pending(): boolean {
    return this.deliverable >= 0 || this.externalPending;
  }

  /** The acknowledge cycle: the vector, and the request is in service. */
  acknowledge(): number {
    const vector = this.deliverable;
    if (vector < 0) return this.host.external.acknowledge();
    this.requested.remove(vector);
    this.inService.add(vector);
    return vector;
  }

  /** ISA line, 0-15, that a vector just acknowledged came from; -1 if it is one of the APIC's own. */
  lineOf(vector: number): number {
    return this.inService.highest === vector ? -1 : this.host.external.lineOf(vector);
  }

  // --- registers ---

  read(address: number, width: 1 | 2 | 4): number {
    const value = this.readRegister(address & 0xff0) >>> (8 * (address & 3));
    return width === 4 ? value >>> 0 : value & ((1 << (8 * width)) - 1);
  }

  /** Only whole, aligned registers can be written; other writes are undefined and lost here (10.4.1). */
  write(address: number, width: 1 | 2 | 4, value: number): void {
    if (width === 4 && (address & 0xf) === 0) this.writeRegister(address & 0xff0, value >>> 0);
  }

  reset(): void {
    this.requested.clear();
    this.inService.clear();
    this.id = 0;
    this.taskPriority = 0;
    this.logicalDestination = 0;
    this.destinationFormat = 0xffffffff;
    this.spuriousVector = 0xff;
    this.command = 0;
    this.commandHigh = 0;
    this.errors = 0;
    this.errorStatus = 0;
    this.timer.reset();
    for (const entry of LVT_WRITABLE.keys()) this.lvt.set(entry, LVT_MASKED);
    this.lvt.set(registers.LVT_LINT0, WIRED_LINT0);
    this.lvt.set(registers.LVT_LINT1, WIRED_LINT1);
    this.base = DEFAULT_BASE;
    this.host.place(this, this.base);
  }

  save(): DeviceState {
    const { base, id, taskPriority, logicalDestination, destinationFormat, spuriousVector } = this;
    const { command, commandHigh, errors, errorStatus } = this;
    return {
      version: 1,
      plain: { base, id, taskPriority, logicalDestination, destinationFormat, spuriousVector },
      messages: { command, commandHigh, errors, errorStatus },
      requested: [...this.requested.words],
      inService: [...this.inService.words],
      lvt: [...this.lvt],
      timer: this.timer.save(),
    };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    Object.assign(this, state.plain, state.messages);
    this.requested.words.set(state.requested as number[]);
    this.inService.words.set(state.inService as number[]);
    for (const [entry, value] of state.lvt as [number, number][]) this.lvt.set(entry, value);
    this.timer.load(state.timer as ApicTimerState);
    this.host.place(this, this.base);
  }

  private readRegister(offset: number): number {
    const entry = this.lvt.get(offset);
    if (entry !== undefined) return entry;
    const bank = offset & ~0x70;
    const word = (offset >>> 4) & 7;
    if (bank === registers.IN_SERVICE) return this.inService.words[word];
    if (bank === registers.INTERRUPT_REQUEST) return this.requested.words[word];
    // All requests here are edges.
    if (bank === registers.TRIGGER_MODE) return 0;
    return this.readPlain(offset);
  }

  private readPlain(offset: number): number {
    switch (offset) {
      case registers.ID:
        return this.id << 24;
      case registers.VERSION:
        return VERSION_VALUE;
      case registers.TASK_PRIORITY:
        return this.taskPriority;
      case registers.PROCESSOR_PRIORITY:
      case registers.ARBITRATION_PRIORITY:
        return this.processorPriority;
      case registers.LOGICAL_DESTINATION:
        return this.logicalDestination;
      case registers.DESTINATION_FORMAT:
        return this.destinationFormat;
      case registers.SPURIOUS_VECTOR:
        return this.spuriousVector;
      case registers.ERROR_STATUS:
        return this.errorStatus;
      case registers.INTERRUPT_COMMAND:
        return this.command;
      case registers.INTERRUPT_COMMAND_HIGH:
        return this.commandHigh;
      case registers.INITIAL_COUNT:
        return this.timer.initialCount;
      case registers.CURRENT_COUNT:
        return this.timer.currentCount;
      case registers.DIVIDE_CONFIGURATION:
        return this.timer.divideConfiguration;
      case registers.END_OF_INTERRUPT:
        return 0;
      default:
        this.fail(ILLEGAL_REGISTER);
        return 0;
    }
  }

  private writeRegister(offset: number, value: number): void {
    if (this.lvt.has(offset)) {
      this.writeEntry(offset, value);
      return;
    }
    switch (offset) {
      case registers.ID:
        this.id = value >>> 24;
        break;
      case registers.TASK_PRIORITY:
        this.taskPriority = value & 0xff;
        this.host.requestChanged();
        break;
      case registers.END_OF_INTERRUPT:
        this.endInterrupt();
        break;
      case registers.LOGICAL_DESTINATION:
        this.logicalDestination = (value & 0xff000000) >>> 0;
        break;
      case registers.DESTINATION_FORMAT:
        this.destinationFormat = (value | 0x0fffffff) >>> 0;
        break;
      case registers.SPURIOUS_VECTOR:
        this.setSpuriousVector(value);
        break;
      case registers.ERROR_STATUS:
        this.errorStatus = this.errors;
        this.errors = 0;
        break;
      case registers.INTERRUPT_COMMAND:
        this.command = value & COMMAND_WRITABLE;
        this.send();
        break;
      case registers.INTERRUPT_COMMAND_HIGH:
        this.commandHigh = (value & 0xff000000) >>> 0;
        break;
      case registers.INITIAL_COUNT:
        this.timer.initialCount = value;
        break;
      case registers.DIVIDE_CONFIGURATION:
        this.timer.divideConfiguration = value;
        break;
      default:
        this.fail(ILLEGAL_REGISTER);
    }
  }

  /** While the APIC is disabled by software, entries stay masked. */
  private writeEntry(offset: number, value: number): void {
    const kept = value & (LVT_WRITABLE.get(offset) ?? 0);
    this.lvt.set(offset, this.enabled ? kept : kept | LVT_MASKED);
    if (offset === registers.LVT_TIMER) this.timer.setPeriodic((kept & LVT_PERIODIC) !== 0);
    this.host.requestChanged();
  }

  private setSpuriousVector(value: number): void {
    this.spuriousVector = value & 0x3ff;
    if (!this.enabled) for (const [entry, old] of this.lvt) this.lvt.set(entry, old | LVT_MASKED);
    this.host.requestChanged();
  }

  private endInterrupt(): void {
    const vector = this.inService.highest;
    if (vector >= 0) this.inService.remove(vector);
    this.host.requestChanged();
  }

  // --- interrupts ---

  /** Enabled by software. */
  private get enabled(): boolean {
    return (this.spuriousVector & SOFTWARE_ENABLED) !== 0;
  }

  /** Task priority, or the class of the interrupt in service if that is higher (10.8.3.1). */
  private get processorPriority(): number {
    const serving = Math.max(0, this.inService.highest);
    return this.taskPriority >>> 4 >= serving >>> 4 ? this.taskPriority : serving & 0xf0;
  }

  /** The own request that can be delivered now, or -1. */
  private get deliverable(): number {
    if (this.base === undefined) return -1;
    const vector = this.requested.highest;
    return vector >>> 4 > this.processorPriority >>> 4 && vector >= 0 ? vector : -1;
  }

  private get externalPending(): boolean {
    if (!this.host.external.pending) return false;
    if (this.base === undefined) return true;
    const entry = this.lvt.get(registers.LVT_LINT0) ?? LVT_MASKED;
    return !(entry & LVT_MASKED) && deliveryOf(entry) === Delivery.ExternalInterrupt;
  }

  /** An interrupt of a source of the APIC's own. */
  private raiseLocal(offset: number): void {
    const entry = this.lvt.get(offset) ?? LVT_MASKED;
    if (entry & LVT_MASKED) return;
    this.accept(offset === registers.LVT_TIMER ? Delivery.Fixed : deliveryOf(entry), entry & 0xff);
  }

  private accept(delivery: Delivery, vector: number): void {
    switch (delivery) {
      case Delivery.Nmi:
        this.host.nmi();
        break;
      case Delivery.Fixed:
      case Delivery.LowestPriority:
        if (vector < 16) {
          this.fail(RECEIVE_ILLEGAL_VECTOR);
          break;
        }
        this.requested.add(vector);
        this.host.requestChanged();
        break;
      default:
        // INIT and start-up messages are for other processors; this one is running.
        break;
    }
  }

  private send(): void {
    const vector = this.command & 0xff;
    const delivery = deliveryOf(this.command);
    const isFixed = delivery === Delivery.Fixed || delivery === Delivery.LowestPriority;
    if (isFixed && vector < 16) {
      this.fail(SEND_ILLEGAL_VECTOR);
      return;
    }
    if (this.reachesItself() && (this.enabled || !isFixed)) this.accept(delivery, vector);
  }

  /** True if the destination of the command takes in this processor. */
  private reachesItself(): boolean {
    const shorthand = (this.command >>> 18) & 3;
    if (shorthand !== 0) return shorthand !== 3;
    const destination = this.commandHigh >>> 24;
    if (destination === 0xff) return true;
    if (!(this.command & COMMAND_LOGICAL)) return destination === this.id;
    const own = this.logicalDestination >>> 24;
    if (this.destinationFormat >>> 28 === 0xf) return (destination & own) !== 0;
    return destination >>> 4 === own >>> 4 && (destination & own & 0xf) !== 0;
  }

  private fail(error: number): void {
    this.errors |= error;
    const entry = this.lvt.get(registers.LVT_ERROR) ?? LVT_MASKED;
    const vector = entry & 0xff;
    if (!(entry & LVT_MASKED) && vector >= 16) this.accept(Delivery.Fixed, vector);
  }
}
