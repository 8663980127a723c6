import type { Timer } from '../../clock';
import type { DeviceHost } from '../device';
import { defaultGeometry, type Geometry, sectorCount, type TaskFile, readAddress, writeAddress } from './address';
import { type BlockStore, SECTOR_BYTES } from './block-store';
import { COMMANDS, type CommandTarget } from './commands';
import { identifyData, MAX_MULTIPLE } from './identify';
import * as reg from './registers';

/** What a busy drive does when its time is over. */
enum Step {
  None,
  Execute,
  /** Bring the next sectors of a read to the buffer. */
  Fill,
  /** Put the sectors of a write from the buffer to the disk. */
  Store,
}

/** Everything a drive remembers, its sectors apart. */
interface DriveState {
  task: TaskFile;
  status: number;
  error: number;
  command: number;
  step: Step;
  interrupt: boolean;
  geometry: Geometry;
  multiple: number;
  /** Transfer under way: next sector, sectors left (those in the buffer included), 48-bit command, sectors per block. */
  sector: number;
  left: number;
  ext: boolean;
  block: number;
  writing: boolean;
  buffer: Uint8Array;
  /** Bytes of the buffer in use and moved. */
  length: number;
  position: number;
}

export interface DriveOptions {
  readonly store: BlockStore;
  readonly model: string;
  readonly serial: string;
  /** Cycles that a command, or each block of a transfer, keeps the drive busy. 0: it is never seen busy. */
  readonly latency: number;
}

/**
 * An ATA disk with PIO transfers (T13/1410D, ATA/ATAPI-6, with the CHS commands of earlier versions).
 * The channel forwards register accesses and watches `interrupt`.
 */
export class AtaDrive {
  readonly store: BlockStore;
  private state: DriveState;
  private readonly timer: Timer;

  /**
   * @param name name of its timer: `IDE0.drive0`
   * @param changed told when the interrupt request may have changed
   */
  constructor(
    name: string,
    private readonly host: DeviceHost,
    private readonly options: DriveOptions,
    private readonly changed: () => void,
  ) {
    this.store = options.store;
    this.state = this.powerOn();
    this.timer = host.clock.timer(name, () => this.perform());
  }

  get status(): number {
    return this.state.status;
  }

  get error(): number {
    return this.state.error;
  }

  get task(): TaskFile {
    return this.state.task;
  }

  /** The INTRQ line of the drive. */
  get interrupt(): boolean {
    return this.state.interrupt;
  }

  clearInterrupt(): void {
    this.state.interrupt = false;
  }

  private get busy(): boolean {
    return (this.state.status & reg.STATUS_BUSY) !== 0;
  }

  /** Stores a parameter; a busy drive takes none, like real ones. */
  writeTask(change: (task: TaskFile) => void): void {
    if (!this.busy) change(this.state.task);
  }

  writeCommand(command: number): void {
    if (this.busy) return;
    const { state } = this;
    state.command = command;
    state.interrupt = false;
    state.error = 0;
    state.length = state.position = 0;
    // The line falls before the command can raise it again, so that the interrupt controller sees an edge.
    this.changed();
    this.later(Step.Execute);
  }

  /** Reads 2 or 4 bytes of the data port; a byte access takes a whole word, of which it sees the low half. */
  readData(width: number): number {
    const { state } = this;
    if (!(state.status & reg.STATUS_DATA_REQUEST) || state.writing) return width === 4 ? 0xffffffff : 0xffff;
    let value = 0;
    const moved = Math.max(width, 2);
    for (let i = 0; i < moved; i++) value += (state.buffer[state.position + i] ?? 0xff) * 2 ** (8 * i);
    this.advance(moved);
    return value;
  }

  writeData(width: number, value: number): void {
    const { state } = this;
    if (!(state.status & reg.STATUS_DATA_REQUEST) || !state.writing) return;
    const moved = Math.max(width, 2);
    for (let i = 0; i < moved; i++) state.buffer[state.position + i] = (value >>> (8 * i)) & 0xff;
    this.advance(moved);
  }

  /** Software reset: the command is given up and the signature of a disk put into the registers. */
  softReset(): void {
    this.timer.disarm();
    const { geometry, multiple } = this.state;
    this.state = { ...this.powerOn(), geometry, multiple };
    this.changed();
  }

