import type { Channel } from '../../machine/bus/port-access';
import type { PortDirection } from '../../machine/devices/device';
import type { PortOperations } from '../../hypervisor/cost/what-if';
import type { CostParts, ExitRecord } from '../../hypervisor/exits/exit-record';

/** A place in the guest's source. */
export interface SourcePlace {
  path: string;
  line: number;
  column?: number;
  /** Function around it, if known. */
  function?: string;
}

/** A place in the guest: linear address in hexadecimal, and its source line or at least its function if known. */
export interface Site {
  /** Empty where only the address is known. */
  path: string;
  /** 0 where only the address is known. */
  line: number;
  function?: string;
  address: string;
}

export type CostGrouping = 'reason' | 'port' | 'hypercall' | 'line' | 'function' | 'channel';

export interface ExitCostQuery {
  groupBy: CostGrouping;
  /** Only exits with this sequence number or a later one that are still in the log. */
  since?: number;
}

/** What the same accesses to ports would have cost by one channel: reckoned, not run. */
export interface WhatIf {
  channel: Exclude<Channel, 'direct'>;
  cycles: number;
  savedCycles: number;
  savedPct: number;
}

/** One row of the exit-cost table; cycles are the cost profile's. */
export interface ExitCosts {
  rows: {
    key: string;
    samples: number;
    samplesPct: number;
    timePct: number;
    minCycles: number;
    maxCycles: number;
    avgCycles: number;
    stdErrPct: number;
    totalCycles: number;
    parts: CostParts;
    hostNs: number;
    channel: Channel | 'mixed';
    whatIf?: WhatIf[];
    operations?: PortOperations;
    source?: SourcePlace;
  }[];
  totals: {
    samples: number;
    totalCycles: number;
    hostNs: number;
    elements: number;
    guestCycles: number;
    exitTimePct: number;
    charged?: boolean;
    instructions: number;
    costProfile: string;
    mode: string;
    whatIf?: WhatIf[];
    operations?: PortOperations;
    nextSequence: number;
  };
}

export interface PortField {
  name: string;
  /** `3:2` or `7`. */
  bits: string;
  value: number;
  meaning?: string;
}

export interface PortRow {
  port: number;
  name: string;
  device: string;
  doc?: string;
  lastIn?: { value: number; width: number };
  lastOut?: { value: number; width: number };
  ins: number;
  outs: number;
  fields: PortField[];
  lastSite?: Site;
  breakpoints: number[];
}

export interface HypercallRow {
  abi: string;
  number: number;
  name: string;
  doc: string;
  count: number;
  totalCycles: number;
  last?: string;
  lastSite?: Site;
  breakpoints: number[];
}

export interface ExitLogQuery {
  start?: number;
  /** 1-10000; 100 if left out. */
  count?: number;
  filter?: {
    channel?: Channel;
    port?: number;
    /** `OUTB`, `kvm:KICK_CPU`, a number: as a breakpoint spec has it. */
    hypercall?: string;
    /** `kvm`. */
    abi?: string;
    /** `IO`, `VMCALL` … */
    reason?: string;
    /** Somewhere in what a row shows: names, arguments, results, symbol, source line. Letter case is ignored. */
    text?: string;
  };
}

export interface ExitLogRow {
  sequence: number;
  instructions: number;
  time: number;
  reason: string;
  channel: Channel;
  /** Short name of the hypercall's ABI: `vmi`. */
  abi?: string;
  hypercall?: string;
  /** Number of the hypercall in its ABI. */
  number?: number;
  /** Its arguments in words: `port=0x3f8 value=0x41 'A'`. */
  arguments?: string;
  /** Its results in words: `value=0x60`. */
  results?: string;
  port?: number;
  /** `COM1.THR`, if the port has a name. */
  portName?: string;
  direction?: PortDirection;
  width?: number;
  repeat: number;
  value?: number;
  eip: string;
  /** Address in hexadecimal of the code that caused it, and its name: `uart_putc+0x1c`, or the address again. */
  site: string;
  symbol: string;
  cpl: number;
  cr3: string;
  bytes: string;
  cost: CostParts;
  hostNs: number;
  source?: SourcePlace;
}

export interface DescriptorRow {
  index: number;
  selector: string;
  type: string;
  base?: string;
  limit?: string;
  target?: string;
  dpl: number;
  present: boolean;
  text: string;
}

export interface PageWalk {
  linear: string;
  physical?: string;
  levels: { name: string; entryAddress: string; entry: string; flags: string }[];
  message?: string;
}

/** A program image or ROM in guest memory. */
export interface ModuleRow {
  id: string;
  name: string;
  path?: string;
  /** First linear address and size in bytes. */
  address: number;
  size: number;
  /** What is known of it, in words: `DWARF lines and types`, `symbol table`, `no symbols`. */
  symbols: string;
}

/** Cycles that exits took in equal spans of guest time. */
export interface ExitTimelineRows {
  /** Length of one span, cycles of guest time. */
  spanCycles: number;
  /** One row per channel that was used, all equally long. */
  channels: { channel: Channel; cycles: number[] }[];
}

/**
 * Questions about the guest that have pure data for an answer. The shapes are those of the adapter's custom
 * requests (`ringside/exitCosts` and so on), member for member.
 */
export interface Inspection {
  exitCosts(query: ExitCostQuery): ExitCosts;
  ports(): { ports: PortRow[] };
  hypercalls(): { available: boolean; calls: HypercallRow[] };
  exitLog(query: ExitLogQuery): { entries: ExitLogRow[]; first: number; next: number };
  /** When the exits of the whole run took their time, in at most 240 spans. */
  exitTimeline(): ExitTimelineRows;
  devices(): {
    devices: {
      name: string;
      registers: { name: string; port: number; direction?: PortDirection; doc: string }[];
      state: unknown;
    }[];
  };
  descriptorTables(): { gdt: DescriptorRow[]; ldt: DescriptorRow[]; idt: DescriptorRow[] };
  /** @param address linear address, or an expression in frame 0. @throws Error with a message for the user */
  pageWalk(address: string | number): PageWalk;
  /** What lies in guest memory: the program, ROMs. */
  modules(): ModuleRow[];
  /** Paths of all source files that the line tables name. */
  sources(): string[];
  /** Exits so far, and the sequence number of the next one. */
  exitCount(): { samples: number; nextSequence: number };
  /** Shows every exit to `listener` as its record is made; `undefined` ends it. Records may be reused: copy what you keep. */
  observeExits(listener: ((record: ExitRecord) => void) | undefined): void;
}
