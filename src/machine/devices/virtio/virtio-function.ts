import type { Clock } from '../../clock';
import type { PhysicalMemory } from '../../memory/physical';
import type { BitField, DeviceState, PortRegister, PortWidth } from '../device';
import { COMMAND_BUS_MASTER, Header } from '../pci/config-space';
import { type PciHost, PciFunction } from '../pci/pci-function';
import { DmaMemory } from './dma';
import {
  type BlockRegister,
  FEATURE_INDIRECT,
  ISR_CONFIG,
  ISR_QUEUE,
  LegacyPort,
  legacyRegisters,
  portsOf,
  registerAt,
  STATUS_DRIVER_OK,
  STATUS_FAILED,
  STATUS_NEEDS_RESET,
} from './legacy-registers';
import { type QueueOptions, Virtqueue, VirtqueueError, type VirtqueueState } from './virtqueue';

/** What a virtio device may reach of its machine. */
export interface VirtioHost {
  readonly pci: PciHost;
  readonly clock: Clock;
  readonly memory: PhysicalMemory;
}

export interface VirtioOptions {
  /** Name in the machine and of its registers: `VIRTIO_BLK0`. */
  readonly name: string;
  readonly slot: number;
  /** PCI device id, 0x1000-0x103f (virtio 1.2, 4.1.2.1: transitional device ids). */
  readonly device: number;
  /** Kind of device, the subsystem id, as virtio numbers them: 2 is a disk, 3 a console. */
  readonly kind: number;
  /** PCI class, subclass and programming interface. */
  readonly classCode: number;
  readonly queues: readonly QueueOptions[];
  /** Feature bits of the kind of device. */
  readonly features: readonly BitField[];
  /** Registers of its configuration, offsets from the BAR. */
  readonly configuration?: readonly BlockRegister[];
  /** Bytes of the BAR, a power of two. */
  readonly ports: number;
}

const VENDOR = 0x1af4;

/** Registers of the transport as they are saved. */
interface TransportState {
  readonly driverFeatures: number;
  readonly status: number;
  readonly isr: number;
  readonly selected: number;
  readonly queues: readonly VirtqueueState[];
}

/**
 * A virtio device with the legacy PCI transport (virtio 0.9.5, 2.1): registers in an I/O BAR, split virtqueues in guest
 * memory, one level-triggered interrupt. Kinds of devices say what a notified queue does. What makes no sense in guest
 * memory stops the device until the driver resets it: NEEDS_RESET is set, and the user is told once.
 */
export abstract class VirtioFunction extends PciFunction {
  protected readonly memory: DmaMemory;
  protected readonly queues: readonly Virtqueue[];
  private readonly block: readonly BlockRegister[];
  private readonly size: number;
  private readonly deviceFeatures: number;
  private driverFeatures = 0;
  private status = 0;
  private isr = 0;
  private selected = 0;

  constructor(
    protected readonly virtioHost: VirtioHost,
    options: VirtioOptions,
  ) {
    const { name, slot, device, kind, classCode, queues, features, configuration = [], ports } = options;
    super(virtioHost.pci, {
      name,
      place: { slot, function: 0 },
      identity: {
        vendor: VENDOR,
        device,
        classCode,
        revision: 0,
        subsystemVendor: VENDOR,
        subsystem: kind,
        interruptPin: 'A',
      },
      baseAddresses: [{ space: 'io', size: ports }],
    });
    this.memory = new DmaMemory(virtioHost.memory);
    this.queues = queues.map((queue) => new Virtqueue(queue, this.memory));
    this.size = ports;
    this.block = [
      ...legacyRegisters(
        features,
        queues.map((queue) => queue.name),
      ),
      ...configuration,
    ];
    this.deviceFeatures = features.reduce((sum, { low }) => sum + 2 ** low, FEATURE_INDIRECT);
  }

  override readPort(port: number, width: PortWidth): number {
    const at = port - (this.portBase ?? 0);
    const register = registerAt(this.block, at);
    if (!register) return 0;
    const value = Math.floor(this.readRegister(register.at) / 2 ** (8 * (at - register.at)));
    return value % 2 ** (8 * width);
  }

  override writePort(port: number, width: PortWidth, value: number): void {
    const at = (port - (this.portBase ?? 0)) as LegacyPort;
    // A register is written as a whole: the parts of a split access have no meaning.
    if (registerAt(this.block, at)?.width === width) this.writeRegister(at, value);
  }

  override reset(): void {
    super.reset();
    this.resetDevice();
  }

  override save(): DeviceState {
    const { driverFeatures, status, isr, selected } = this;
    const transport: TransportState = {
      driverFeatures,
      status,
      isr,
      selected,
      queues: this.queues.map((q) => q.save()),
    };
    return { ...super.save(), transport, device: this.saveDevice() };
  }

