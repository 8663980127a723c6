import type { Device, DeviceHost, DeviceState, PortRegister, PortWidth } from '../device';
import { checkVersion } from '../device-state';
import type { TaskFile } from './address';
import type { BlockStore } from './block-store';
import { AtaDrive } from './drive';
import * as reg from './registers';
import { IdePort } from './registers';

const EXECUTE_DIAGNOSTIC = 0x90;
/** What the data lines read with no drive on the cable. */
const FLOATING = 0xff;

export interface IdeOptions {
  /** `IDE0` */
  name: string;
  /** First port of the command block, and the port of device control. */
  base: number;
  control: number;
  irq: number;
  /** Drive 0 and drive 1; undefined where there is none. */
  drives: readonly (BlockStore | undefined)[];
  /** Cycles that a command, or each block of a transfer, keeps a drive busy; 0: it is never seen busy. */
  latency: number;
}

/**
 * One cable of a PC's IDE controller with up to two disks (ATA/ATAPI-6, chapters 7-9). With a first drive only, that one
 * answers for the second with status 0; an empty cable floats high.
 */
export class IdeChannel implements Device {
  readonly name: string;
  readonly registers: readonly PortRegister[];
  readonly drives: readonly (AtaDrive | undefined)[];
  private selected = 0;
  private control = 0;

  constructor(
    private readonly host: DeviceHost,
    private readonly options: IdeOptions,
  ) {
    const { name, latency } = options;
    this.name = name;
    this.registers = reg.ideRegisters(options.base, options.control);
    this.drives = [0, 1].map((i) => {
      const store = options.drives[i];
      if (!store) return undefined;
      const identity = { store, latency, model: 'Ringside disk', serial: `${name}${i}` };
      return new AtaDrive(`${name}.drive${i}`, host, identity, () => this.showIrq());
    });
  }

  readPort(port: number, width: PortWidth): number {
    const drive = this.drives[this.selected];
    if (port === this.options.control) return this.statusOf(drive);
    const offset = (port - this.options.base) as IdePort;
    if (offset === IdePort.Data) return this.readData(width);
    if (offset === IdePort.Status) {
      const status = this.statusOf(drive);
      drive?.clearInterrupt();
      this.showIrq();
      return status;
    }
    const answering = drive ?? this.drives[0];
    if (!answering) return FLOATING;
    if (offset === IdePort.Error) return answering.error;
    if (offset === IdePort.Device) return (answering.task.device & ~reg.DEVICE_SELECT) | 0xa0 | (this.selected << 4);
    return answering.task[this.field(offset)];
  }

  writePort(port: number, width: PortWidth, value: number): void {
    if (port === this.options.control) {
      this.writeControl(value);
      return;
    }
    const offset = (port - this.options.base) as IdePort;
    if (offset === IdePort.Data) {
      this.drives[this.selected]?.writeData(width, value);
      this.showIrq();
      return;
    }
    // Any write to the command block ends the reading of previous contents.
    this.control &= ~reg.CONTROL_HIGH_ORDER;
    if (offset === IdePort.Status) this.writeCommand(value);
    else this.writeTask(offset, value);
  }

  reset(): void {
    this.selected = 0;
    this.control = 0;
    for (const drive of this.drives) drive?.reset();
    this.showIrq();
  }

  save(): DeviceState {
    const { selected, control } = this;
    return { version: 1, selected, control, drives: this.drives.map((drive) => drive?.save()) };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    this.selected = state.selected as number;
    this.control = state.control as number;
    const drives = state.drives as unknown[];
    this.drives.forEach((drive, i) => drive?.load(drives[i]));
    this.showIrq();
  }

  private statusOf(drive: AtaDrive | undefined): number {
    if (drive) return drive.status;
    return this.selected === 1 && this.drives[0] ? 0 : FLOATING;
  }

  private readData(width: PortWidth): number {
    const value = this.drives[this.selected]?.readData(width) ?? 0xffffffff;
    this.showIrq();
    return width === 4 ? value : value & ((1 << (8 * width)) - 1);
  }

  /** The register behind an offset; with HOB the one before it. */
  private field(offset: IdePort): keyof TaskFile {
    const previous = (this.control & reg.CONTROL_HIGH_ORDER) !== 0;
    switch (offset) {
      case IdePort.Count:
        return previous ? 'previousCount' : 'count';
      case IdePort.Low:
        return previous ? 'previousLow' : 'low';
      case IdePort.Mid:
        return previous ? 'previousMid' : 'mid';
      default:
        return previous ? 'previousHigh' : 'high';
    }
  }

  /** Parameters go to both drives. */
  private writeTask(offset: IdePort, value: number): void {
    if (offset === IdePort.Device) this.selected = value & reg.DEVICE_SELECT ? 1 : 0;
    for (const drive of this.drives) drive?.writeTask((task) => TASK_WRITES[offset]?.(task, value));
    this.showIrq();
  }

  private writeCommand(command: number): void {
    if (command === EXECUTE_DIAGNOSTIC) {
      this.selected = 0;
      this.drives[1]?.diagnose();
    }
    this.drives[this.selected]?.writeCommand(command);
    this.showIrq();
  }

  private writeControl(value: number): void {
    const before = this.control;
    this.control = value;
    if (value & reg.CONTROL_RESET) {
      for (const drive of this.drives) drive?.holdReset();
    } else if (before & reg.CONTROL_RESET) {
      this.selected = 0;
      for (const drive of this.drives) drive?.softReset();
    }
    this.showIrq();
  }

  private showIrq(): void {
    const wanted = this.drives[this.selected]?.interrupt ?? false;
    this.host.setIrq(this.options.irq, wanted && !(this.control & reg.CONTROL_NO_INTERRUPT));
  }
}

/** Writes of the command block by offset. Count and address move their old contents to the previous ones. */
const TASK_WRITES: Readonly<Partial<Record<IdePort, (task: TaskFile, value: number) => void>>> = {
  [IdePort.Error]: (task, value) => (task.features = value),
  [IdePort.Count]: (task, value) => {
    task.previousCount = task.count;
    task.count = value;
  },
  [IdePort.Low]: (task, value) => {
    task.previousLow = task.low;
    task.low = value;
  },
  [IdePort.Mid]: (task, value) => {
    task.previousMid = task.mid;
    task.mid = value;
  },
  [IdePort.High]: (task, value) => {
    task.previousHigh = task.high;
    task.high = value;
  },
  [IdePort.Device]: (task, value) => (task.device = value),
};
