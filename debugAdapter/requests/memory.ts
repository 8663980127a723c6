import type { DebugProtocol } from '@vscode/debugprotocol';
import type { DisassemblyRow } from '../../src/debugger/types';
import type { AdapterContext } from '../context';
import { ErrorCode, RequestError } from '../errors';
import { memoryReference, parseReference } from '../presentation/address';
import { fromBase64, toBase64 } from '../presentation/base64';
import { boolean, integer, object, optional, string } from '../schema/schema';
import { type RequestTable, request } from './request';

/** Most bytes that one request reads, and most instructions that one disassembles. */
const MOST_BYTES = 0x1000000;
const MOST_INSTRUCTIONS = 0x10000;

function disassembled(
  context: AdapterContext,
  row: DisassemblyRow,
  resolveSymbols: boolean,
): DebugProtocol.DisassembledInstruction {
  const { source } = row;
  return {
    address: memoryReference(row.address),
    instructionBytes: row.bytes,
    instruction: row.text,
    ...(resolveSymbols && row.symbol !== undefined ? { symbol: row.symbol } : {}),
    ...(source
      ? {
          location: context.client.source(source.path),
          line: context.client.line(source.line),
          column: context.client.column(source.column),
        }
      : {}),
    presentationHint: row.invalid ? 'invalid' : 'normal',
  };
}

function writeMemory(
  context: AdapterContext,
  reference: string,
  offset: number,
  data: string,
  allowPartial: boolean,
): number {
  const session = context.session;
  const bytes = fromBase64(data);
  const address = parseReference(reference, offset);
  const writable = allowPartial ? bytes.length : session.readMemory(address, bytes.length).length;
  if (writable < bytes.length) {
    const first = memoryReference(address + writable);
    throw new RequestError(
      ErrorCode.BadValue,
      `Nothing is mapped at ${first}: ${bytes.length} bytes do not fit.`,
      true,
    );
  }
  const written = session.writeMemory(address, bytes);
  if (written < bytes.length && !allowPartial) {
    throw new RequestError(ErrorCode.BadValue, `Only ${written} of ${bytes.length} bytes could be written.`, true);
  }
  context.afterResponse(() => context.valueChanged(address, written));
  return written;
}

/** Requests about memory and the instructions in it. All may be sent while the guest runs. */
export const memoryRequests: RequestTable = {
  readMemory: request(
    object({ memoryReference: string, offset: optional(integer()), count: integer(0, MOST_BYTES) }),
    (context, { memoryReference: reference, offset, count }) => {
      const address = parseReference(reference, offset);
      const bytes = context.session.readMemory(address, Math.min(count, 0x100000000 - address));
      return {
        address: memoryReference(address),
        ...(bytes.length < count ? { unreadableBytes: count - bytes.length } : {}),
        ...(bytes.length > 0 ? { data: toBase64(bytes) } : {}),
      } satisfies DebugProtocol.ReadMemoryResponse['body'];
    },
  ),

  writeMemory: request(
    object({ memoryReference: string, offset: optional(integer()), allowPartial: optional(boolean), data: string }),
    (context, { memoryReference: reference, offset = 0, allowPartial = false, data }) => {
      const bytesWritten = writeMemory(context, reference, offset, data, allowPartial);
      return { bytesWritten } satisfies DebugProtocol.WriteMemoryResponse['body'];
    },
  ),

  disassemble: request(
    object({
      memoryReference: string,
      offset: optional(integer()),
      instructionOffset: optional(integer(-MOST_INSTRUCTIONS, MOST_INSTRUCTIONS)),
      instructionCount: integer(0, MOST_INSTRUCTIONS),
      resolveSymbols: optional(boolean),
    }),
    (
      context,
      { memoryReference: reference, offset, instructionOffset = 0, instructionCount, resolveSymbols = true },
    ) => {
      const rows = context.session.disassemble(parseReference(reference, offset), instructionOffset, instructionCount);
      const instructions = rows.map((row) => disassembled(context, row, resolveSymbols));
      return { instructions } satisfies DebugProtocol.DisassembleResponse['body'];
    },
  ),
};
