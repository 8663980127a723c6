import type { BitField, PortDirection, PortRegister, PortWidth } from '../device';

/** Offsets of the legacy register block (virtio 0.9.5, 2.1.2; virtio 1.2, 4.1.4.10), without MSI-X. */
export enum LegacyPort {
  DeviceFeatures = 0x00,
  DriverFeatures = 0x04,
  QueueAddress = 0x08,
  QueueSize = 0x0c,
  QueueSelect = 0x0e,
  QueueNotify = 0x10,
  Status = 0x12,
  Isr = 0x13,
  /** Configuration of the kind of device. */
  Config = 0x14,
}

/** Device status. */
export const STATUS_DRIVER_OK = 0x04;
export const STATUS_NEEDS_RESET = 0x40;
export const STATUS_FAILED = 0x80;
/** Interrupt status. */
export const ISR_QUEUE = 0x01;
export const ISR_CONFIG = 0x02;

/** Ring features that every device here has (2.4). */
export const FEATURE_INDIRECT = 2 ** 28;

/** A register of the block. Offsets count from the BAR. */
export interface BlockRegister {
  readonly at: number;
  readonly width: PortWidth;
  readonly name: string;
  readonly direction?: PortDirection;
  readonly doc: string;
  readonly fields?: readonly BitField[];
}

const bit = (name: string, at: number, doc?: string): BitField => ({ name, low: at, high: at, doc });

const RING_FEATURES = [bit('INDIRECT_DESC', 28, 'Descriptors may point to tables of descriptors.')];

/** The part of the block that all kinds of devices have. */
export function legacyRegisters(
  deviceFeatures: readonly BitField[],
  queues: readonly string[],
): readonly BlockRegister[] {
  const features = [...RING_FEATURES, ...deviceFeatures];
  const queueField = { name: 'QUEUE', low: 0, high: 15, values: Object.fromEntries(queues.entries()) };
  return [
    {
      at: LegacyPort.DeviceFeatures,
      width: 4,
      name: 'DEVICE_FEATURES',
      direction: 'in',
      doc: 'What the device can do.',
      fields: features,
    },
    {
      at: LegacyPort.DriverFeatures,
      width: 4,
      name: 'DRIVER_FEATURES',
      doc: 'Which of that the driver uses.',
      fields: features,
    },
    {
      at: LegacyPort.QueueAddress,
      width: 4,
      name: 'QUEUE_PFN',
      doc: 'Physical address of the selected queue in pages of 4096 bytes; 0: not in use.',
    },
    {
      at: LegacyPort.QueueSize,
      width: 2,
      name: 'QUEUE_SIZE',
      direction: 'in',
      doc: 'Entries of the selected queue; 0: there is no such queue.',
    },
    {
      at: LegacyPort.QueueSelect,
      width: 2,
      name: 'QUEUE_SELECT',
      doc: 'Queue that QUEUE_PFN and QUEUE_SIZE speak of.',
      fields: [queueField],
    },
    {
      at: LegacyPort.QueueNotify,
      width: 2,
      name: 'QUEUE_NOTIFY',
      doc: 'Tells the device that a queue has new requests.',
      fields: [queueField],
    },
    {
      at: LegacyPort.Status,
      width: 1,
      name: 'STATUS',
      doc: 'How far the driver is; 0 resets the device.',
      fields: [
        bit('FAILED', 7, 'The driver has given up.'),
        bit('NEEDS_RESET', 6, 'The device has met an error that only a reset ends.'),
        bit('DRIVER_OK', 2, 'The driver is ready.'),
        bit('DRIVER', 1, 'The driver knows the device.'),
        bit('ACKNOWLEDGE', 0, 'The device was found.'),
      ],
    },
    {
      at: LegacyPort.Isr,
      width: 1,
      name: 'ISR',
      direction: 'in',
      doc: 'Why there was an interrupt; reading clears it.',
      fields: [
        bit('CONFIG', 1, 'The configuration or the status changed.'),
        bit('QUEUE', 0, 'A queue has used buffers.'),
      ],
    },
  ];
}

/**
 * The ports of a block at its place: each register by its name, the bytes inside it that drivers may also read on
 * their own as NAME_1 and so on, up to the end of the range as RESERVED.
 */
export function portsOf(registers: readonly BlockRegister[], base: number, size: number): PortRegister[] {
  const ports: PortRegister[] = [];
  let end = 0;
  for (const { at, width, name, direction, doc, fields } of registers) {
    ports.push({ port: base + at, name, width, direction, doc, fields });
    for (let i = 1; i < width; i++) {
      ports.push({ port: base + at + i, name: `${name}_${i}`, direction, doc: `${name} from bit ${8 * i}: ${doc}` });
    }
    end = Math.max(end, at + width);
  }
  for (let at = end; at < size; at++) ports.push({ port: base + at, name: `RESERVED_${at}`, doc: 'Nothing: reads 0.' });
  return ports;
}

/** The register that an offset belongs to. */
export function registerAt(registers: readonly BlockRegister[], at: number): BlockRegister | undefined {
  return registers.find((register) => at >= register.at && at < register.at + register.width);
}
