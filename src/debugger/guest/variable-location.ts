import type { Location, Piece } from '../../symbols/location';
import type { Type } from '../../symbols/types';
import type { VariableLocation } from '../expressions/scope';
import { isVectorNumber } from '../registers/vector';
import { EvaluationError, type GuestMemory } from '../values/memory';
import { convert } from '../values/scalars';

/** What the parts of a scattered variable are gathered from. */
export interface LocationSource {
  readonly memory: GuestMemory;
  /** A register by its DWARF number. */
  register(number: number): number | undefined;
  /** A register of MMX or SSE by its DWARF number; undefined where it is lost, and for registers of other kinds. */
  vector(number: number): Uint8Array | undefined;
}

/** General registers in DWARF numbering are in encoding order (i386 psABI). */
const GENERAL_REGISTERS = 8;

function registerBytes(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

function bytesOf(location: Location, size: number, source: LocationSource): Uint8Array {
  switch (location.kind) {
    case 'memory':
      return source.memory.read(location.address, size);
    case 'register': {
      const vector = source.vector(location.register);
      if (vector && size <= vector.length) return vector.slice(0, size);
      const value = isVectorNumber(location.register) ? undefined : source.register(location.register);
      if (value === undefined) throw new EvaluationError('it is in a register whose value here is not known');
      return registerBytes(value);
    }
    case 'value':
      return Uint8Array.from({ length: size }, (_, i) => Number(BigInt.asUintN(8, location.value >> BigInt(8 * i))));
    case 'bytes':
      return location.bytes;
    case 'pieces':
      return gather(location.pieces, size, source);
    case 'unavailable':
      throw new EvaluationError(location.reason);
  }
}

/** Joins pieces bit by bit, lowest first. */
function gather(pieces: readonly Piece[], size: number, source: LocationSource): Uint8Array {
  const result = new Uint8Array(size);
  let bit = 0;
  for (const { bitSize, bitOffset, location } of pieces) {
    const bytes = bytesOf(location, Math.ceil((bitOffset + bitSize) / 8), source);
    for (let i = 0; i < bitSize && bit < size * 8; i++, bit++) {
      const from = bitOffset + i;
      if ((bytes[from >> 3] >> (from & 7)) & 1) result[bit >> 3] |= 1 << (bit & 7);
    }
  }
  return result;
}

/**
 * A location of the symbol tables as expressions use it.
 * @throws EvaluationError with the reason if the variable is nowhere
 */
export function toVariableLocation(location: Location, type: Type, source: LocationSource): VariableLocation {
  switch (location.kind) {
    case 'memory':
      return location;
    case 'register':
      if (location.register < GENERAL_REGISTERS && type.byteSize <= 4) {
        return { kind: 'register', index: location.register };
      }
      return { kind: 'bytes', bytes: bytesOf(location, type.byteSize, source) };
    case 'value':
      return { kind: 'value', value: convert(location.value, type) };
    case 'bytes':
      return location;
    case 'pieces':
      return { kind: 'bytes', bytes: gather(location.pieces, type.byteSize, source) };
    case 'unavailable':
      throw new EvaluationError(location.reason);
  }
}
