import type { Device, DeviceState, PortRegister, PortWidth } from '../device';
import { checkVersion } from '../device-state';
import type { SystemLines } from '../system-control';

const RESET_CPU = 0x04;
const HARD = 0x02;
const KEPT = 0x06;

/** The reset control register at port 0xcf9 (82371SB PIIX3 datasheet, RC). */
export class ResetControl implements Device {
  readonly name = 'RESETCTL';
  readonly registers: readonly PortRegister[] = [
    {
      port: 0xcf9,
      name: 'CONTROL',
      doc: 'Reset of the machine by software.',
      fields: [
        { name: 'RCPU', low: 2, high: 2, doc: 'A change from 0 to 1 resets.' },
        { name: 'SRST', low: 1, high: 1, values: { 0: 'soft reset: processor only', 1: 'hard reset' } },
      ],
    },
  ];
  private value = 0;

  constructor(private readonly lines: Pick<SystemLines, 'reset'>) {}

  readPort(): number {
    return this.value;
  }

  writePort(_port: number, _width: PortWidth, value: number): void {
    const rises = value & ~this.value & RESET_CPU;
    this.value = value & KEPT;
    if (rises) this.lines.reset(value & HARD ? 'port 0xcf9 (hard)' : 'port 0xcf9 (soft)');
  }

  reset(): void {
    this.value = 0;
  }

  save(): DeviceState {
    return { version: 1, value: this.value };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    this.value = state.value as number;
  }
}
