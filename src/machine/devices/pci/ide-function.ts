import { type PciHost, PciFunction } from './pci-function';

/** IDE timing registers of both channels: bit 15 says that the channel is decoded. */
const TIMING_PRIMARY = 0x40;
const TIMING_SECONDARY = 0x42;
const DECODE = 0x8000;

/**
 * Function 1 of the 82371SB (PIIX3): the IDE controller whose channels are at the legacy ports, which the `IdeChannel`s
 * answer. There is no bus mastering, and so neither BAR 4 nor bit 7 of the programming interface: drivers use PIO.
 * Timings are kept, not obeyed. The channels are decoded from power on, for guests that no firmware has prepared.
 */
export class IdeFunction extends PciFunction {
  constructor(host: PciHost) {
    super(host, {
      name: 'PIIX3IDE',
      place: { slot: 1, function: 1 },
      identity: {
        vendor: 0x8086,
        device: 0x7010,
        classCode: 0x010100,
        revision: 0,
        subsystemVendor: 0x1af4,
        subsystem: 0x1100,
        // The legacy ports are always on.
        command: 0x0001,
        status: 0x0280,
      },
      fields: [
        { at: TIMING_PRIMARY, width: 2, value: DECODE, writable: 0x7fff },
        { at: TIMING_SECONDARY, width: 2, value: DECODE, writable: 0x7fff },
        { at: 0x44, width: 1, value: 0, writable: 0xff },
      ],
    });
  }
}
