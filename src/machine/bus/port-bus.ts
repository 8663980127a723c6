import { AbortInstruction } from '../cpu/fault';
import type { Device, PortDirection, PortRegister, PortWidth } from '../devices/device';
import { type PortAccess, type PortObserver, PortVerdict } from './port-access';

const PORTS = 0x10000;

/** What answers at a port. */
export interface PortDescription {
  readonly device: Device;
  /** Left out where the device has no register for that direction. */
  readonly register?: PortRegister;
}

/** All ones in a value of `width` bytes. */
function ones(width: number): number {
  return width === 4 ? 0xffffffff : (1 << (width * 8)) - 1;
}

/** True if a register answers accesses in that direction. */
export function serves(register: PortRegister, direction: PortDirection): boolean {
  return register.direction === undefined || register.direction === direction;
}

/**
 * The 64 K ports of a PC: finds the device behind a port, splits wide accesses as the ISA bus does, counts,
 * and asks the debugger where a port is watched. A port that nobody owns reads all ones and loses writes.
 */
export class PortBus {
  readonly devices: Device[] = [];
  /** Non-zero for ports whose accesses the observer wants to see; a wide access is shown if it touches one. */
  readonly watch = new Uint8Array(PORTS);
  observer: PortObserver | undefined;
  /**
   * Told of an access to a port that nobody owns: the first one of each port, or all with `reportEveryUnowned`.
   * `Stop` stops the guest once the instruction is done.
   */
  onUnowned: ((access: Readonly<PortAccess>) => PortVerdict) | undefined;
  reportEveryUnowned = false;
  /** Told after every access of channel `direct`, so that the time of a bus cycle can be charged. The access is reused. */
  onDirect: ((access: Readonly<PortAccess>) => void) | undefined;

  /** Accesses by port since the counters were cleared. A wide access counts once, at its own port. */
  readonly ins = new Float64Array(PORTS);
  readonly outs = new Float64Array(PORTS);
  /** Value and width in bytes of the last access by port; width 0 where there was none. */
  readonly lastIn = new Uint32Array(PORTS);
  readonly lastOut = new Uint32Array(PORTS);
  readonly lastInWidth = new Uint8Array(PORTS);
  readonly lastOutWidth = new Uint8Array(PORTS);

  /** Index into `devices` plus one; 0 where nobody owns the port. */
  private readonly owner = new Uint8Array(PORTS);
  /** Widest access in bytes that the port takes in one piece. */
  private readonly inWidth = new Uint8Array(PORTS).fill(1);
  private readonly outWidth = new Uint8Array(PORTS).fill(1);
  private readonly unownedSeen = new Uint8Array(PORTS);

  /** @param requestStop asks the run loop to stop after the present instruction */
  constructor(private readonly requestStop: () => void) {}

  /**
   * Gives a device the ports that its registers name.
   * @throws RangeError if another device owns one of them, or the name is taken; nothing is claimed then
   */
  register(device: Device): void {
    if (this.devices.length === 0xff) throw new RangeError(`${device.name}: the port bus takes 255 devices at most`);
    const twin = this.devices.find((other) => other.name.toLowerCase() === device.name.toLowerCase());
    if (twin) throw new RangeError(`a device named ${twin.name} is on the port bus already`);
    this.checkFree(device);
    this.devices.push(device);
    this.claim(device, this.devices.length);
  }

  /**
   * Gives a registered device the ports that its registers name now, in place of those it had: a PCI card whose range
   * has moved.
   * @throws RangeError if another device owns one of them; the device has no ports then
   */
  move(device: Device): void {
    const index = this.devices.indexOf(device) + 1;
    // A device that is moved before it is registered gets its ports then.
    if (index === 0) return;
    for (let port = this.owner.indexOf(index); port >= 0; port = this.owner.indexOf(index, port + 1)) {
      this.owner[port] = 0;
      this.inWidth[port] = this.outWidth[port] = 1;
    }
    this.checkFree(device);
    this.claim(device, index);
  }

  deviceAt(port: number): Device | undefined {
    return this.devices[this.owner[port] - 1];
  }

  /**
   * Carries out one access; the value of an `in` is left in `access.value`.
   * @throws AbortInstruction if the observer stops before it; nothing has happened then
   */
  access(access: PortAccess): void {
    const { port, width } = access;
    if (access.direction === 'out')
      access.value = width === 1 ? access.value & 0xff : (access.value & ones(width)) >>> 0;
    if ((width === 1 ? this.watch[port] !== 0 : this.isWatched(port, width)) && this.observer) {
      this.observed(access, this.observer);
      return;
    }
    if (access.direction === 'out') this.write(access);
    else {
      this.read(access);
      this.noteRead(access);
    }
    if (access.channel === 'direct') this.onDirect?.(access);
  }

  /** The same in view of an observer. */
  private observed(access: PortAccess, observer: PortObserver): void {
    if (observer.before(access) === PortVerdict.Stop) throw new AbortInstruction();
    if (access.direction === 'out') this.write(access);
    else this.read(access);
    const verdict = observer.after(access);
    if (access.direction === 'in') this.noteRead(access);
    if (access.channel === 'direct') this.onDirect?.(access);
    if (verdict === PortVerdict.Stop) this.requestStop();
  }

