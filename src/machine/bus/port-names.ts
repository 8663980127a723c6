import type { PortDirection, PortRegister } from '../devices/device';
import { type PortBus, serves } from './port-bus';
import { type MappedDevice, parsePortMap, PortMapError } from './port-map';

/** A port name that a user may type, with what stands behind it. */
export interface PortName {
  /** `COM1.THR`, or `COM1` for all ports of a device. */
  readonly name: string;
  /** Ascending. */
  readonly ports: readonly number[];
  readonly doc: string;
}

/** Names of ports in both directions: the devices' own and those of the user's port maps. Case does not matter. */
export class PortNames {
  private readonly mapped: MappedDevice[] = [];

  constructor(private readonly bus: PortBus) {}

  /**
   * Adds the names of a port map (docs/port-maps.md).
   * @param file name of the file, for messages
   * @throws PortMapError if the map is malformed or a device's name is taken; nothing is added then
   */
  load(json: string, file: string): void {
    const devices = parsePortMap(json, file);
    const taken = new Set([...this.bus.devices, ...this.mapped].map((device) => device.name.toLowerCase()));
    devices.forEach(({ name }, i) => {
      if (taken.has(name.toLowerCase())) {
        throw new PortMapError(`${file}: devices[${i}].name: the name "${name}" is taken by another device`);
      }
      taken.add(name.toLowerCase());
    });
    this.mapped.push(...devices);
  }

  /**
   * `COM1.THR`; empty if the port has no name. The emulator's own device wins over a port map.
   * @param value the value written, if known
   */
  nameOf(port: number, direction: PortDirection, value?: number): string {
    const own = this.bus.nameOf(port, direction, value);
    if (own) return own;
    const found = this.mappedAt(port, direction);
    return found ? `${found.device.name}.${found.register.name}` : '';
  }

  /** Description of the register behind a port as things stand; the emulator's own device wins over a port map. */
  registerOf(port: number, direction: PortDirection, value?: number): PortRegister | undefined {
    const own = this.bus.describe(port, direction, value);
    return own ? own.register : this.mappedAt(port, direction)?.register;
  }

  /** Ports that `COM1.THR` or `COM1` stands for, ascending; undefined if nothing has that name. */
  portOf(name: string): number[] | undefined {
    const wanted = name.toLowerCase();
    const ports = new Set<number>();
    for (const device of [...this.bus.devices, ...this.mapped]) {
      const prefix = device.name.toLowerCase();
      for (const register of device.registers) {
        if (wanted === prefix || wanted === `${prefix}.${register.name.toLowerCase()}`) ports.add(register.port);
      }
    }
    return ports.size ? [...ports].sort((a, b) => a - b) : undefined;
  }

  /** Every name there is: each device followed by its registers. For completions. */
  all(): PortName[] {
    const names: PortName[] = [];
    for (const device of [...this.bus.devices, ...this.mapped]) {
      const own = [...new Set(device.registers.map((register) => register.port))].sort((a, b) => a - b);
      // A PCI function without ports, or whose ports are not decoded now.
      if (own.length === 0) continue;
      names.push({ name: device.name, ports: own, doc: 'doc' in device ? device.doc : `All ports of ${device.name}.` });
      for (const register of device.registers) {
        names.push({ name: `${device.name}.${register.name}`, ports: [register.port], doc: register.doc });
      }
    }
    return names;
  }

  private mappedAt(
    port: number,
    direction: PortDirection,
  ): { device: MappedDevice; register: PortRegister } | undefined {
    for (const device of this.mapped) {
      const register = device.registers.find((candidate) => candidate.port === port && serves(candidate, direction));
      if (register) return { device, register };
    }
    return undefined;
  }
}
