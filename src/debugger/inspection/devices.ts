import type { Guest } from '../guest/guest';
import type { Inspection } from './types';

/** Elements of a list that are shown; sector buffers are longer. */
const MOST_ELEMENTS = 1024;
/** State is nested no deeper than this. */
const MAX_DEPTH = 8;

/** State of a device as plain data for JSON: no typed arrays, maps or infinities, and no list without end. */
function plain(value: unknown, depth = 0): unknown {
  if (value === undefined) return null;
  if (typeof value === 'bigint') return value.toString();
  // JSON knows neither infinity, when an unarmed timer is due, nor a negative zero.
  if (typeof value === 'number') return Number.isFinite(value) ? value + 0 : null;
  if (typeof value !== 'object' || value === null) return value;
  if (depth === MAX_DEPTH) return '…';
  // Blocks that a guest has written to its disk are no state of the controller.
  if (value instanceof Map) return { size: value.size };
  if (ArrayBuffer.isView(value)) return plain(Array.from(value as unknown as Iterable<number>), depth);
  if (Array.isArray(value)) {
    const shown = value.slice(0, MOST_ELEMENTS).map((element) => plain(element, depth + 1));
    return value.length > shown.length ? [...shown, `… ${value.length - shown.length} more`] : shown;
  }
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, plain(member, depth + 1)]));
}

/** Every device on the port bus with its registers and its state, in bus order. */
export function deviceRows(guest: Guest): ReturnType<Inspection['devices']> {
  const devices = guest.machine.bus.devices.map((device) => {
    const state = Object.entries(device.save()).filter(([name]) => name !== 'version');
    return {
      name: device.name,
      registers: device.registers.map(({ name, port, direction, doc }) => ({
        name,
        port,
        ...(direction && { direction }),
        doc,
      })),
      state: plain(Object.fromEntries(state)),
    };
  });
  return { devices };
}
