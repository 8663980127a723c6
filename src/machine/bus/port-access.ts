import type { PortDirection, PortWidth } from '../devices/device';

/** How an access came to the bus: straight from the CPU, or by which kind of exit. */
export type Channel = 'direct' | 'trap' | 'vtx' | 'hypercall';

/** One access to a port, as breakpoints, counters and exit records see it. Reused between accesses: copy what you keep. */
export interface PortAccess {
  port: number;
  width: PortWidth;
  direction: PortDirection;
  /** Unsigned. Of an `in` it is known only after the access. An observer may replace it. */
  value: number;
  channel: Channel;
  /** Name of the hypercall (`OUTB`), or empty. */
  hypercall: string;
  /** Elements still to do in a repeated string access, this one included; 1 otherwise. */
  count: number;
}

/** What an observer wants after it has seen an access. */
export enum PortVerdict {
  /** Go on. */
  Continue,
  /** Before the access: give up the instruction, nothing has happened. After it: stop once the instruction is done. */
  Stop,
}

/** A debugger's eye on the port bus. Asked only for ports whose watch flag is set. */
export interface PortObserver {
  before(access: PortAccess): PortVerdict;
  after(access: PortAccess): PortVerdict;
}
