import type { DebugProtocol } from '@vscode/debugprotocol';
import type { BreakpointStatus } from '../../src/debugger/types';
import type { Client } from '../client';
import { memoryReference } from './address';

/** A breakpoint in the protocol's terms. */
export function breakpointForClient(status: BreakpointStatus, client: Client): DebugProtocol.Breakpoint {
  const { source, address } = status;
  return {
    id: status.id,
    verified: status.verified,
    ...(status.verified ? {} : { reason: 'failed' as const }),
    ...(status.message === undefined ? {} : { message: status.message }),
    ...(source
      ? { source: client.source(source.path), line: client.line(source.line), column: client.column(source.column) }
      : {}),
    ...(address === undefined ? {} : { instructionReference: memoryReference(address) }),
  };
}
