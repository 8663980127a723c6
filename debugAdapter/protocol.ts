/**
 * The custom requests and events of Ringside, beside the Debug Adapter Protocol. This file is the
 * contract between the adapter and its clients; docs/protocol.md explains it in words.
 */

export type GroupBy = 'reason' | 'port' | 'hypercall' | 'line' | 'function' | 'channel';
export type ChannelName = 'direct' | 'trap' | 'vtx' | 'hypercall';

export interface SourcePosition {
  path: string;
  line: number;
  column?: number;
  /** Function around it, if known. */
  function?: string;
}

/** `ringside/exitCosts` */
export interface ExitCostsArguments {
  groupBy: GroupBy;
  /** Only exits with this sequence number or a later one. */
  since?: number;
}

/**
 * What the same accesses to ports would have cost had all of them come by one channel: reckoned from their counts and
 * the session's cost profile, not run. Exits that are no accesses to ports stay as they are.
 */
export interface WhatIf {
  /** `hypercall` is VMI's call; in mode `vtx`, where no call without an exit exists, a VMCALL. */
  channel: Exclude<ChannelName, 'direct'>;
  cycles: number;
  /** What that is less than `totalCycles`, and in percent of it; negative where it is more. */
  savedCycles: number;
  savedPct: number;
}

/** What accesses to ports came to. */
export interface PortOperations {
  /** IN and OUT, and the calls that stand for them. */
  singles: number;
  /** INS and OUTS, and the calls that stand for them. */
  strings: number;
  /** Calls among these that moved nothing. */
  emptyStrings: number;
  /** Runs within a page that the strings were made of. */
  pageRuns: number;
  stringElements: number;
}

/** One row of the exit-cost table; the columns of `perf kvm stat` first. Cycles are the profile's. */
export interface ExitCostRow {
  key: string;
  samples: number;
  /** Share of all samples and of all modelled time, 0-100. */
  samplesPct: number;
  timePct: number;
  minCycles: number;
  maxCycles: number;
  avgCycles: number;
  /** Standard error of the average, in percent of it. */
  stdErrPct: number;
  totalCycles: number;
  /** The total by part. */
  parts: { transition: number; decode: number; device: number; return: number };
  /** What the exits cost on the host, in nanoseconds, all together. */
  hostNs: number;
  /** The channel all samples share, or `mixed`. */
  channel: ChannelName | 'mixed';
  /** One for each of trap, vtx and hypercall. Missing in rows that an earlier version has kept, like `operations`. */
  whatIf?: WhatIf[];
  operations?: PortOperations;
  /** Where the exits came from; the costliest place if there are several. */
  source?: SourcePosition;
}

export interface ExitCostsResponse {
  rows: ExitCostRow[];
  totals: {
    samples: number;
    totalCycles: number;
    hostNs: number;
    /** Port elements moved: a string access counts each. */
    elements: number;
    /** Virtual time of the guest so far, cycles, and the share of it that exits took, 0-100. */
    guestCycles: number;
    exitTimePct: number;
    /** False: exits take no guest time (`hypervisor.charge`); then `exitTimePct` is 0. Missing means true. */
    charged?: boolean;
    instructions: number;
    costProfile: string;
    mode: string;
    whatIf?: WhatIf[];
    operations?: PortOperations;
    /** Sequence number of the next exit: pass it as `since` to see only what follows. */
    nextSequence: number;
  };
}

/** `ringside/ports` takes no arguments. */
export interface PortField {
  name: string;
  /** Bits as in `3:2` or `7`. */
  bits: string;
  value: number;
  meaning?: string;
}

export interface PortInfo {
  port: number;
  /** `COM1.THR`, or the bare device, or empty if nobody owns the port. */
  name: string;
  device: string;
  doc?: string;
  lastIn?: { value: number; width: number };
  lastOut?: { value: number; width: number };
  ins: number;
  outs: number;
  /** The last value decoded by the register's bit fields. */
  fields: PortField[];
  lastSite?: SourcePosition & { address: string };
  /** Ids of port breakpoints that cover this port. */
  breakpoints: number[];
}

export interface PortsResponse {
  ports: PortInfo[];
}

