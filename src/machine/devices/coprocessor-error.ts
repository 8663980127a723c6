import type { ErrorPins } from '../fpu/error-reporting';
import type { Device, DeviceHost, DeviceState, PortRegister } from './device';
import { checkVersion } from './device-state';

const IRQ = 13;
const CLEAR_PORT = 0xf0;

/**
 * What makes an interrupt of a floating-point error on a PC/AT (82371SB PIIX3 datasheet, "Coprocessor error support"):
 * the edge of FERR# is latched and raises IRQ13; a write to port 0xf0 clears the latch and holds IGNNE# active until
 * FERR# goes away.
 */
export class CoprocessorError implements Device, ErrorPins {
  readonly name = 'FPUERR';
  readonly registers: readonly PortRegister[] = [
    {
      port: CLEAR_PORT,
      name: 'CLEAR',
      direction: 'out',
      doc: 'Any write takes back IRQ13 and lets the processor ignore the floating-point error until it is cleared.',
    },
  ];
  private error = false;
  private latched = false;
  private ignoring = false;

  constructor(private readonly host: DeviceHost) {}

  setError(active: boolean): void {
    if (active && !this.error && !this.ignoring) this.setLatch(true);
    this.error = active;
    if (!active) this.ignoring = false;
  }

  get ignored(): boolean {
    return this.ignoring;
  }

  /** Only reached by an IN of a wide access: nothing drives the bus. */
  readPort(): number {
    return 0xff;
  }

  writePort(): void {
    this.setLatch(false);
    if (this.error) this.ignoring = true;
  }

  reset(): void {
    this.error = false;
    this.ignoring = false;
    this.setLatch(false);
  }

  save(): DeviceState {
    return { version: 1, error: this.error, latched: this.latched, ignoring: this.ignoring };
  }

  load(state: DeviceState): void {
    checkVersion(this, state, 1);
    this.error = state.error as boolean;
    this.ignoring = state.ignoring as boolean;
    this.setLatch(state.latched as boolean);
  }

  private setLatch(value: boolean): void {
    this.latched = value;
    this.host.setIrq(IRQ, value);
  }
}
