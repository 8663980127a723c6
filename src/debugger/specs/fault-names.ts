import { Vector } from '../../machine/cpu/fault';

/** Exceptions by their mnemonic with `#` (NMI without), in order of vectors. */
export const FAULT_VECTORS: ReadonlyMap<string, number> = new Map(
  Object.entries(Vector)
    .filter((entry): entry is [string, Vector] => typeof entry[1] === 'number')
    .map(([name, vector]) => [name === 'NMI' ? name : `#${name}`, vector]),
);

/** `#GP` for 13; the bare number for vectors without a mnemonic. */
export function faultName(vector: number): string {
  for (const [name, candidate] of FAULT_VECTORS) {
    if (candidate === vector) return name;
  }
  return String(vector);
}
