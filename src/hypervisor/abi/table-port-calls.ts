import type { PortDirection, PortWidth } from '../../machine/devices/device';
import type { HypercallValue, ValueLocation } from './hypercall';
import type { TableCall } from './table';

/** Where the port I/O calls of an ABI have their arguments. Results are in EAX. */
export interface PortConvention {
  /** The low or high half of a register. */
  readonly port: ValueLocation;
  /** Value to be written, by width. */
  readonly value: Readonly<Record<PortWidth, ValueLocation>>;
  /** Number of elements of a string. */
  readonly counter: ValueLocation;
  /** Who may call and what the others get, in words. */
  readonly faults: string;
}

const WIDTHS: readonly (readonly [suffix: string, width: PortWidth, unit: string])[] = [
  ['B', 1, 'byte'],
  ['W', 2, 'word'],
  ['L', 4, 'dword'],
];

/** Names are those of the patch that gave VMI its port I/O calls. */
const FORMS: readonly (readonly [prefix: string, direction: PortDirection, string: boolean])[] = [
  ['IN', 'in', false],
  ['OUT', 'out', false],
  ['INS', 'in', true],
  ['OUTS', 'out', true],
];

const DATUM: HypercallValue = { name: 'value', at: 'eax', format: 'datum', doc: 'extended with zeroes' };
const STATUS: HypercallValue = { name: 'status', at: 'eax', format: 'status', doc: '0' };

/**
 * Twelve calls that stand for IN, OUT, REP INS and REP OUTS: INB, INW, INL, OUTB, OUTW, OUTL, INSB, INSW, INSL, OUTSB,
 * OUTSW, OUTSL with consecutive numbers. A string counts its counter down to zero and moves ESI or EDI on as it goes, so
 * that an interrupt or a fault may come between two elements, as with the instruction.
 */
export function portCalls(first: number, convention: PortConvention): TableCall[] {
  const port: HypercallValue = { name: 'port', at: convention.port, format: 'port' };
  const common = { clobbers: 'none', outcome: 'served', faults: convention.faults } as const;
  return FORMS.flatMap(([prefix, direction, string]) =>
    WIDTHS.map(([suffix, width, unit]): TableCall => {
      const io = { direction, width, string };
      const name = `${prefix}${suffix}`;
      if (string) {
        const input = direction === 'in';
        const index = input ? 'edi' : 'esi';
        const address: HypercallValue = { name: 'address', at: index, format: 'address' };
        const count: HypercallValue = { name: 'count', at: convention.counter, format: 'count' };
        const way = input ? 'a port to ES:EDI' : 'DS:ESI to a port';
        const doc = `Moves ${unit}s from ${way}, as REP ${prefix}${suffix} does.`;
        const results = [STATUS, address, count];
        return { number: 0, name, doc, arguments: [port, address, count], results, io, ...common };
      }
      if (direction === 'in') {
        const doc = `Reads one ${unit} from a port.`;
        return { number: 0, name, doc, arguments: [port], results: [DATUM], io, ...common };
      }
      const value: HypercallValue = { name: 'value', at: convention.value[width], format: 'datum' };
      const doc = `Writes one ${unit} to a port.`;
      return { number: 0, name, doc, arguments: [port, value], results: [STATUS], io, ...common };
    }),
  ).map((call, index) => ({ ...call, number: first + index }));
}