  /**
   * The device and register behind a port as things stand.
   * @param value the value written, if known: some devices tell registers apart by it
   */
  describe(port: number, direction: PortDirection, value?: number): PortDescription | undefined {
    const device = this.deviceAt(port);
    if (!device) return undefined;
    const register = device.registerAt
      ? device.registerAt(port, direction, value)
      : device.registers.find((candidate) => candidate.port === port && serves(candidate, direction));
    return { device, register };
  }

  /** `COM1.THR`, the bare device name where it has no register for the direction, or empty. */
  nameOf(port: number, direction: PortDirection, value?: number): string {
    const found = this.describe(port, direction, value);
    if (!found) return '';
    return found.register ? `${found.device.name}.${found.register.name}` : found.device.name;
  }

  /** Ports that were accessed since the counters were cleared, in ascending order. */
  seenPorts(): number[] {
    const seen: number[] = [];
    for (let port = 0; port < PORTS; port++) if (this.ins[port] || this.outs[port]) seen.push(port);
    return seen;
  }

  /** Clears counters and last values, and reports unowned ports afresh. */
  clearCounters(): void {
    const tables = [this.ins, this.outs, this.lastIn, this.lastOut, this.lastInWidth, this.lastOutWidth];
    for (const table of tables) table.fill(0);
    this.unownedSeen.fill(0);
  }

  /** Power-on reset of all devices, in the order in which they were registered. */
  reset(): void {
    for (const device of this.devices) device.reset();
  }

  private checkFree(device: Device): void {
    for (const { port } of device.registers) {
      const owner = this.deviceAt(port);
      if (!owner) continue;
      throw new RangeError(`port 0x${port.toString(16)} is claimed by both ${owner.name} and ${device.name}`);
    }
  }

  private claim(device: Device, index: number): void {
    for (const register of device.registers) {
      const { port, width = 1 } = register;
      this.owner[port] = index;
      if (serves(register, 'in')) this.inWidth[port] = Math.max(this.inWidth[port], width);
      if (serves(register, 'out')) this.outWidth[port] = Math.max(this.outWidth[port], width);
    }
  }

  private isWatched(port: number, width: number): boolean {
    for (let i = 0; i < width; i++) if (this.watch[(port + i) & 0xffff]) return true;
    return false;
  }

  private read(access: PortAccess): void {
    const { port, width } = access;
    const owner = this.owner[port];
    if (owner !== 0 && this.inWidth[port] >= width) {
      access.value = this.devices[owner - 1].readPort(port, width);
    } else if (owner === 0 && this.isUnowned(port, width)) {
      this.reportUnowned(access, port, width);
      access.value = ones(width);
    } else access.value = this.readPieces(access);
    this.ins[port]++;
  }

  private noteRead(access: PortAccess): void {
    const { port, width } = access;
    access.value = (access.value & ones(width)) >>> 0;
    this.lastIn[port] = access.value;
    this.lastInWidth[port] = width;
  }

  private write(access: PortAccess): void {
    const { port, width, value } = access;
    const owner = this.owner[port];
    if (owner !== 0 && this.outWidth[port] >= width) this.devices[owner - 1].writePort(port, width, value);
    else if (owner === 0 && this.isUnowned(port, width)) this.reportUnowned(access, port, width);
    else this.writePieces(access);
    this.outs[port]++;
    this.lastOut[port] = value;
    this.lastOutWidth[port] = width;
  }

  private readPieces(access: PortAccess): number {
    const { port, width } = access;
    let value = 0;
    for (let done = 0; done < width; ) {
      const at = (port + done) & 0xffff;
      const piece = this.piece(access, at, width - done, this.inWidth);
      value += (this.deviceAt(at)?.readPort(at, piece) ?? ones(piece)) * 2 ** (8 * done);
      done += piece;
    }
    return value;
  }

  private writePieces(access: PortAccess): void {
    const { port, width, value } = access;
    for (let done = 0; done < width; ) {
      const at = (port + done) & 0xffff;
      const piece = this.piece(access, at, width - done, this.outWidth);
      this.deviceAt(at)?.writePort(at, piece, ((value >>> (8 * done)) & ones(piece)) >>> 0);
      done += piece;
    }
  }

  /** Width of the next piece of a split access of which `left` bytes remain at `port`. */
  private piece(access: PortAccess, port: number, left: number, widths: Uint8Array): PortWidth {
    if (this.owner[port]) return Math.min(widths[port], left === 3 ? 2 : left) as PortWidth;
    const whole = left === access.width && this.isUnowned(port, left);
    const width = whole ? access.width : 1;
    this.reportUnowned(access, port, width);
    return width;
  }

  private isUnowned(port: number, width: number): boolean {
    for (let i = 0; i < width; i++) if (this.owner[(port + i) & 0xffff]) return false;
    return true;
  }

  private reportUnowned(access: PortAccess, port: number, width: PortWidth): void {
    if (this.unownedSeen[port] === 0 || this.reportEveryUnowned) this.tellUnowned(access, port, width);
  }

  private tellUnowned(access: PortAccess, port: number, width: PortWidth): void {
    this.unownedSeen[port] = 1;
    const value = access.direction === 'in' ? ones(width) : access.value;
    if (this.onUnowned?.({ ...access, port, width, value }) === PortVerdict.Stop) this.requestStop();
  }
}