  /** While software reset is held the drive is busy. */
  holdReset(): void {
    this.timer.disarm();
    this.state.step = Step.None;
    this.state.interrupt = false;
    this.state.status = reg.STATUS_BUSY;
    this.changed();
  }

  /** Result of a diagnostic without an interrupt: the second drive's part. */
  diagnose(): void {
    this.setSignature();
    this.state.status = reg.STATUS_IDLE;
  }

  /** Power-on reset; the sectors stay. */
  reset(): void {
    this.timer.disarm();
    this.state = this.powerOn();
  }

  save(): unknown {
    const { state } = this;
    const copy = { ...state, task: { ...state.task }, buffer: state.buffer.slice() };
    return { state: copy, due: this.timer.due, store: this.store.save?.() };
  }

  load(saved: unknown): void {
    const { state, due, store } = saved as { state: DriveState; due: number; store: unknown };
    this.state = { ...state, task: { ...state.task }, buffer: state.buffer.slice() };
    if (due === Infinity) this.timer.disarm();
    else this.timer.arm(due);
    if (store !== undefined) this.store.load?.(store);
  }

  /** Takes a step when the latency is over: at once if there is none. */
  private later(step: Step): void {
    this.state.step = step;
    this.state.status = reg.STATUS_BUSY;
    if (this.options.latency > 0) this.timer.arm(this.host.clock.now + this.options.latency);
    else this.perform();
  }

  private powerOn(): DriveState {
    return {
      task: {
        features: 0,
        count: 1,
        low: 1,
        mid: 0,
        high: 0,
        previousCount: 0,
        previousLow: 0,
        previousMid: 0,
        previousHigh: 0,
        device: 0,
      },
      status: reg.STATUS_IDLE,
      error: reg.DIAGNOSTIC_PASSED,
      command: 0,
      step: Step.None,
      interrupt: false,
      geometry: defaultGeometry(this.store.sectors),
      multiple: 0,
      sector: 0,
      left: 0,
      ext: false,
      block: 1,
      writing: false,
      buffer: new Uint8Array(MAX_MULTIPLE * SECTOR_BYTES),
      length: 0,
      position: 0,
    };
  }

  /** Counts, addresses and error that tell a disk from other devices (ATA/ATAPI-6, 9.12). */
  private setSignature(): void {
    const { state } = this;
    Object.assign(state.task, { count: 1, low: 1, mid: 0, high: 0, device: 0 });
    state.error = reg.DIAGNOSTIC_PASSED;
  }

  private perform(): void {
    const { state } = this;
    const { step } = state;
    state.step = Step.None;
    if (step === Step.Execute) {
      const command = COMMANDS[state.command];
      if (command) command(this.target);
      else this.fail(reg.ERROR_ABORTED);
    } else if (step === Step.Fill) {
      this.fill();
    } else if (step === Step.Store) {
      this.storeBlock();
    }
    this.changed();
  }

  /** What the table of commands works with. */
  private readonly target: CommandTarget = this.makeTarget();

  private makeTarget(): CommandTarget {
    // The state object is replaced by resets and loads: always go through `this`.
    const task = (): TaskFile => this.state.task;
    return {
      task,
      sectors: () => this.store.sectors,
      complete: () => this.complete(),
      abort: () => this.fail(reg.ERROR_ABORTED),
      read: (ext, multiple) => this.startTransfer(ext, multiple, false),
      write: (ext, multiple) => this.startTransfer(ext, multiple, true),
      verify: (ext) => this.verify(ext),
      seek: () => this.seek(),
      identify: () => this.identify(),
      diagnose: () => {
        this.setSignature();
        this.complete();
      },
      setMultiple: (sectors) => (this.state.multiple = sectors),
      setGeometry: (geometry) => (this.state.geometry = geometry),
      setAddress: (ext, address) => writeAddress(task(), ext, this.state.geometry, address),
    };
  }

  private complete(): void {
    this.state.status = reg.STATUS_IDLE;
    this.state.interrupt = true;
  }

