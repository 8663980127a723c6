import type { PortDirection, PortWidth } from '../../machine/devices/device';
import type { HypercallDefinition, HypercallValue } from './hypercall';

/** AL, AX and EAX by width, as the data register of IN and OUT. */
const DATA_REGISTER = { 1: 'al', 2: 'ax', 4: 'eax' } as const;
const UNIT = { 1: 'byte', 2: 'word', 4: 'dword' } as const;

function datum(width: PortWidth): HypercallValue {
  return { name: 'value', at: DATA_REGISTER[width], format: 'datum' };
}

const PORT: HypercallValue = { name: 'port', at: 'dx', format: 'port' };

/**
 * A call that stands for IN or OUT with DX. Every register and flag is preserved but the accumulator of an IN,
 * of which only AL or AX changes for the narrow widths, as the instruction has it.
 */
export function portCall(
  number: number,
  name: string,
  direction: PortDirection,
  width: PortWidth,
): HypercallDefinition {
  const verb = direction === 'in' ? 'Reads' : 'Writes';
  const unit = `${verb} one ${UNIT[width]} ${direction === 'in' ? 'from' : 'to'} a port`;
  return {
    number,
    name,
    doc: `${unit}; preserves all registers${direction === 'in' ? ` but ${DATA_REGISTER[width].toUpperCase()}` : ''} and flags.`,
    arguments: direction === 'in' ? [PORT] : [PORT, datum(width)],
    results: direction === 'in' ? [datum(width)] : [],
    clobbers: 'none',
    io: { direction, width, string: false },
  };
}

/**
 * A call that stands for REP INS or REP OUTS: ECX elements (0 is none) between DX and ES:EDI or DS:ESI; the direction
 * flag counts. Only the index register and ECX change.
 */
export function stringCall(
  number: number,
  name: string,
  direction: PortDirection,
  width: PortWidth,
): HypercallDefinition {
  const index = direction === 'in' ? 'edi' : 'esi';
  const address: HypercallValue = { name: 'address', at: index, format: 'address' };
  const count: HypercallValue = { name: 'count', at: 'ecx', format: 'count' };
  const memory = direction === 'in' ? 'a port to ES:EDI' : 'DS:ESI to a port';
  return {
    number,
    name,
    doc: `Moves ECX ${UNIT[width]}s from ${memory}; preserves all but ${index.toUpperCase()} and ECX.`,
    arguments: [PORT, address, count],
    results: [address, count],
    clobbers: 'none',
    io: { direction, width, string: true },
  };
}
