import type { Device, DeviceState, PortRegister, PortWidth } from './device';
import { checkVersion } from './device-state';
import type { Pit8254 } from './pit/pit8254';

const GATE2 = 0x01;
const WRITABLE = 0x0f;
const REFRESH = 0x10;
const OUTPUT2 = 0x20;

/**
 * Port 0x61 of a PC/AT, the "NMI status and control register" of chipsets (82371SB PIIX3 datasheet): gate and
 * output of PIT channel 2, the speaker, and the refresh toggle. Memory parity and I/O channel checks never happen.
 */
export class Port61 implements Device {
  readonly name = 'PORT61';
  readonly registers: readonly PortRegister[] = [
    {
      port: 0x61,
      name: 'NMISC',
      doc: 'Gate and output of timer 2, speaker, refresh toggle, NMI sources.',
      fields: [
        { name: 'SERR', low: 7, high: 7, doc: 'Memory parity or system error; never set.' },
        { name: 'IOCHK', low: 6, high: 6, doc: 'I/O channel check; never set.' },
        { name: 'OUT2', low: 5, high: 5, doc: 'Output of timer channel 2.' },
        { name: 'REFRESH', low: 4, high: 4, doc: 'Toggles with every period of timer channel 1.' },
        { name: 'IOCHK_DIS', low: 3, high: 3, doc: 'I/O channel check disabled.' },
        { name: 'SERR_DIS', low: 2, high: 2, doc: 'Parity check disabled.' },
        { name: 'SPKR', low: 1, high: 1, values: { 0: 'speaker off', 1: 'speaker on' } },
        { name: 'GATE2', low: 0, high: 0, doc: 'Gate of timer channel 2.' },
      ],
    },
  ];
  private control = 0;

  constructor(private readonly pit: Pit8254) {}

  readPort(): number {
    const refresh = this.pit.periods(1) & 1 ? REFRESH : 0;
    return this.control | refresh | (this.pit.output(2) ? OUTPUT2 : 0);
  }

  writePort(_port: number, _width: PortWidth, value: number): void {
    this.control = value & WRITABLE;
    this.pit.gate = (value & GATE2) !== 0;
  }

  /** True while the speaker sounds what channel 2 gives. */
  get speakerOn(): boolean {
    return (this.control & 3) === 3;
  }

  reset(): void {
    this.control = 0;
    this.pit.gate = false;
  }

  save(): DeviceState {
    return { version: 1, control: this.control };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    this.control = state.control as number;
  }
}
