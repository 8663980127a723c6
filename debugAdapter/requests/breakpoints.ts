import type { DebugProtocol } from '@vscode/debugprotocol';
import type { BreakpointStatus, Session } from '../../src/debugger/types';
import type { AdapterContext } from '../context';
import { ErrorCode, RequestError } from '../errors';
import { parseReference } from '../presentation/address';
import { breakpointForClient } from '../presentation/breakpoint';
import { array, integer, object, optional, string } from '../schema/schema';
import { type RequestTable, request } from './request';

const source = object({ path: optional(string), name: optional(string), sourceReference: optional(integer(0)) });
const lineNumber = integer(0);
const conditions = { condition: optional(string), hitCondition: optional(string) };

type BreakpointsBody = DebugProtocol.SetBreakpointsResponse['body'];

/** Conditions of the client for the engine: an emptied input field counts as none. */
function filled<T extends object>(members: T): T {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== '')) as T;
}

/** Sets breakpoints and answers with one status each; without debugging none is set. */
function setAll(
  context: AdapterContext,
  count: number,
  set: (session: Session) => BreakpointStatus[],
): BreakpointsBody {
  const session = context.session;
  if (context.debuggee?.noDebug) {
    const breakpoint = { verified: false, message: 'The guest runs without debugging.' };
    return { breakpoints: Array.from({ length: count }, () => breakpoint) };
  }
  return { breakpoints: set(session).map((status) => breakpointForClient(status, context.client)) };
}

function pathOf(context: AdapterContext, { path }: { path?: string }): string {
  if (!path) throw new RequestError(ErrorCode.BadRequest, 'source.path: missing; breakpoints need a file.');
  return context.client.enginePath(path);
}

/** Requests that set breakpoints and say where they can be. */
export const breakpointRequests: RequestTable = {
  setBreakpoints: request(
    object({
      source,
      breakpoints: optional(
        array(object({ line: lineNumber, column: optional(integer(0)), logMessage: optional(string), ...conditions })),
      ),
      lines: optional(array(lineNumber)),
    }),
    (context, args) => {
      const path = pathOf(context, args.source);
      const wanted: { line: number; column?: number }[] =
        args.breakpoints ?? (args.lines ?? []).map((line) => ({ line }));
      const requests = wanted.map((breakpoint) =>
        filled({
          ...breakpoint,
          line: context.client.engineLine(breakpoint.line),
          column: context.client.engineColumn(breakpoint.column),
        }),
      );
      return setAll(context, requests.length, (session) => context.breakpoints.setSource(session, path, requests));
    },
  ),

  setFunctionBreakpoints: request(
    object({ breakpoints: array(object({ name: string, ...conditions })) }),
    (context, { breakpoints }) => {
      const requests = breakpoints.map(({ name, ...rest }) => ({ text: name, ...filled(rest) }));
      return setAll(context, requests.length, (session) => context.breakpoints.setSpecs(session, requests));
    },
  ),

  setInstructionBreakpoints: request(
    object({
      breakpoints: array(object({ instructionReference: string, offset: optional(integer()), ...conditions })),
    }),
    (context, { breakpoints }) => {
      const requests = breakpoints.map(({ instructionReference, offset, ...rest }) => ({
        address: parseReference(instructionReference, offset),
        ...filled(rest),
      }));
      return setAll(context, requests.length, (session) => context.breakpoints.setInstructions(session, requests));
    },
  ),

  setExceptionBreakpoints: request(
    object({
      filters: optional(array(string)),
      filterOptions: optional(array(object({ filterId: string, condition: optional(string) }))),
    }),
    (context, { filters = [], filterOptions = [] }) => {
      const wanted = [
        ...filters.map((id) => ({ id })),
        ...filterOptions.map(({ filterId, condition }) => filled({ id: filterId, condition })),
      ];
      return setAll(context, wanted.length, (session) => context.breakpoints.setExceptions(session, wanted));
    },
  ),

  breakpointLocations: request(
    object({ source, line: lineNumber, column: optional(integer(0)), endLine: optional(lineNumber) }),
    (context, args) => {
      const { client } = context;
      const line = client.engineLine(args.line);
      const endLine = args.endLine === undefined ? line : client.engineLine(args.endLine);
      const locations = context.session.breakpointLocations(pathOf(context, args.source), line, endLine);
      const breakpoints = locations.map((location) => ({
        line: client.line(location.line),
        column: client.column(location.column),
      }));
      return { breakpoints } satisfies DebugProtocol.BreakpointLocationsResponse['body'];
    },
  ),
};
