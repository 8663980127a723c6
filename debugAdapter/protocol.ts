/**
 * The custom requests and events of Ringside, beside the Debug Adapter Protocol. This file is the
 * contract between the adapter and its clients; docs/protocol.md explains it in words.
 */

import type {
  DescriptorTablesResponse,
  DevicesResponse,
  ExitCostsArguments,
  ExitCostsResponse,
  ExitLogArguments,
  ExitLogResponse,
  HypercallsResponse,
  PageWalkArguments,
  PageWalkResponse,
  PortsResponse,
} from '../src/debugger/inspection-types';

export type {
  ChannelName,
  DescriptorRow,
  DescriptorTablesResponse,
  DevicesResponse,
  ExitCostRow,
  ExitCostsArguments,
  ExitCostsResponse,
  ExitLogArguments,
  ExitLogEntry,
  ExitLogResponse,
  GroupBy,
  HypercallInfo,
  HypercallsResponse,
  PageWalkArguments,
  PageWalkResponse,
  PortField,
  PortInfo,
  PortsResponse,
  SourcePosition,
} from '../src/debugger/inspection-types';

/** `ringside/serialInput` sends typed bytes to a UART whose side is `terminal`. Not answered with data. */
export interface SerialInputArguments {
  port: 'com1' | 'com2' | 'com3' | 'com4';
  /** Base64. */
  data: string;
}

/** Event `ringside/serialOutput`: bytes that the guest sent through a UART whose side is `terminal`. */
export interface SerialOutputEvent {
  port: 'com1' | 'com2' | 'com3' | 'com4';
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
