import type { MmioHandler } from '../../memory/physical';
import { COMMAND_IO, COMMAND_MEMORY, type ConfigField, type ConfigSpace, Header } from './config-space';

/** What is behind a base address register (BAR). Sizes are powers of two. */
export type BaseAddress =
  /** A range of ports, 4 to 256 bytes: the registers of the function itself. */
  | { readonly space: 'io'; readonly size: number }
  /** A range of memory, at least 4096 bytes. */
  | { readonly space: 'memory'; readonly size: number; readonly handler: MmioHandler };

/** A BAR of memory reads as the last block of the space while it is being sized: that one is never decoded. */
const SPACE_END = { io: 0x10000, memory: 0xffffffff };

/** Configuration register of a BAR, 0-5. */
function registerOf(index: number): number {
  return Header.Bar0 + 4 * index;
}

/** The field of a BAR: the bits below its size read as zeros, which is how software learns the size. */
export function baseAddressField(index: number, { space, size }: BaseAddress): ConfigField {
  return { at: registerOf(index), width: 4, value: space === 'io' ? 1 : 0, writable: ~(size - 1) >>> 0 };
}

/**
 * Where a BAR stands now; undefined where it is not decoded: the command register turns its space off, it is still
 * unassigned (0), or it lies outside the space, as it does while software finds out the size.
 */
export function decodedBase(config: ConfigSpace, index: number, { space, size }: BaseAddress): number | undefined {
  const enable = space === 'io' ? COMMAND_IO : COMMAND_MEMORY;
  if (!(config.read(Header.Command, 2) & enable)) return undefined;
  const base = (config.read(registerOf(index), 4) & ~(size - 1)) >>> 0;
  return base === 0 || base + size > SPACE_END[space] ? undefined : base;
}