/** `ringside/hypercalls` takes no arguments. */
export interface HypercallInfo {
  abi: string;
  number: number;
  name: string;
  doc: string;
  count: number;
  totalCycles: number;
  /** Decoded arguments and result of the last call: `port=0x3f8 value=0x41 'A'`. */
  last?: string;
  lastSite?: SourcePosition & { address: string };
  breakpoints: number[];
}

export interface HypercallsResponse {
  /** False if the mode has no hypercalls. */
  available: boolean;
  calls: HypercallInfo[];
}

/** `ringside/exitLog` */
export interface ExitLogArguments {
  /** First sequence number wanted; the oldest kept one if left out. */
  start?: number;
  /** At most so many, 1-10000; 100 if left out. */
  count?: number;
  filter?: {
    channel?: ChannelName;
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

export interface ExitLogEntry {
  sequence: number;
  instructions: number;
  time: number;
  reason: string;
  channel: ChannelName;
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
  direction?: 'in' | 'out';
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
  cost: { transition: number; decode: number; device: number; return: number };
  hostNs: number;
  source?: SourcePosition;
}

export interface ExitLogResponse {
  entries: ExitLogEntry[];
  /** Sequence numbers still in the ring: [first, next). */
  first: number;
  next: number;
}

/** `ringside/exitTimeline` takes no arguments: when the exits of the whole run took their time. */
export interface ExitTimelineResponse {
  /** Length of one span, cycles of guest time. */
  spanCycles: number;
  /** One row per channel that was used: exit cycles of each span, at most 240, all rows equally long. */
  channels: { channel: ChannelName; cycles: number[] }[];
}

/** `ringside/devices` takes no arguments. */
export interface DevicesResponse {
  devices: {
    name: string;
    registers: { name: string; port: number; direction?: 'in' | 'out'; doc: string }[];
    state: unknown;
  }[];
}

/** `ringside/descriptorTables` takes no arguments. */
export interface DescriptorRow {
  index: number;
  selector: string;
  type: string;
  base?: string;
  limit?: string;
  /** Target of a gate. */
  target?: string;
  dpl: number;
  present: boolean;
  text: string;
}

export interface DescriptorTablesResponse {
  gdt: DescriptorRow[];
  ldt: DescriptorRow[];
  idt: DescriptorRow[];
}

/** `ringside/pageWalk` */
export interface PageWalkArguments {
  /** Linear address, a number or an expression. */
  address: string | number;
}

export interface PageWalkResponse {
  linear: string;
  /** Missing if the page is not present. */
  physical?: string;
  levels: { name: string; entryAddress: string; entry: string; flags: string }[];
  message?: string;
}

/** `ringside/serialInput` sends typed bytes to a UART or virtio console whose side is `terminal`. Not answered with data. */
export interface SerialInputArguments {
  port: 'com1' | 'com2' | 'com3' | 'com4' | 'virtio0';
  /** Base64. */
  data: string;
}

/** Event `ringside/serialOutput`: bytes that the guest sent through a UART or virtio console whose side is `terminal`. */
export interface SerialOutputEvent {
  port: 'com1' | 'com2' | 'com3' | 'com4' | 'virtio0';
  /** Base64. */
  data: string;
}

/** Event `ringside/exitsChanged`, at most 5 a second while the counts change. */
export interface ExitsChangedEvent {
  samples: number;
  nextSequence: number;
}

/** Every custom request with its arguments and its answer. */
export interface CustomRequests {
  'ringside/exitCosts': { arguments: ExitCostsArguments; response: ExitCostsResponse };
  'ringside/ports': { arguments: undefined; response: PortsResponse };
  'ringside/hypercalls': { arguments: undefined; response: HypercallsResponse };
  'ringside/exitLog': { arguments: ExitLogArguments; response: ExitLogResponse };
  'ringside/exitTimeline': { arguments: undefined; response: ExitTimelineResponse };
  'ringside/devices': { arguments: undefined; response: DevicesResponse };
  'ringside/descriptorTables': { arguments: undefined; response: DescriptorTablesResponse };
  'ringside/pageWalk': { arguments: PageWalkArguments; response: PageWalkResponse };
  'ringside/serialInput': { arguments: SerialInputArguments; response: undefined };
}

/** Every custom event with its body. */
export interface CustomEvents {
  'ringside/exitsChanged': ExitsChangedEvent;
  'ringside/serialOutput': SerialOutputEvent;
}
