import type { ExitCostsResponse, ExitLogEntry } from '../../../debugAdapter/protocol';

/** What is known of a run as a whole when its trace is completed: the totals of `ringside/exitCosts`. */
export type TraceTotals = ExitCostsResponse['totals'];

/** Takes exits in their order and writes a file of them. */
export interface TraceWriter {
  add(entry: ExitLogEntry): void;
  /** Completes the file. Nothing may be added afterwards. */
  end(totals: TraceTotals): void;
}

export const hex = (value: number, digits = 0): string => `0x${(value >>> 0).toString(16).padStart(digits, '0')}`;

/** Modelled cost of an exit, all parts, cycles. */
export function exitCycles({ cost }: ExitLogEntry): number {
  return cost.transition + cost.decode + cost.device + cost.return;
}

/** `OUT 0x3f8 COM1.THR`, `OUTB 0x3f8 COM1.THR`, `VMI_Init`, `HLT`: what an exit is called. */
export function exitName({ hypercall, direction, reason, port, portName }: ExitLogEntry): string {
  const what = hypercall ?? direction?.toUpperCase() ?? reason;
  return port === undefined ? what : [what, hex(port), portName].filter(Boolean).join(' ');
}

/** A name without the offset within it: `uart_putc` of `uart_putc+0x1c`. */
export function withoutOffset(symbol: string): string {
  return symbol.replace(/\+0x[0-9a-f]+$/, '');
}

/** The function that an exit is put down to, or the address of its code. */
export function exitFunction({ source, symbol }: ExitLogEntry): string {
  return withoutOffset(source?.function ?? symbol);
}

/**
 * Lays exits one behind the other on the axis of guest time. They are there by themselves, except where their cost is
 * not charged to the guest: then one that begins while the one before still takes its time begins after it.
 */
export class ExitAxis {
  private free = 0;

  /** Guest time at which the exit begins, cycles. */
  place(entry: ExitLogEntry): number {
    const start = Math.max(entry.time, this.free);
    this.free = start + exitCycles(entry);
    return start;
  }

  /** End of the last exit, cycles. */
  get end(): number {
    return this.free;
  }
}
