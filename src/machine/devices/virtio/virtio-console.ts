import type { Timer } from '../../clock';
import { BYTE_CYCLES, REQUEST_CYCLES } from './latency';
import { type VirtioHost, VirtioFunction } from './virtio-function';
import { totalLength, type Virtqueue } from './virtqueue';

const QUEUE_SIZE = 64;
/** Far more than drivers move at once. */
const LARGEST_TEXT = 256 << 10;
const PORTS = 32;
/** Input that waits for the guest; what comes when it is full is lost, as on a serial line. */
const INPUT_BYTES = 65536;

export interface VirtioConsoleOptions {
  readonly name: string;
  readonly slot: number;
  /** Told of each byte that the guest sends. */
  onTransmit(byte: number): void;
}

/** A virtio console with its one port (virtio 0.9.5, appendix E): queue 0 is input, queue 1 output. */
export class VirtioConsole extends VirtioFunction {
  private readonly sending: Timer;
  private readonly receiving: Timer;
  /** First descriptor of the output under way. */
  private active: number | undefined;
  /** Input that the guest has not taken. */
  private input: number[] = [];

  constructor(
    host: VirtioHost,
    private readonly options: VirtioConsoleOptions,
  ) {
    const { name, slot } = options;
    super(host, {
      name,
      slot,
      device: 0x1003,
      kind: 3,
      classCode: 0x078000,
      queues: [
        { name: 'receive', size: QUEUE_SIZE, largest: LARGEST_TEXT },
        { name: 'transmit', size: QUEUE_SIZE, largest: LARGEST_TEXT },
      ],
      features: [],
      ports: PORTS,
    });
    this.sending = host.clock.timer(`${name}.transmit`, () => this.transfer(() => this.send()));
    this.receiving = host.clock.timer(`${name}.receive`, () => this.transfer(() => this.deliver()));
  }

  /** Input from the other side. What does not fit is lost. */
  receive(bytes: Uint8Array): void {
    for (const byte of bytes) if (this.input.length < INPUT_BYTES) this.input.push(byte);
    this.expectDelivery();
  }

  override reset(): void {
    super.reset();
    this.input = [];
  }

  protected override notified(queue: Virtqueue): void {
    if (queue !== this.queues[0]) this.startNext();
    else if (this.input.length === 0) queue.wantNotifications(false);
    else this.expectDelivery();
  }

  protected override forget(queue: Virtqueue): void {
    if (queue === this.queues[0]) {
      this.receiving.disarm();
      return;
    }
    this.active = undefined;
    this.sending.disarm();
  }

  protected override saveDevice(): unknown {
    const { active, input, sending, receiving } = this;
    return { active, input: [...input], sending: sending.due, receiving: receiving.due };
  }

  protected override loadDevice(state: unknown): void {
    const saved = state as { active: number | undefined; input: number[]; sending: number; receiving: number };
    this.active = saved.active;
    this.input = [...saved.input];
    for (const name of ['sending', 'receiving'] as const) {
      if (saved[name] === Infinity) this[name].disarm();
      else this[name].arm(saved[name]);
    }
  }

  private startNext(): void {
    if (this.active !== undefined) return;
    const chain = this.queues[1].take();
    // The queue is looked at again when the text is out.
    this.queues[1].wantNotifications(chain === undefined);
    if (!chain) return;
    this.active = chain.head;
    this.sending.arm(this.virtioHost.clock.now + REQUEST_CYCLES + totalLength(chain.readable) * BYTE_CYCLES);
  }

  private send(): void {
    if (this.active === undefined) return;
    const chain = this.queues[1].chainAt(this.active);
    this.active = undefined;
    for (const segment of chain.readable) {
      for (const byte of this.memory.bytes(segment)) this.options.onTransmit(byte);
    }
    this.finish(this.queues[1], chain.head, 0);
    this.startNext();
  }

  private expectDelivery(): void {
    if (this.input.length === 0 || !this.queues[0].inUse || this.receiving.due !== Infinity) return;
    this.receiving.arm(this.virtioHost.clock.now + REQUEST_CYCLES);
  }

  /** Fills the driver's buffers with what has come in. New buffers are of interest only while there is more. */
  private deliver(): void {
    this.queues[0].wantNotifications(true);
    while (this.input.length > 0) {
      const chain = this.queues[0].take();
      if (!chain) return;
      const bytes = Uint8Array.from(this.input.splice(0, totalLength(chain.writable)));
      let at = 0;
      for (const { address, length } of chain.writable) {
        this.memory.store(address, bytes.subarray(at, at + length));
        at += length;
      }
      this.finish(this.queues[0], chain.head, bytes.length);
    }
    this.queues[0].wantNotifications(false);
  }
}
