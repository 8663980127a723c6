import type { BitField, PortRegister } from '../devices/device';

/** Names for the ports of a device that the emulator does not own, as a user gave them. */
export interface MappedDevice {
  readonly name: string;
  readonly doc: string;
  readonly registers: readonly PortRegister[];
}

/** A port map that can't be used. The message names the file, the place in it and what is wrong. */
export class PortMapError extends Error {}

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Walks a parsed port map and complains with the path of the value. */
class MapReader {
  constructor(private readonly file: string) {}

  fail(path: string, problem: string): never {
    throw new PortMapError(`${this.file}: ${path ? `${path}: ` : ''}${problem}`);
  }

  object(value: unknown, path: string, keys: readonly string[]): Record<string, unknown> {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail(path, 'an object is wanted');
    const unknown = Object.keys(value).find((key) => !keys.includes(key));
    if (unknown !== undefined) this.fail(path, `unknown key "${unknown}"; known are ${keys.join(', ')}`);
    return value as Record<string, unknown>;
  }

  list(value: unknown, path: string): unknown[] {
    return Array.isArray(value) ? (value as unknown[]) : this.fail(path, 'a list is wanted');
  }

  text(value: unknown, path: string): string {
    if (value === undefined) return '';
    return typeof value === 'string' ? value : this.fail(path, 'a string is wanted');
  }

  name(value: unknown, path: string): string {
    if (typeof value === 'string' && NAME.test(value)) return value;
    return this.fail(path, `a name of letters, digits and _ is wanted, got ${JSON.stringify(value)}`);
  }

  number(value: unknown, path: string, max: number): number {
    const number = typeof value === 'string' && /^(0x[0-9a-f]+|[0-9]+)$/i.test(value) ? Number(value) : value;
    if (typeof number === 'number' && Number.isInteger(number) && number >= 0 && number <= max) return number;
    return this.fail(path, `a number from 0 to 0x${max.toString(16)} is wanted, got ${JSON.stringify(value)}`);
  }
}

/**
 * Reads a port map: JSON in the format that docs/port-maps.md describes.
 * @param file name of the file, for messages
 * @throws PortMapError that names the file and the place
 */
export function parsePortMap(json: string, file: string): MappedDevice[] {
  const reader = new MapReader(file);
  let parsed: unknown;
  try {
    parsed = JSON.parse(json);
  } catch (error) {
    reader.fail('', `not JSON: ${(error as Error).message}`);
  }
  const root = reader.object(parsed, '', ['version', 'devices']);
  if (root.version !== 1) reader.fail('version', `1 is wanted, got ${JSON.stringify(root.version)}`);
  return reader.list(root.devices, 'devices').map((device, i) => readDevice(reader, device, `devices[${i}]`));
}

function readDevice(reader: MapReader, value: unknown, path: string): MappedDevice {
  const device = reader.object(value, path, ['name', 'doc', 'base', 'registers']);
  const base = device.base === undefined ? 0 : reader.number(device.base, `${path}.base`, 0xffff);
  const registers = reader.list(device.registers, `${path}.registers`);
  return {
    name: reader.name(device.name, `${path}.name`),
    doc: reader.text(device.doc, `${path}.doc`),
    registers: registers.map((register, i) => readRegister(reader, register, base, `${path}.registers[${i}]`)),
  };
}

function readRegister(reader: MapReader, value: unknown, base: number, path: string): PortRegister {
  const keys = ['port', 'name', 'direction', 'width', 'doc', 'fields'];
  const register = reader.object(value, path, keys);
  const port = base + reader.number(register.port, `${path}.port`, 0xffff);
  if (port > 0xffff)
    reader.fail(`${path}.port`, `0x${port.toString(16)} (base included) is beyond the last port, 0xffff`);
  const { direction, width = 1 } = register;
  if (direction !== undefined && direction !== 'in' && direction !== 'out') {
    reader.fail(`${path}.direction`, `"in" or "out" is wanted, got ${JSON.stringify(direction)}`);
  }
  if (width !== 1 && width !== 2 && width !== 4) {
    reader.fail(`${path}.width`, `1, 2 or 4 (bytes) is wanted, got ${JSON.stringify(width)}`);
  }
  const fields = register.fields === undefined ? [] : reader.list(register.fields, `${path}.fields`);
  return {
    port,
    name: reader.name(register.name, `${path}.name`),
    direction,
    width,
    doc: reader.text(register.doc, `${path}.doc`),
    fields: fields.map((field, i) => readField(reader, field, width * 8 - 1, `${path}.fields[${i}]`)),
  };
}

function readField(reader: MapReader, value: unknown, highest: number, path: string): BitField {
  const field = reader.object(value, path, ['name', 'bits', 'values', 'doc']);
  const bits = /^(\d+)(?::(\d+))?$/.exec(String(field.bits));
  if (!bits)
    reader.fail(`${path}.bits`, `a bit such as 7 or bits such as "3:2" are wanted, got ${JSON.stringify(field.bits)}`);
  const high = Number(bits[1]);
  const low = Number(bits[2] ?? bits[1]);
  if (low > high || high > highest) {
    reader.fail(`${path}.bits`, `"${bits[0]}" does not fit: the highest bit comes first and is ${highest} at most`);
  }
  return {
    name: reader.name(field.name, `${path}.name`),
    low,
    high,
    values: readMeanings(reader, field.values, 2 ** (high - low + 1) - 1, `${path}.values`),
    doc: field.doc === undefined ? undefined : reader.text(field.doc, `${path}.doc`),
  };
}

function readMeanings(
  reader: MapReader,
  value: unknown,
  max: number,
  path: string,
): Record<number, string> | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) reader.fail(path, 'an object is wanted');
  const meanings: Record<number, string> = {};
  for (const [key, text] of Object.entries(value)) {
    meanings[reader.number(key, `${path}.${key}`, max)] = reader.text(text, `${path}.${key}`);
  }
  return meanings;
}