  private fail(error: number): void {
    const { state } = this;
    state.error = error;
    state.status = reg.STATUS_IDLE | reg.STATUS_ERROR;
    state.interrupt = true;
  }

  /** Takes address and count of a command. @returns false if it has failed already */
  private takeAddress(ext: boolean): boolean {
    const { state } = this;
    state.ext = ext;
    state.sector = readAddress(state.task, ext, state.geometry);
    state.left = sectorCount(state.task, ext);
    if (state.sector >= 0 && state.sector < this.store.sectors) return true;
    this.fail(reg.ERROR_ID_NOT_FOUND);
    return false;
  }

  private startTransfer(ext: boolean, multiple: boolean, writing: boolean): void {
    const { state } = this;
    if (multiple && state.multiple === 0) {
      this.fail(reg.ERROR_ABORTED);
      return;
    }
    if (!this.takeAddress(ext)) return;
    state.block = multiple ? state.multiple : 1;
    state.writing = writing;
    if (writing) this.openBuffer();
    else this.fill();
  }

  /** Sectors of the next block that exist. */
  private nextBlock(): number {
    const { state } = this;
    return Math.min(state.block, state.left, this.store.sectors - state.sector);
  }

  private openBuffer(): void {
    const { state } = this;
    state.length = this.nextBlock() * SECTOR_BYTES;
    state.position = 0;
    state.status = reg.STATUS_IDLE | reg.STATUS_DATA_REQUEST;
  }

  private fill(): void {
    const { state } = this;
    if (this.beyondEnd()) return;
    this.openBuffer();
    for (let at = 0; at < state.length; at += SECTOR_BYTES) {
      state.buffer.set(this.store.read(state.sector + at / SECTOR_BYTES), at);
    }
    this.moveOn(state.length / SECTOR_BYTES);
    state.interrupt = true;
  }

  private storeBlock(): void {
    const { state } = this;
    for (let at = 0; at < state.length; at += SECTOR_BYTES) {
      this.store.write(state.sector + at / SECTOR_BYTES, state.buffer.slice(at, at + SECTOR_BYTES));
    }
    this.moveOn(state.length / SECTOR_BYTES);
    if (state.left === 0) {
      this.complete();
    } else if (!this.beyondEnd()) {
      this.openBuffer();
      state.interrupt = true;
    }
  }

  /** Counts sectors as moved; the registers keep the address of the last one and the count of those left. */
  private moveOn(sectors: number): void {
    const { state } = this;
    state.sector += sectors;
    state.left -= sectors;
    writeAddress(state.task, state.ext, state.geometry, state.sector - 1);
    state.task.count = state.left & 0xff;
    state.task.previousCount = state.ext ? state.left >> 8 : state.task.previousCount;
  }

  /** Fails with the address of the first sector that does not exist. */
  private beyondEnd(): boolean {
    const { state } = this;
    if (state.sector < this.store.sectors) return false;
    writeAddress(state.task, state.ext, state.geometry, state.sector);
    this.fail(reg.ERROR_ID_NOT_FOUND);
    return true;
  }

  private verify(ext: boolean): void {
    if (!this.takeAddress(ext)) return;
    const { state } = this;
    this.moveOn(Math.min(state.left, this.store.sectors - state.sector));
    if (state.left === 0) this.complete();
    else this.beyondEnd();
  }

  private seek(): void {
    if (this.takeAddress(false)) this.complete();
  }

  private identify(): void {
    const { state } = this;
    const { model, serial } = this.options;
    const { geometry, multiple } = state;
    state.buffer.set(identifyData({ sectors: this.store.sectors, geometry, multiple, model, serial }));
    state.left = 0;
    state.writing = false;
    state.length = SECTOR_BYTES;
    state.position = 0;
    state.status = reg.STATUS_IDLE | reg.STATUS_DATA_REQUEST;
    state.interrupt = true;
  }

  /** Counts bytes of the data port; the end of a block starts the next step. */
  private advance(bytes: number): void {
    const { state } = this;
    state.position += bytes;
    if (state.position < state.length) return;
    if (state.writing) this.later(Step.Store);
    else if (state.left > 0) this.later(Step.Fill);
    else state.status = reg.STATUS_IDLE;
  }
}