  override load(state: DeviceState): void {
    super.load(state);
    const { queues, ...registers } = state.transport as TransportState;
    this.driverFeatures = registers.driverFeatures;
    this.status = registers.status;
    this.isr = registers.isr;
    this.selected = registers.selected;
    this.queues.forEach((queue, i) => queue.load(queues[i]));
    this.shareFeatures();
    this.loadDevice(state.device);
  }

  /** A queue has new requests, or may have. @throws VirtqueueError */
  protected abstract notified(queue: Virtqueue): void;

  /** Forgets requests of a queue that are under way. */
  protected abstract forget(queue: Virtqueue): void;

  protected abstract saveDevice(): unknown;
  protected abstract loadDevice(state: unknown): void;

  /** Value of a register of the device's own configuration; offset from the BAR. */
  protected readConfiguration(_at: number): number {
    return 0;
  }

  /** True if the driver uses a feature, by its bit. */
  protected negotiated(bit: number): boolean {
    return Math.floor(this.driverFeatures / 2 ** bit) % 2 === 1;
  }

  protected override portsAt(base: number): readonly PortRegister[] {
    return portsOf(this.block, base, this.size);
  }

  /** Gives a request back and interrupts, unless the driver does not want it. @throws VirtqueueError */
  protected finish(queue: Virtqueue, head: number, written: number): void {
    if (queue.push(head, written)) this.raise(ISR_QUEUE);
  }

  /** Does work on the queues, which goes through guest memory. */
  protected transfer(work: () => void): void {
    this.contain(() => {
      if (!(this.config.read(Header.Command, 2) & COMMAND_BUS_MASTER)) {
        throw new VirtqueueError('the command register does not let it reach memory (bus master is off)');
      }
      work();
    });
  }

  /** Does what the driver asks for; what makes no sense stops the device. */
  private contain(work: () => void): void {
    if (this.status & (STATUS_NEEDS_RESET | STATUS_FAILED)) return;
    try {
      work();
    } catch (error) {
      if (!(error instanceof VirtqueueError)) throw error;
      this.fail(error.message);
    }
  }

  private fail(problem: string): void {
    for (const queue of this.queues) this.forget(queue);
    const ready = this.status & STATUS_DRIVER_OK;
    this.status |= STATUS_NEEDS_RESET;
    if (ready) this.raise(ISR_CONFIG);
    this.virtioHost.pci.report(`${this.name} stops until the guest resets it: ${problem}`);
  }

  private raise(reason: number): void {
    this.isr |= reason;
    this.setInterrupt(true);
  }

  private resetDevice(): void {
    this.driverFeatures = this.status = this.isr = this.selected = 0;
    for (const queue of this.queues) this.placeQueue(queue, 0);
    this.shareFeatures();
    this.setInterrupt(false);
  }

  private shareFeatures(): void {
    const indirect = (this.driverFeatures & FEATURE_INDIRECT) !== 0;
    for (const queue of this.queues) queue.indirect = indirect;
  }

  private readRegister(at: LegacyPort): number {
    const queue = this.queues.at(this.selected);
    switch (at) {
      case LegacyPort.DeviceFeatures:
        return this.deviceFeatures;
      case LegacyPort.DriverFeatures:
        return this.driverFeatures;
      case LegacyPort.QueueAddress:
        return queue?.pageNumber ?? 0;
      case LegacyPort.QueueSize:
        return queue?.size ?? 0;
      case LegacyPort.QueueSelect:
        return this.selected;
      case LegacyPort.QueueNotify:
        return 0;
      case LegacyPort.Status:
        return this.status;
      case LegacyPort.Isr:
        return this.takeIsr();
      default:
        return this.readConfiguration(at);
    }
  }

  private takeIsr(): number {
    const { isr } = this;
    this.isr = 0;
    this.setInterrupt(false);
    return isr;
  }

  private writeRegister(at: LegacyPort, value: number): void {
    switch (at) {
      case LegacyPort.DriverFeatures:
        // A driver can only take what is offered.
        this.driverFeatures = (value & this.deviceFeatures) >>> 0;
        this.shareFeatures();
        return;
      case LegacyPort.QueueAddress:
        this.contain(() => this.placeSelected(value));
        return;
      case LegacyPort.QueueSelect:
        this.selected = value;
        return;
      case LegacyPort.QueueNotify:
        this.notify(value);
        return;
      case LegacyPort.Status:
        if (value === 0) this.resetDevice();
        else this.status = value | (this.status & STATUS_NEEDS_RESET);
        return;
      default:
    }
  }

  private placeSelected(pages: number): void {
    const queue = this.queues.at(this.selected);
    if (queue) this.placeQueue(queue, pages);
  }

  /** Requests under way were in the old rings. */
  private placeQueue(queue: Virtqueue, pages: number): void {
    this.forget(queue);
    queue.place(pages);
  }

  private notify(index: number): void {
    const queue = this.queues.at(index);
    if (queue?.inUse) this.transfer(() => this.notified(queue));
  }
}
